"""Booking and hand-over: once, by the right person, whatever breaks in between."""

from __future__ import annotations

from shared.dossier.actions import ReturnWay
from shared.dossier.lifecycle import Stage
from shared.dossier.permission import Kind
from tests.builders import AGENCY, CODE
from tests.services.delivery.fakes import NUMBER
from tests.services.delivery.world import ORDER, World, bearer


async def test_a_parcel_is_booked_once_with_generic_content(world: World) -> None:
    world.dossier()
    assert await world.book() == NUMBER
    world.desk.dossiers[CODE].parcel_number = None
    assert await world.book() == NUMBER
    assert world.applicants.asked == [CODE]
    order = world.carrier.orders[ORDER]
    assert (order.sender_name, order.receiver_province) == ("Sở Tư pháp", "85")


async def test_handing_over_tells_carrier_and_dossier(booked: World) -> None:
    answer = await booked.dispatch()
    assert answer.status_code == 200
    assert answer.json()["facts"]["stage"] == "ON_THE_WAY"
    assert answer.headers["etag"] == f'"{answer.json()["facts"]["seq"]}"'
    assert booked.carrier.handed_over == [ORDER]
    assert (await booked.dispatch()).content == answer.content
    assert booked.carrier.handed_over == [ORDER]


async def test_what_may_not_go_is_refused_before_the_carrier_hears_of_it(world: World) -> None:
    world.dossier()
    assert (await world.dispatch()).json()["code"] == "parcel_pending"
    world.dossier(ReturnWay.DESK)
    assert (await world.dispatch("k2")).status_code == 409
    await world.book()
    assert (await world.dispatch("k3")).json()["code"] == "not_postal"
    assert not world.carrier.handed_over


async def test_a_second_hand_over_is_refused_with_what_is_allowed(on_the_way: World) -> None:
    answer = await on_the_way.dispatch("k2")
    assert answer.status_code == 409
    assert answer.json()["code"] == "not_allowed_now"
    assert "came_back" in answer.json()["allowed"]


async def test_only_a_return_clerk_of_the_agency_hands_over(booked: World) -> None:
    url = f"/api/dossiers/{CODE}/dispatch"
    for headers, status in (
        (bearer(("RETURN_CLERK", "000.00.06.H39")), 404),
        (bearer(("SPECIALIST", AGENCY)), 403),
        (bearer(kind=Kind.CITIZEN), 403),
        ({}, 401),
    ):
        answer = await booked.http.post(url, headers={"Idempotency-Key": "k", **headers})
        assert answer.status_code == status
    unknown = await booked.http.post(
        "/api/dossiers/000.00.03.H39-230110-9999/dispatch",
        headers={"Idempotency-Key": "k", **bearer(("RETURN_CLERK", AGENCY))},
    )
    assert unknown.status_code == 404
    assert not booked.carrier.handed_over


async def test_a_hand_over_that_broke_in_the_middle_is_finished(booked: World) -> None:
    booked.carrier.is_away = True
    assert (await booked.dispatch()).status_code == 503
    assert booked.stage() is Stage.RESULT_READY
    booked.carrier.is_away = False
    booked.clock.pass_(seconds=16)
    assert await booked.sweep() == 1
    assert booked.stage() is Stage.ON_THE_WAY
    assert booked.carrier.handed_over == [ORDER]


async def test_a_carrier_that_refuses_ends_the_intention(booked: World) -> None:
    booked.carrier.refuses = True
    assert (await booked.dispatch()).status_code == 502
    assert (await booked.parcel()).attention == "carrier_refused"
    booked.carrier.refuses = False
    assert (await booked.dispatch("k2")).status_code == 200


async def test_a_parcel_is_shown_to_staff_in_sight_only(booked: World) -> None:
    url = f"/api/parcels/{CODE}"
    shown = await booked.http.get(url, headers=bearer(("CLERK", AGENCY)))
    assert (shown.json()["order_code"], shown.json()["parcel_number"]) == (ORDER, NUMBER)
    assert (await booked.http.get(url, headers=bearer(("CLERK", "000.00.06.H39")))).status_code == 404
    assert (await booked.http.get(url)).status_code == 401
