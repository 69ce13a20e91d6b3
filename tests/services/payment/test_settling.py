"""Silence, lateness, crashes: what becomes of an attempt without a good notice."""

from __future__ import annotations

import pytest

from services.payment import store
from services.payment.activities import Activities
from services.payment.commands import reconcile
from services.payment.rules.settlement import State
from shared.contracts.payment import RefundInput
from shared.dossier.actions import AskWithdraw
from shared.dossier.lifecycle import Role, Stage
from shared.platform.http import Away
from tests.builders import CODE, order
from tests.services.payment.world import OWED, World


async def test_without_a_notice_the_gateway_is_asked_after_a_minute(world: World, ordered: str) -> None:
    world.gateway.pays(ordered, OWED, world.clock())
    assert await world.sweep() == 0
    world.clock.pass_(minutes=1)
    assert await world.sweep() == 1
    assert (await world.attempt(ordered)).state is State.PAID


async def test_a_silent_order_expires_and_is_still_watched(world: World, ordered: str) -> None:
    for minutes in (1, 1, 3, 10):
        world.clock.pass_(minutes=minutes)
        assert await world.sweep() == 1
    assert (await world.attempt(ordered)).state is State.EXPIRED
    world.gateway.pays(ordered, OWED, world.clock())
    world.clock.pass_(minutes=15)
    await world.sweep()
    assert (await world.attempt(ordered)).state is State.REFUNDED
    assert list(world.gateway.refunds) == [ordered]
    assert not world.told()


async def test_a_gateway_that_is_away_is_asked_again(world: World, ordered: str) -> None:
    world.gateway.pays(ordered, OWED, world.clock())
    world.gateway.is_away = True
    await world.notify(ordered)
    await world.sweep()
    assert (await world.attempt(ordered)).state is State.PENDING
    world.gateway.is_away = False
    world.clock.pass_(seconds=16)
    await world.sweep()
    assert (await world.attempt(ordered)).state is State.PAID


async def test_an_answer_lost_between_dossier_and_receipt_costs_nobody_anything(world: World, ordered: str) -> None:
    """Killed between the two steps, and the dossier has ended meanwhile."""
    world.gateway.pays(ordered, OWED, world.clock())
    world.desk.loses_answers = True
    await world.notify(ordered)
    await world.sweep()
    assert world.desk.dossiers[CODE].paid_vnd == OWED
    assert not await world.receipts()
    world.desk.loses_answers = False
    world.desk.dossiers[CODE].stage = Stage.RETURNED
    world.clock.pass_(seconds=16)
    await world.sweep()
    assert len(await world.receipts()) == 1
    assert not world.gateway.refunds


async def test_a_second_payment_goes_back(world: World, ordered: str) -> None:
    assert (await world.cash()).status_code == 200
    world.gateway.pays(ordered, OWED, world.clock())
    await world.notify(ordered)
    await world.sweep()
    assert (await world.attempt(ordered)).state is State.REFUNDED
    assert [receipt.means for receipt in await world.receipts()] == ["CASH"]
    assert len(world.gateway.refunds[ordered]) == 1


async def test_money_for_a_dossier_that_was_withdrawn_goes_back(world: World, ordered: str) -> None:
    world.dossier(Stage.STOPPED)
    world.gateway.pays(ordered, OWED, world.clock())
    await world.notify(ordered)
    await world.sweep()
    assert (await world.attempt(ordered)).state is State.REFUNDED


async def test_while_a_withdrawal_is_decided_money_waits(world: World) -> None:
    dossier = world.dossier(Stage.PROCESSING)
    txn_ref = (await world.order()).json()["txn_ref"]
    dossier.take(order(Role.APPLICANT, AskWithdraw()), world.clock())
    world.gateway.pays(txn_ref, OWED, world.clock())
    await world.notify(txn_ref)
    await world.sweep()
    assert (await world.attempt(txn_ref)).state is State.PENDING
    assert not world.gateway.refunds
    world.dossier(Stage.PROCESSING)
    world.clock.pass_(minutes=5)
    await world.sweep()
    assert (await world.attempt(txn_ref)).state is State.PAID


async def test_another_amount_in_the_books_is_a_finding_and_nothing_else(world: World, ordered: str) -> None:
    world.gateway.pays(ordered, OWED - 1, world.clock())
    await world.notify(ordered)
    await world.sweep()
    async with world.door.sessions.begin() as session:
        (finding,) = await store.findings(session, ["000.00.03.H39"], after=0, limit=10)
    assert finding.kind == "AMOUNT_DIFF"
    assert (await world.attempt(ordered)).state is State.PENDING
    world.clock.pass_(minutes=20)
    assert (await world.order()).json()["code"] == "payment_pending"


async def test_a_refund_keeps_its_request_id_through_lost_answers(world: World, ordered: str) -> None:
    world.dossier(Stage.STOPPED)
    world.gateway.pays(ordered, OWED, world.clock())
    world.gateway.loses_refund_answers = 2
    await world.notify(ordered)
    for _ in range(4):
        await world.sweep()
        world.clock.pass_(seconds=16)
    assert (await world.attempt(ordered)).state is State.REFUNDED
    assert len(world.gateway.refunds[ordered]) == 1


async def test_a_refused_refund_becomes_a_finding(world: World, ordered: str) -> None:
    world.dossier(Stage.STOPPED)
    world.gateway.pays(ordered, OWED, world.clock())
    world.gateway.refuses_refunds = True
    await world.notify(ordered)
    await world.sweep()
    async with world.door.sessions.begin() as session:
        kinds = [each.kind for each in await store.findings(session, ["000.00.03.H39"], after=0, limit=10)]
    assert kinds == ["REFUND_REFUSED"]
    world.clock.pass_(days=1)
    assert await world.sweep() == 0


async def test_the_workflow_gets_a_paid_fee_refunded_once(world: World, ordered: str) -> None:
    work = Activities(world.door)
    asked = RefundInput(dossier_code=CODE, amount_vnd=OWED)
    with pytest.raises(Away):
        await work.refund_fee(asked)
    world.gateway.pays(ordered, OWED, world.clock())
    await world.notify(ordered)
    await world.sweep()
    for _ in range(2):
        refunded = await work.refund_fee(asked)
        assert (refunded.amount_vnd, refunded.at_desk) == (OWED, False)
    assert len(world.gateway.refunds[ordered]) == 1
    (receipt,) = await world.receipts()
    assert receipt.cancelled_at is not None


async def test_cash_waits_for_its_payer_at_the_desk(world: World) -> None:
    world.dossier()
    await world.cash()
    refunded = await Activities(world.door).refund_fee(RefundInput(dossier_code=CODE, amount_vnd=OWED))
    assert refunded.at_desk
    async with world.door.sessions.begin() as session:
        kinds = [each.kind for each in await store.findings(session, ["000.00.03.H39"], after=0, limit=10)]
    assert kinds == ["CASH_REFUND"]


async def test_a_dry_run_lists_and_changes_nothing(world: World, ordered: str) -> None:
    world.gateway.pays(ordered, OWED, world.clock())
    world.clock.pass_(minutes=1)
    assert [each.txn_ref for each in await reconcile(world.door, dry_run=True)] == [ordered]
    assert (await world.attempt(ordered)).state is State.PENDING
    assert [each.txn_ref for each in await reconcile(world.door, dry_run=False)] == [ordered]
    assert (await world.attempt(ordered)).state is State.PAID
