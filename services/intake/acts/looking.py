"""What staff look at: stored papers, notes of colleagues, what shared data hold. Every look is a reading (SR-42)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from services.intake.acts import Door, reusing
from services.intake.acts.reusing import Search
from services.intake.rules.remarks import Remark
from services.intake.rules.reuse import Held
from services.intake.store import comments, documents, records
from services.intake.store.comments import Comment
from services.intake.store.documents import Document
from services.intake.store.records import Reading
from shared.contracts.person import Purpose
from shared.dossier.codes import AgencyCode
from shared.dossier.lifecycle import Role
from shared.dossier.permission import Actor, Resource
from shared.dossier.refusal import Refused, Unknown


@dataclass(frozen=True)
class Asked:
    """Who stands at the counter; `reference` is the key under which the dossier will be filed."""

    personal_id: str
    full_name: str
    reference: str


async def read_paper(door: Door, actor: Actor, dossier_code: str, document_id: str) -> tuple[Document, bytes]:
    """The paper and its bytes. Raises Unknown for a paper of another dossier."""
    async with door.sessions.begin() as session:
        paper = await documents.one_of(session, dossier_code, document_id)
        if paper is None:
            raise Unknown
        what = f"paper {paper.kind}"
        await records.add_readings(session, [_reading(door, actor, Purpose.PAPER, what, dossier_code)])
    return paper, await door.objects.get(paper.document_id, paper.address)


async def held_at_counter(door: Door, actor: Actor, asked: Asked, kinds: Sequence[str]) -> Held:
    """What need not be asked of the person at the counter; recorded under the reference of the filing to come."""
    async with door.sessions.begin() as session:
        await records.add_readings(session, [_reading(door, actor, Purpose.COUNTER, "papers held", asked.reference)])
    digest = door.vault.digest("owner", asked.personal_id.encode())
    search = Search(digest, asked.personal_id, asked.full_name, asked.reference, door.today())
    return await reusing.held_as_far_as_known(door, search, kinds)


async def say(door: Door, actor: Actor, resource: Resource, dossier_code: str, *, key: str, words: str) -> None:
    """Keeps a note sealed; the same key again is the same note. Raises Refused when it held other words."""
    clear, place = words.encode(), _place_of(actor, resource)
    async with door.sessions.begin() as session:
        is_same = await comments.add(
            session,
            Comment(
                dossier_code=dossier_code,
                key=f"{actor.person_code} {key}",
                at=door.now(),
                author=actor.person_code,
                role=place[0],
                agency_code=place[1],
                digest=door.vault.digest("comment", clear),
                sealed=door.vault.seal("comment", dossier_code, clear),
            ),
        )
    if not is_same:
        raise Refused("idempotency_key_reused", "Khóa này đã dùng cho một nội dung khác.")


async def said(door: Door, actor: Actor, dossier_code: str) -> Sequence[Remark]:
    """All notes of a dossier, oldest first."""
    async with door.sessions.begin() as session:
        found = await comments.of_dossier(session, dossier_code)
        if found:
            await records.add_readings(session, [_reading(door, actor, Purpose.COMMENT, "comments", dossier_code)])
    return [
        Remark(
            each.at,
            each.author,
            Role(each.role),
            each.agency_code,
            door.vault.open("comment", dossier_code, each.sealed).decode(),
        )
        for each in found
    ]


def _place_of(actor: Actor, resource: Resource) -> tuple[Role, AgencyCode]:
    """In which role the caller sees this dossier. Raises Unknown when in none."""
    grants = sorted(actor.grants, key=lambda grant: (grant.role, grant.agency_code))
    found = next((grant for grant in grants if grant.agency_code in resource.agency_path), None)
    if found is None:
        raise Unknown
    return found.role, found.agency_code


def _reading(door: Door, actor: Actor, purpose: Purpose, what: str, place: str) -> Reading:
    return Reading(
        at=door.now(), reader=actor.person_code, purpose=purpose, what=what, dossier_code=place, granted="yes"
    )
