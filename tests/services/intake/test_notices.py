"""Notices on a real PostgreSQL: each at most once whatever dies, tried again while surely not sent, in nobody's way."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from aiokafka import ConsumerRecord
from sqlalchemy import text

from services.intake.acts import Door
from services.intake.acts.notifying import AT_ONCE, send_due
from services.intake.adapters.messengers import Messenger, NobodyKnows, NotTaken, RefusedForGood
from services.intake.consumer import follower
from services.intake.rules.notices import STALE, Message, Way
from services.intake.store import notices
from services.intake.store.notices import LOST, Notice, State
from shared.contracts.facts import TOPIC, Event, Facts, value_of
from shared.dossier.lifecycle import CHANGES, Act, Role
from shared.dossier.records import Change
from shared.platform.duty import Duty
from tests.services.intake import fakes
from tests.services.intake.world import World

MINUTE = timedelta(minutes=1)


class Recorder:
    """A way to people that remembers every message handed to it; `says` is raised instead of taking it."""

    def __init__(self) -> None:
        self.taken: list[tuple[str, Message]] = []
        self.tried = 0
        self.says: BaseException | None = None
        self.gate: asyncio.Event | None = None
        self._moved = asyncio.Event()

    async def until(self, is_so: Callable[[], bool]) -> None:
        """Waits for a condition that only a message can change."""
        while not is_so():
            self._moved.clear()
            await self._moved.wait()

    async def send(self, message: Message, reference: str) -> str:
        self.tried += 1
        self._moved.set()
        if self.gate:
            await self.gate.wait()
        if self.says:
            raise self.says
        self.taken.append((reference, message))
        self._moved.set()
        return f"sent-{reference}"


def told(world: World, ways: Mapping[Way, Messenger]) -> Door:
    """The same intake, with these ways to people."""
    return replace(world.door, messengers=ways)


async def filed(world: World, key: str = "key-1", **changes: Any) -> Facts:
    who = fakes.person(email="dao@example.vn")
    answer = await world.a_dossier(key=key, applicant=who, **changes)
    return Facts.model_validate(answer["facts"])


def event(world: World, facts: Facts, act: Act = Act.SUBMIT, **changes: Any) -> Event:
    change = Change(
        change=CHANGES[act], role=Role.SYSTEM, agency_code=None, from_stage=None, to_stage=facts.stage, at=world.clock()
    )
    return Event(change=change, facts=facts.model_copy(update=changes))


def records(events: Iterable[Event]) -> list[Any]:
    return [
        ConsumerRecord(
            topic=TOPIC, partition=0, offset=0, timestamp=0, timestamp_type=0, key=None, value=value_of(each),
            checksum=None, serialized_key_size=0, serialized_value_size=0, headers=(),
        )
        for each in events
    ]  # fmt: skip


async def hears(door: Door, *events: Event) -> None:
    """The topic tells intake these."""
    await follower(door, fakes.FakeGrave())(records(events))


async def states(world: World, code: str) -> dict[Way, tuple[State, int, str | None]]:
    async with world.door.sessions() as session:
        return {
            each.way: (each.state, each.attempts, each.reference) for each in await notices.of_dossier(session, code)
        }


async def test_a_change_is_told_once_each_way_however_often_it_is_heard(world: World) -> None:
    mail, sms = Recorder(), Recorder()
    door = told(world, {Way.MAIL: mail, Way.SMS: sms})
    facts = await filed(world)
    submitted, digitized = event(world, facts), event(world, facts, Act.RECORD_DIGITIZED, seq=2)
    for _ in range(3):
        await hears(door, submitted, digitized, submitted)
        for way in Way:
            assert door.wake[way].is_set() == (door.messengers[way].taken == [])  # type: ignore[attr-defined]
            await send_due(door, way)
            door.wake[way].clear()
    [(reference, letter)], [(_, short)] = mail.taken, sms.taken
    assert reference == f"{facts.dossier_code}.1.mail"
    assert (letter.to, short.to) == ("dao@example.vn", "+84901234567")
    assert letter.subject == f"Đã nhận hồ sơ – {facts.dossier_code}"
    assert short.text == f"Da nhan ho so {facts.dossier_code}. Co quan tra loi trong 8 gio lam viec."
    assert await states(world, facts.dossier_code) == {
        way: (State.SENT, 1, f"sent-{facts.dossier_code}.1.{way.lower()}") for way in Way
    }
    assert await send_due(door, Way.MAIL) == 0


async def test_old_events_wake_nobody(world: World) -> None:
    """A topic that is read again from its beginning into an empty schema."""
    mail = Recorder()
    door = told(world, {Way.MAIL: mail})
    facts = await filed(world)
    old = event(world, facts)
    world.clock.move(STALE)
    await hears(door, old)
    assert not door.wake[Way.MAIL].is_set()
    assert await send_due(door, Way.MAIL) == 0
    assert mail.tried == 0
    assert (await states(world, facts.dossier_code))[Way.MAIL][0] is State.EXPIRED


async def test_a_sender_that_dies_is_never_followed_by_a_second_message(world: World) -> None:
    mail = Recorder()
    door = told(world, {Way.MAIL: mail})
    facts = await filed(world)
    await hears(door, event(world, facts))
    mail.gate = asyncio.Event()
    dying = asyncio.create_task(send_due(door, Way.MAIL))
    await mail.until(lambda: mail.tried > 0)
    dying.cancel()  # as when the process is killed: what was claimed stays claimed
    await asyncio.gather(dying, return_exceptions=True)
    assert (await states(world, facts.dossier_code))[Way.MAIL][0] is State.SENDING

    mail.gate = None
    assert await send_due(door, Way.MAIL) == 0
    assert (await states(world, facts.dossier_code))[Way.MAIL][0] is State.SENDING, "it may only be slow"
    world.clock.move(LOST + MINUTE)
    assert await send_due(door, Way.MAIL) == 0
    assert (await states(world, facts.dossier_code))[Way.MAIL][0] is State.UNKNOWN
    await hears(door, event(world, facts))
    assert await send_due(door, Way.MAIL) == 0
    assert (mail.tried, mail.taken) == (1, [])


async def test_what_was_surely_not_taken_is_tried_again_further_and_further_apart(world: World) -> None:
    mail = Recorder()
    door = told(world, {Way.MAIL: mail})
    facts = await filed(world)
    await hears(door, event(world, facts))
    mail.says = NotTaken("451")
    for minutes in (1, 2, 4, 8):
        assert await send_due(door, Way.MAIL) == 1
        assert await send_due(door, Way.MAIL) == 0
        world.clock.move(minutes * MINUTE - timedelta(seconds=1))
        assert await send_due(door, Way.MAIL) == 0
        world.clock.move(timedelta(seconds=1))
    mail.says = None
    assert await send_due(door, Way.MAIL) == 1
    assert (await states(world, facts.dossier_code))[Way.MAIL][:2] == (State.SENT, 5)
    assert len(mail.taken) == 1


async def test_a_day_later_it_is_no_news(world: World) -> None:
    mail = Recorder()
    door = told(world, {Way.MAIL: mail})
    facts = await filed(world)
    await hears(door, event(world, facts))
    mail.says = NotTaken("away")
    for _ in range(100):
        await send_due(door, Way.MAIL)
        world.clock.move(timedelta(minutes=30))
    assert (await states(world, facts.dossier_code))[Way.MAIL][0] is State.EXPIRED
    assert mail.tried < 40
    assert await send_due(door, Way.MAIL) == 0


@pytest.mark.parametrize(
    ("said", "state"),
    [
        (RefusedForGood("550"), State.FAILED),
        (NobodyKnows("TimeoutError"), State.UNKNOWN),
        (ZeroDivisionError("a bug"), State.UNKNOWN),
    ],
)
async def test_neither_a_refusal_nor_a_lost_answer_is_tried_again(world: World, said: Exception, state: State) -> None:
    mail = Recorder()
    door = told(world, {Way.MAIL: mail})
    facts = await filed(world)
    await hears(door, event(world, facts))
    mail.says = said
    await send_due(door, Way.MAIL)
    world.clock.move(timedelta(hours=2))
    assert await send_due(door, Way.MAIL) == 0
    assert (await states(world, facts.dossier_code))[Way.MAIL][0] is state
    assert mail.tried == 1


async def test_two_senders_at_once_never_send_twice(world: World) -> None:
    """Two processes of intake over one database, each claiming while the other still sends."""
    mail = Recorder()
    door = told(world, {Way.MAIL: mail})
    facts = await filed(world)
    count = 5 * AT_ONCE
    await hears(door, *(event(world, facts, seq=seq) for seq in range(1, count + 1)))
    mail.gate = asyncio.Event()
    senders = [asyncio.create_task(_until_done(door)) for _ in range(4)]
    await mail.until(lambda: mail.tried == 4 * AT_ONCE)
    mail.gate.set()
    assert sum(await asyncio.gather(*senders)) == count
    references = [reference for reference, _ in mail.taken]
    assert sorted(references) == sorted({f"{facts.dossier_code}.{seq}.mail" for seq in range(1, count + 1)})


async def _until_done(door: Door) -> int:
    done = 0
    while sent := await send_due(door, Way.MAIL):
        done += sent
    return done


async def test_who_cannot_be_reached_is_nobody_and_stops_nobody(world: World) -> None:
    sms, mail = Recorder(), Recorder()
    door = told(world, {Way.SMS: sms, Way.MAIL: mail})
    landline = await world.a_dossier(applicant=fakes.person(phone="02723123456"))
    unreadable, whole = await filed(world, "key-2"), await filed(world, "key-3")
    async with world.store.begin() as connection:
        await connection.execute(
            text("UPDATE intake.applicant SET sealed = 'torn' WHERE dossier_code = :code"),
            {"code": unreadable.dossier_code},
        )
    facts = Facts.model_validate(landline["facts"])
    stranger = facts.model_copy(update={"dossier_code": "000.00.02.H39-261123-0999"})
    await hears(door, *(event(world, each) for each in (facts, unreadable, stranger, whole)))
    for way in Way:
        assert await send_due(door, way) == 4
    assert {way: state for way, (state, *_) in (await states(world, facts.dossier_code)).items()} == {
        Way.MAIL: State.NOBODY, Way.SMS: State.NOBODY,
    }  # fmt: skip
    assert (await states(world, unreadable.dossier_code))[Way.SMS][0] is State.FAILED
    assert (await states(world, stranger.dossier_code))[Way.SMS][0] is State.NOBODY
    assert [message.to for _, message in (*mail.taken, *sms.taken)] == ["dao@example.vn", "+84901234567"]


async def test_a_hanging_relay_delays_neither_dossiers_nor_events_nor_sms(world: World) -> None:
    mail, sms = Recorder(), Recorder()
    mail.gate = asyncio.Event()
    door = told(world, {Way.MAIL: mail, Way.SMS: sms})
    duties = [Duty(f"notices {way}", lambda way=way: send_due(door, way), door.wake[way], rest=60) for way in Way]  # type: ignore[misc]
    running = [asyncio.create_task(duty.run()) for duty in duties]
    try:
        async with asyncio.timeout(20):
            first = await filed(world)
            await hears(door, event(world, first))
            await mail.until(lambda: mail.tried > 0)
            second = await filed(world, "key-2")  # a citizen files while the mail hangs
            await hears(door, event(world, second))  # the topic is read on
            await sms.until(lambda: len(sms.taken) == 2)
        assert mail.taken == []
    finally:
        mail.gate.set()
        for duty in duties:
            await duty.shutdown()
        await asyncio.gather(*running)
    assert len(mail.taken) >= 1


async def test_a_consumer_goes_on_when_nobody_is_configured_to_tell(world: World) -> None:
    facts = await filed(world)
    await hears(world.door, event(world, facts))
    assert await world.count("notice") == 0
    assert await world.count("timeline") == 1


async def test_the_owner_and_the_desk_see_what_was_told_and_no_address(world: World) -> None:
    mail = Recorder()
    door = told(world, {Way.MAIL: mail})
    facts = await filed(world)
    await hears(door, event(world, facts))
    await send_due(door, Way.MAIL)
    path = f"/api/dossiers/{facts.dossier_code}/notices"
    answer = await world.http.get(path, headers=world.keys.citizen())
    assert answer.json() == {
        "notices": [{"seq": 1, "change": "submitted", "way": "MAIL", "state": "SENT", "at": "2026-11-23T02:30:00Z"}]
    }
    assert (await world.http.get(path, headers=world.keys.staff("SPECIALIST"))).json() == answer.json()
    assert (await world.http.get(path, headers=world.keys.citizen("citizen-2"))).status_code == 404
    async with world.store.connect() as connection:
        rows = str((await connection.execute(text('SELECT t::text FROM intake."notice" t'))).all())
    assert "dao@example.vn" not in rows
    assert "901234567" not in rows


def test_a_notice_has_no_room_for_an_address() -> None:
    assert set(Notice.__dataclass_fields__) == {
        "dossier_code", "seq", "way", "change", "at", "state", "attempts", "reference",
    }  # fmt: skip
