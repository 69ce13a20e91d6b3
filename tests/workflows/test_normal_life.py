"""From the filing to the return, as a citizen lives it, on a real server."""

from __future__ import annotations

import pytest

from shared.dossier import actions
from shared.dossier.actions import Outcome, Paper, ReturnWay
from shared.dossier.lifecycle import Role, Stage
from tests.builders import fee, fee_paid, order, submit, terms
from tests.workflows.conftest import Town

pytestmark = pytest.mark.asyncio(loop_scope="session")

TELL = ("submitted", "digitized", "accepted", "transferred", "claimed", "proposed", "draft_approved")


async def test_a_result_is_handed_over_at_the_desk(town: Town, code: str) -> None:
    await town.brought_to(code, Stage.RESULT_READY)
    facts = await town.act(code, order(Role.RETURN_CLERK, actions.HandOver()))

    assert facts.stage is Stage.RETURNED
    assert facts.outcome is Outcome.GRANTED
    assert facts.result_code == "12/2023/LLTP"
    assert facts.ended_at is not None
    assert facts.returned_at is not None
    assert await town.handle(code).result() == facts
    await town.told(*TELL, "signed", "signature_recorded", "issued", "handed_over")
    assert [event.facts.seq for event in town.publication.sent] == list(range(1, 12))


async def test_a_fee_is_paid_before_the_result_leaves_by_post(town: Town, code: str) -> None:
    promised = terms(fees=[fee()])
    await town.file(code, submit(promised, return_way=ReturnWay.POST))
    await town.settled(code, 2)
    await town.act(
        code,
        order(Role.CLERK, actions.Accept(terms=promised), actions.Transfer()),
        order(Role.SPECIALIST, actions.Claim(), actions.Propose(outcome=Outcome.GRANTED)),
        order(Role.UNIT_HEAD, actions.ApproveDraft()),
        order(Role.SIGNER, actions.Sign()),
    )
    await town.settled(code, 9)
    await town.act(code, order(Role.RECORDS, actions.NumberAndIssue()))
    paid = await town.act(code, order(Role.PARTNER, fee_paid()))
    assert paid.fee_owed_vnd == 0

    await town.settled(code, paid.seq + 1)
    facts = await town.act(code, order(Role.RETURN_CLERK, actions.Dispatch()))
    assert facts.stage is Stage.ON_THE_WAY
    when = facts.portal_times[9]
    facts = await town.act(code, order(Role.PARTNER, actions.Delivered(delivered_at=when)))

    assert facts.stage is Stage.RETURNED
    assert facts.returned_at == when
    assert [asked.split(":")[0] for asked in town.offices.asked] == ["digitize", "sign_result GRANTED", "book_parcel 1"]


async def test_papers_nobody_brought_are_found_in_shared_data(town: Town, code: str) -> None:
    town.offices.found = ("GIAY-CHUNG-SINH",)
    promised = terms(components=("TK-KS", "GIAY-CHUNG-SINH"))
    await town.file(code, submit(promised, papers=(Paper(kind="TK-KS", filed=True),)))
    facts = await town.settled(code, 3)

    state = {part.kind: (part.digitized, part.reused) for part in facts.components}
    assert state == {"TK-KS": (True, False), "GIAY-CHUNG-SINH": (False, True)}
    assert facts.population_check
    facts = await town.act(code, order(Role.CLERK, actions.Accept(terms=promised)))
    assert facts.stage is Stage.ACCEPTED
