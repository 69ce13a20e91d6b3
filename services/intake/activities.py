"""Door for the workflow: read the papers that were filed, look up those that were not (shared.contracts.intake)."""

from __future__ import annotations

import asyncio

from temporalio import activity

from services.intake import acts
from services.intake.acts import Door, reusing
from services.intake.acts.reusing import Search
from services.intake.rules import reuse
from services.intake.rules.digitization import text_of
from services.intake.store import documents, filings, records
from services.intake.store.documents import Document
from services.intake.store.filings import Filing, Owner
from services.intake.store.records import Lookup
from shared.contracts.intake import Digitized, PapersInput, Reused
from shared.dossier.working_time import LOCAL


class IntakeWork:
    """Implements shared.contracts.intake.IntakeActivities; whatever breaks rises and is tried again."""

    def __init__(self, door: Door) -> None:
        self._door = door

    @activity.defn(name="digitize")
    async def digitize(self, papers: PapersInput) -> Digitized:
        """Opens each stored file, which proves its content, and keeps the real text it holds (NĐ 61/2018 Đ17.1)."""
        async with self._door.sessions() as session:
            stored = await documents.of_dossier(session, papers.dossier_code)
        wanted = [document for document in stored if document.kind in papers.kinds]
        for document in wanted:
            if document.digitized_at is None:
                await self._digitize(document, papers.dossier_code)
        return Digitized(kinds=tuple(document.kind for document in wanted))

    async def _digitize(self, document: Document, dossier_code: str) -> None:
        data = await self._door.objects.get(document.document_id, document.address)
        text = await asyncio.to_thread(text_of, data, document.media_type)
        sealed = self._door.vault.seal("document", dossier_code, text.encode(errors="replace"))
        async with self._door.sessions.begin() as session:
            await documents.digitized(
                session, document.document_id, at=self._door.now(), characters=len(text), sealed=sealed
            )

    @activity.defn(name="reuse")
    async def reuse(self, papers: PapersInput) -> Reused:
        """Earlier results first, then the registers; every verdict is kept with its ground (NĐ 47/2020 Đ9.3)."""
        code = papers.dossier_code
        async with self._door.sessions() as session:
            filing, owner = await filings.by_code(session, code), await filings.owner_of(session, code)
            done = {each.kind: each for each in await records.lookups_of(session, code)}
        if filing is None or owner is None:
            raise LookupError("no filing of this dossier")
        if left := [kind for kind in papers.kinds if kind not in done]:
            new = await self._look_up(filing, owner, left)
            async with self._door.sessions.begin() as session:
                await records.add_lookups(session, new)
                done = {each.kind: each for each in await records.lookups_of(session, code)}
        verdicts = {kind: done[kind].verdict for kind in papers.kinds}
        return Reused(
            found=tuple(kind for kind, verdict in verdicts.items() if verdict == records.REUSED),
            not_found=tuple(kind for kind, verdict in verdicts.items() if verdict != records.REUSED),
            population_checked=any(done[kind].request_no for kind in papers.kinds),
        )

    async def _look_up(self, filing: Filing, owner: Owner, kinds: list[str]) -> list[Lookup]:
        person = acts.person_of(self._door.vault, owner)
        on = filing.filed_at.astimezone(LOCAL).date()
        search = Search(owner.owner_digest, person.personal_id, person.full_name, filing.dossier_code, on)
        held = await reusing.held(self._door, search, kinds)
        return [
            Lookup(
                dossier_code=filing.dossier_code,
                kind=kind,
                verdict=finding.verdict,
                source=finding.store,
                ground=reuse.GROUND,
                looked_at=self._door.now(),
                source_version=held.source_version if kind in held.asked else None,
                request_no=held.request_no if kind in held.asked else None,
                reference=finding.reference,
                valid_to=finding.valid_to,
            )
            for kind, finding in held.findings.items()
        ]
