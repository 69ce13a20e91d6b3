"""The carrier's webhook: forged, stale, malformed, unknown, repeated (post.md §3–4, SR-20…24)."""

from __future__ import annotations

import random
from datetime import timedelta

import pytest

from services.delivery import store
from services.delivery.rules.parcel import Fault
from shared.contracts.delivery import TOPIC, CarrierEvent, ParcelStatus
from tests.builders import AGENCY, AT, CODE
from tests.services.delivery.fakes import NUMBER, PERSON, body_of, signed
from tests.services.delivery.world import ORDER, World, bearer


async def test_a_scan_is_stored_answered_and_published_once(booked: World) -> None:
    for _ in range(3):
        answer = await booked.scan(3, "T-1")
        assert (answer.status_code, answer.json()) == (200, {"code": "success", "transaction": "T-1"})
    await booked.settle()
    await booked.settle()
    (record,) = booked.producer.sent
    event = CarrierEvent.model_validate_json(record.value)
    assert (record.topic, record.key) == (TOPIC, CODE.encode())
    assert (event.status, event.carrier_status, event.message_id) == (ParcelStatus.PICKED_UP, "3", "T-1")
    headers = dict(record.headers)
    assert (headers["ce_id"], headers["ce_subject"]) == (b"T-1", CODE.encode())
    assert (await booked.parcel()).status is ParcelStatus.PICKED_UP


async def test_a_forged_stale_or_moved_message_is_refused_alike(booked: World) -> None:
    now = booked.clock()
    body = body_of(ORDER, 5, now)
    good = signed(body, "T-1", now)
    for headers in (
        {},
        signed(body, "T-1", now, key="guessed"),
        signed(body, "T-1", now - timedelta(seconds=301)),
        signed(body, "T-1", now + timedelta(seconds=301)),
        good | {"ems-transaction": "T-2"},
        good | {"X-Carrier-Timestamp": str(int(now.timestamp()) + 1)},
        good | {"X-Carrier-Timestamp": "soon"},
        good | {"X-Carrier-Signature": ""},
    ):
        answer = await booked.http.post("/callbacks/carrier", content=body, headers=headers)
        assert (answer.status_code, answer.json()) == (401, {"code": "error", "transaction": ""})
    changed = await booked.http.post("/callbacks/carrier", content=body.replace(b"5,", b"6,"), headers=good)
    assert changed.status_code == 401
    for seconds in (300, -300):
        headers = signed(body, "T-3", now + timedelta(seconds=seconds))
        assert (await booked.http.post("/callbacks/carrier", content=body, headers=headers)).status_code == 200


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"[]",
        b"{",
        b"\xff\xfe",
        b'{"tracking_code": 1}',
        body_of("x y", 3, AT),
        body_of(ORDER, "a code that is far too long", AT),
        body_of(ORDER, 3, AT, number="EJ123456784VN"),
    ],
)
async def test_a_signed_message_that_is_no_scan_is_malformed(booked: World, body: bytes) -> None:
    answer = await booked.http.post("/callbacks/carrier", content=body, headers=signed(body, "T-1", booked.clock()))
    assert (answer.status_code, answer.json()) == (400, {"code": "error", "transaction": ""})


async def test_a_message_without_a_usable_id_is_malformed(booked: World) -> None:
    body = body_of(ORDER, 3, booked.clock())
    for message_id in ("", "a b", "x" * 81):
        headers = signed(body, message_id, booked.clock())
        assert (await booked.http.post("/callbacks/carrier", content=body, headers=headers)).status_code == 400


async def test_mutated_messages_never_break_the_door(booked: World) -> None:
    chance = random.Random(7)
    good = body_of(ORDER, 3, booked.clock())
    for number in range(200):
        letters = bytearray(good)
        for _ in range(chance.randint(1, 6)):
            letters[chance.randrange(len(letters))] = chance.randrange(256)
        body = bytes(letters)
        headers = signed(body, f"M-{number}", booked.clock())
        answer = await booked.http.post("/callbacks/carrier", content=body, headers=headers)
        assert answer.status_code in (200, 400)


async def test_an_unknown_order_is_an_error_until_the_order_is_known(world: World) -> None:
    """The carrier may tell of a parcel before our own order was committed (X-08)."""
    world.dossier()
    assert (await world.scan(1, "T-1")).json() == {"code": "error", "transaction": "T-1"}
    await world.settle()
    assert not world.producer.sent
    await world.book()
    assert (await world.scan(1, "T-1")).json()["code"] == "success"
    await world.settle()
    assert [dict(record.headers)["ce_id"] for record in world.producer.sent] == [b"T-1"]


async def test_impossible_and_unknown_scans_are_kept_aside_and_shown(booked: World) -> None:
    await booked.scan(777, "T-1")
    await booked.scan(3, "T-2", booked.clock() + timedelta(minutes=11))
    await booked.scan(3, "T-3", booked.clock() - timedelta(days=2))
    await booked.scan(3, "T-4", number="EJ590743100VN")
    await booked.settle()
    assert not booked.producer.sent
    assert (await booked.parcel()).status is None
    answer = await booked.http.get(f"/api/parcels/{CODE}", headers=bearer(("RETURN_CLERK", AGENCY)))
    timeline = answer.json()["timeline"]
    assert {(scan["carrier_status"], scan["fault"]) for scan in timeline} == {
        ("777", Fault.UNKNOWN_CODE),
        ("3", Fault.CLOCK),
        ("3", Fault.OTHER_NUMBER),
    }


async def test_while_the_broker_is_away_scans_wait_in_the_inbox(booked: World) -> None:
    await booked.scan(3, "T-1")
    booked.producer.is_away = True
    with pytest.raises(OSError, match="away"):
        await booked.settle()
    booked.producer.is_away = False
    await booked.settle()
    assert len(booked.producer.sent) == 1


async def test_no_person_reaches_our_tables_or_the_topic(on_the_way: World) -> None:
    await on_the_way.scan(5, "T-5")
    await on_the_way.settle()
    async with on_the_way.door.sessions.begin() as session:
        kept = [*await store.scans_of(session, ORDER), await store.parcel_of(session, ORDER)]
    for where in (str(kept), str(on_the_way.producer.sent), str(on_the_way.desk.orders)):
        assert PERSON not in where
        assert "0912345678" not in where
        assert "Lê Lợi" not in where
    assert on_the_way.carrier.orders[ORDER].receiver.full_name == PERSON
    assert NUMBER in str(kept)
