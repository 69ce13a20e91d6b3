"""From scans to the dossier: late, reordered, repeated, without proof, returned, lost, silent."""

from __future__ import annotations

from datetime import timedelta
from typing import cast

from sqlalchemy import text

from services.delivery.callbacks import Relay
from services.delivery.consumer import CarrierEvents
from shared.contracts.delivery import ParcelStatus
from shared.dossier.actions import CameBack, Delivered
from shared.dossier.lifecycle import Act, Role, Stage
from shared.platform.kafka import Record
from tests.builders import AGENCY, CODE
from tests.services.delivery.fakes import Sent
from tests.services.delivery.world import World, bearer


async def test_delivered_with_proof_returns_the_dossier(on_the_way: World) -> None:
    on_the_way.clock.pass_(hours=2)
    proven_at = on_the_way.clock()
    on_the_way.carrier.proven_at = proven_at
    await on_the_way.scan(5, "T-5")
    await on_the_way.settle()
    assert on_the_way.stage() is Stage.RETURNED
    last = on_the_way.desk.orders[-1]
    assert (last.command_id, last.by.role) == ("carrier-T-5", Role.PARTNER)
    assert last.actions == (Delivered(delivered_at=proven_at),)
    parcel = await on_the_way.parcel()
    assert (parcel.told, parcel.proof_reference, parcel.step_at) == (ParcelStatus.DELIVERED, "BP-1", None)


async def test_delivered_then_older_then_again_is_one_return_at_its_own_time(on_the_way: World) -> None:
    """Arrivals 10:05 delivered, 08:00 out for delivery, 10:05 again (post.md §4)."""
    eight = on_the_way.clock()
    ten = eight + timedelta(hours=2, minutes=5)
    on_the_way.clock.pass_(hours=3)
    for code, message_id, at in ((5, "T-5", ten), (11000, "T-4", eight), (5, "T-5", ten)):
        assert (await on_the_way.scan(code, message_id, at)).json()["code"] == "success"
        await on_the_way.settle()
    assert on_the_way.desk.dossiers[CODE].returned_at == ten
    assert [order.actions[0].kind for order in on_the_way.desk.orders].count(Act.DELIVERED) == 1
    timeline = (await on_the_way.http.get(f"/api/parcels/{CODE}", headers=bearer(("CLERK", AGENCY)))).json()["timeline"]
    assert [scan["status"] for scan in timeline] == ["OUT_FOR_DELIVERY", "DELIVERED"]


async def test_scans_in_reverse_order_end_alike(on_the_way: World) -> None:
    start = on_the_way.clock()
    on_the_way.clock.pass_(hours=6)
    for code, hours in ((5, 4), (6, 3), (4, 2), (3, 1)):
        await on_the_way.scan(code, f"T-{code}", start + timedelta(hours=hours))
        await on_the_way.settle()
    assert (await on_the_way.parcel()).status is ParcelStatus.DELIVERED
    assert on_the_way.stage() is Stage.RETURNED


async def test_a_scan_alone_returns_nothing_without_the_carriers_proof(on_the_way: World) -> None:
    on_the_way.carrier.proof_reference = ""
    await on_the_way.scan(5, "T-5")
    await on_the_way.settle()
    assert on_the_way.stage() is Stage.ON_THE_WAY
    assert (await on_the_way.parcel()).attention == "proof_missing"
    on_the_way.carrier.proof_reference = "BP-1"
    on_the_way.clock.pass_(hours=1)
    await on_the_way.sweep()
    assert on_the_way.stage() is Stage.RETURNED
    assert (await on_the_way.parcel()).attention == ""


async def test_a_signed_delivered_that_the_books_deny_returns_nothing(on_the_way: World) -> None:
    await on_the_way.scan(5, "T-5")
    on_the_way.carrier.events.clear()
    await on_the_way.settle()
    assert on_the_way.stage() is Stage.ON_THE_WAY


async def test_a_parcel_that_comes_back_waits_at_the_desk(on_the_way: World) -> None:
    for number, code in enumerate((6, 11000, 6, 7, 8)):
        on_the_way.clock.pass_(hours=1)
        await on_the_way.scan(code, f"T-{number}")
        await on_the_way.settle()
    assert on_the_way.stage() is Stage.RESULT_READY
    assert on_the_way.desk.orders[-1].actions == (CameBack(),)
    assert (await on_the_way.dispatch("k2")).json()["code"] == "parcel_came_back"


async def test_lost_and_damaged_parcels_call_the_desk(on_the_way: World) -> None:
    await on_the_way.scan(10, "T-1")
    await on_the_way.settle()
    assert on_the_way.stage() is Stage.ON_THE_WAY
    assert (await on_the_way.parcel()).attention == "lost"
    assert await on_the_way.sweep() == 0


async def test_an_end_that_overtakes_the_dispatch_waits_for_it(booked: World) -> None:
    """The carrier has the parcel and has delivered it, but the dossier has not heard of the hand-over yet."""
    booked.desk.is_away = False
    booked.desk.loses_answers = True
    assert (await booked.dispatch()).status_code == 503
    booked.desk.loses_answers = False
    await booked.scan(5, "T-5")
    await booked.settle()
    await booked.sweep()
    assert booked.stage() is Stage.RETURNED
    assert [order.actions[0].kind for order in booked.desk.orders][-1] == "delivered"


async def test_a_carrier_or_desk_that_is_away_is_asked_again(on_the_way: World) -> None:
    await on_the_way.scan(5, "T-5")
    on_the_way.carrier.is_away = True
    await on_the_way.settle()
    assert on_the_way.stage() is Stage.ON_THE_WAY
    on_the_way.carrier.is_away = False
    on_the_way.desk.loses_answers = True
    on_the_way.clock.pass_(seconds=16)
    await on_the_way.sweep()
    on_the_way.desk.loses_answers = False
    on_the_way.clock.pass_(seconds=16)
    await on_the_way.sweep()
    assert (await on_the_way.parcel()).told == ParcelStatus.DELIVERED
    assert on_the_way.desk.dossiers[CODE].stage is Stage.RETURNED


async def test_after_a_day_of_silence_the_carriers_books_are_read(on_the_way: World) -> None:
    on_the_way.clock.pass_(hours=23)
    await on_the_way.scan(5, "T-5")
    async with on_the_way.door.sessions.begin() as session:
        await session.execute(text("DELETE FROM delivery.scan"))  # the webhook never came through
    assert await on_the_way.sweep() == 0
    on_the_way.clock.pass_(hours=1)
    assert await on_the_way.sweep() == 1
    await on_the_way.settle()
    assert on_the_way.stage() is Stage.RETURNED


async def test_a_record_that_is_no_carrier_event_is_buried_and_the_rest_goes_on(booked: World) -> None:
    await booked.scan(3, "T-1")
    booked.producer.sent.append(Sent("t", b"{}", b"k", ()))
    await Relay(booked.door, booked.producer).relay()
    await CarrierEvents(booked.door, booked.buried).handle(cast("list[Record]", booked.producer.sent))
    assert booked.buried.reasons == ["not_a_carrier_event"]
    assert (await booked.parcel()).status is ParcelStatus.PICKED_UP
