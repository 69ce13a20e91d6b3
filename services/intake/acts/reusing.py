"""What the State already holds of a person: earlier results first, then the registers (NĐ 47/2020/NĐ-CP Điều 9.3)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from services.intake.acts import Door
from services.intake.rules import completeness, reuse
from services.intake.rules.reuse import Candidate, Finding, Held, Store, Verdict
from services.intake.store import dossiers
from shared.catalogue import lookup
from shared.dossier.working_time import LOCAL
from shared.platform.http import Away


@dataclass(frozen=True)
class Search:
    """For whom, for what and on which day papers are looked up. `reference` names the purpose to the register."""

    owner_digest: str
    personal_id: str
    full_name: str
    reference: str
    on: date


async def held(door: Door, search: Search, kinds: Sequence[str]) -> Held:
    """Looks each kind up. Raises Away when a register does not answer."""
    findings = {kind: await _among_results(door, search, kind) for kind in kinds}
    asked = [kind for kind, found in findings.items() if _is_open(door, kind, found)]
    if not asked:
        return Held(findings)
    answer = await door.population.look_up(search.personal_id, search.full_name, asked, search.reference)
    for kind in asked:
        candidates = [
            Candidate(Store.POPULATION_DATABASE, paper.number, paper.issued_on, paper.valid_to, paper.is_active)
            for paper in answer.papers
            if paper.kind == kind
        ]
        finding = reuse.judge(lookup.document_kind(door.catalogue, kind), candidates, search.on)
        if not answer.is_match:
            finding = Finding(Verdict.OWNER_DIFFERS)
        if finding.verdict is Verdict.REUSED or findings[kind].verdict is Verdict.NOT_FOUND:
            findings[kind] = finding
    return Held(
        findings,
        asked,
        is_match=answer.is_match,
        request_no=answer.request_no,
        source_version=answer.source_version,
    )


async def held_as_far_as_known(door: Door, search: Search, kinds: Sequence[str]) -> Held:
    """The same at a counter, where nobody waits for a silent register: then only earlier results are told."""
    try:
        return await held(door, search, kinds)
    except Away:
        findings = {kind: await _among_results(door, search, kind) for kind in kinds}
        return Held(findings, is_away=True)


def _is_open(door: Door, kind: str, found: Finding) -> bool:
    return found.verdict is not Verdict.REUSED and completeness.is_in_register(door.catalogue, kind)


async def _among_results(door: Door, search: Search, kind: str) -> Finding:
    """Results that the same owner was granted before."""
    makers = completeness.results_of(door.catalogue, kind)
    async with door.sessions() as session:
        earlier = await dossiers.granted_to(session, search.owner_digest, makers) if makers else ()
    candidates = [
        Candidate(Store.EARLIER_RESULT, each.dossier_code, each.ended_at.astimezone(LOCAL).date(), None)
        for each in earlier
    ]
    return reuse.judge(lookup.document_kind(door.catalogue, kind), candidates, search.on)
