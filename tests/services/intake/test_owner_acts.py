"""What the owner does later: take the dossier back, fetch the result."""

from __future__ import annotations

from typing import Any

import httpx

from services.intake.store import dossiers
from shared.dossier import actions
from shared.dossier.actions import Order, Outcome
from shared.dossier.lifecycle import Role
from tests import builders
from tests.services.intake.fakes import NOW
from tests.services.intake.world import World, told


async def go(world: World, code: str, *steps: tuple[Role, Any]) -> None:
    """Officials act; the owner's service hears of it later, so its rows are brought up to date too."""
    for role, action in steps:
        order: Order = builders.order(role, action)
        facts = await world.desk.act(code, order)
        async with world.door.sessions.begin() as session:
            await dossiers.keep(session, [facts])


async def accept(world: World, code: str) -> None:
    terms = world.desk.dossiers[code].terms
    assert terms is not None
    await go(
        world,
        code,
        (Role.SYSTEM, actions.RecordDigitized(kinds=("DON-GPLD", "GPLD"))),
        (Role.CLERK, actions.Accept(terms=terms)),
    )


async def decide(world: World, code: str) -> None:
    await accept(world, code)
    await go(
        world,
        code,
        (Role.CLERK, actions.Transfer()),
        (Role.SPECIALIST, actions.Claim()),
        (Role.SPECIALIST, actions.Propose(outcome=Outcome.GRANTED)),
        (Role.UNIT_HEAD, actions.ApproveDraft()),
        (Role.SIGNER, actions.Sign()),
        (Role.SYSTEM, actions.RecordSignature(result_code="1/gpld", signed_at=NOW)),
        (Role.RECORDS, actions.NumberAndIssue()),
    )
    world.results.files[code] = b"%PDF-result"


async def withdraw(world: World, code: str, key: str = "w-1", who: str = "citizen-1") -> httpx.Response:
    headers = world.keys.citizen(who) | {"Idempotency-Key": key}
    return await world.http.post(f"/api/dossiers/{code}/withdrawal", headers=headers)


async def test_before_acceptance_a_dossier_is_taken_back_at_once(world: World) -> None:
    code = (await world.a_dossier())["dossier_code"]
    answer = await withdraw(world, code)
    assert answer.json()["facts"]["stage"] == "STOPPED"
    again = await withdraw(world, code)
    assert (again.status_code, again.content) == (200, answer.content)
    assert told(await withdraw(world, code, "w-2")) == (409, "dossier_ended")


async def test_after_acceptance_taking_back_is_asked_for(world: World) -> None:
    code = (await world.a_dossier())["dossier_code"]
    await accept(world, code)
    assert (await withdraw(world, code)).json()["facts"]["stage"] == "WITHDRAW_ASKED"


async def test_only_the_owner_takes_back(world: World) -> None:
    code = (await world.a_dossier())["dossier_code"]
    assert told(await withdraw(world, code, who="citizen-2")) == (404, "dossier_unknown")
    assert not world.desk.dossiers[code].ended


async def test_fetching_an_electronic_result_returns_it(world: World) -> None:
    code = (await world.a_dossier(return_way="ELECTRONIC"))["dossier_code"]
    path, owner = f"/api/dossiers/{code}/result", world.keys.citizen()
    assert told(await world.http.get(path, headers=owner)) == (409, "result_pending")
    await decide(world, code)
    assert told(await world.http.get(path, headers=owner)) == (409, "fee_unpaid")
    paid = actions.FeePaid(amount_vnd=450_000, paid_via=actions.PaidVia.NONE, paid_at=NOW, reference="R1")
    await go(world, code, (Role.ACCOUNTANT, paid))
    assert told(await world.http.get(path, headers=world.keys.citizen("citizen-2"))) == (404, "dossier_unknown")
    answer = await world.http.get(path, headers=owner)
    assert (answer.content, answer.headers["content-type"]) == (b"%PDF-result", "application/pdf")
    assert answer.headers["Content-Disposition"].startswith("attachment")
    assert world.desk.dossiers[code].ended
    assert (await world.http.get(path, headers=owner)).content == b"%PDF-result"


async def test_a_result_for_the_desk_is_not_given_out_before_it_was_handed_over(world: World) -> None:
    code = (await world.a_dossier())["dossier_code"]
    await decide(world, code)
    answer = await world.http.get(f"/api/dossiers/{code}/result", headers=world.keys.citizen())
    assert told(answer) == (409, "result_not_returned")
