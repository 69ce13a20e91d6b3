"""Facts for benches of the fold: whole lives walked once through the pure lifecycle, then told again and again under
other codes on other days, in the order of time as a province would tell them. The same seed gives the same bytes.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import cache
from random import Random
from typing import Any, Final, NamedTuple

from aiokafka import AIOKafkaProducer
from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.partitioner import DefaultPartitioner

from shared.catalogue.lookup import competent_agencies, procedures_on, terms
from shared.catalogue.model import Catalogue, FeeTiming, Terms
from shared.contracts.facts import event_of, value_of
from shared.dossier import actions
from shared.dossier.actions import AnyAction, By, Channel, Order, Outcome, PaidVia, Paper, ReturnWay
from shared.dossier.codes import dossier_code
from shared.dossier.lifecycle import Role
from shared.dossier.state import Dossier
from shared.dossier.working_time import LOCAL
from shared.platform.kafka import COMPRESSION

A_DAY: Final = 1370
"""Dossiers filed a day: a million in two years."""
TEMPLATES: Final = 150
BEGAN: Final = datetime(2026, 10, 1, 1, tzinfo=UTC)
SCANNED: Final = 0.7
REJECTED, WITHDRAWN, OPEN, REFUSED = 0.04, 0.07, 0.1, 0.14
"""Shares, one upon the other, of lives that end so."""
_BATCH_BYTES: Final = 512 * 1024


class Told(NamedTuple):
    """One record to be; `at_ms` is when it happened and when the log has it."""

    key: bytes
    value: bytes
    at_ms: int


@dataclass(frozen=True)
class Template:
    """A life that was walked: its code, and by day since its filing what it told."""

    code: bytes
    filed_on: date
    days: dict[int, list[tuple[int, bytes, list[int | None]]]]
    """(Unix milliseconds, value with gaps, what belongs into them)"""


def lives(catalogue: Catalogue, seed: int = 7) -> list[Template]:
    """The lives that are told again."""
    chance = Random(seed)
    on = BEGAN.astimezone(LOCAL).date()
    open_ones = [row for row in procedures_on(catalogue, on) if {1, 2} <= set(row.channels)]
    found = []
    for number in range(1, TEMPLATES + 1):
        offered = chance.choice(open_ones)
        agency = chance.choice(competent_agencies(catalogue, offered, on)).code
        promised = terms(catalogue, offered.code, agency, 2, on)
        at = BEGAN + timedelta(seconds=chance.randrange(8 * 3600))
        walk = _Walk(dossier_code(agency, on, number), agency, at, chance)
        walk.live(promised)
        code = walk.dossier.dossier_code.encode()
        template = Template(code, on, {})
        for told_at, value in walk.told:
            after = (told_at.astimezone(LOCAL).date() - on).days
            template.days.setdefault(after, []).append((int(told_at.timestamp() * 1000), *_form(value, code)))
        found.append(template)
    return found


def history(templates: list[Template], dossiers: int, seed: int = 7, first_day: int = 0) -> Iterator[list[Told]]:
    """Everything that many dossiers tell, day by day, each day in the order of time; `first_day`: days after BEGAN."""
    chance, number, day = Random(seed), 0, first_day
    running: dict[int, list[tuple[Template, bytes]]] = {}
    while number < dossiers or running:
        filed = []
        for _ in range(min(A_DAY, dossiers - number)):
            number += 1
            template = chance.choice(templates)
            agency = template.code.rpartition(b"-")[0].rpartition(b"-")[0]
            on = template.filed_on + timedelta(days=day)
            filed.append((template, b"%s-%s-%06d" % (agency, f"{on:%y%m%d}".encode(), number)))
        running[day] = filed
        told = [each for start, some in running.items() for each in _day(some, start, day - start)]
        running = {start: some for start, some in running.items() if any(max(t.days) > day - start for t, _ in some)}
        told.sort(key=lambda each: each.at_ms)
        yield told
        day += 1


def _day(some: list[tuple[Template, bytes]], start: int, after: int) -> Iterator[Told]:
    for template, code in some:
        for at_ms, form, days in template.days.get(after, ()):
            value = form % tuple([code if day is None else _written(day + start) for day in days])
            yield Told(code, value, at_ms + start * 86_400_000)


@cache
def _written(day: int) -> bytes:
    return date.fromordinal(day).isoformat().encode()


def _form(value: bytes, code: bytes) -> tuple[bytes, list[int | None]]:
    """The value with a gap for each date and each code, and what belongs into the gaps (None = the code)."""
    days: list[int | None] = []

    def gap(match: re.Match[bytes]) -> bytes:
        days.append(None if match[0] == code else date.fromisoformat(match[0].decode()).toordinal())
        return b"%s"

    dates = rb"(?<=\")\d{4}-\d\d-\d\d(?=[T\"])"
    form = re.sub(dates + b"|" + re.escape(code), gap, value.replace(b"%", b"%%"))
    return form, days


async def fill(bootstrap: str, topic: str, partitions: int, days: Iterator[list[Told]]) -> int:
    """Makes the topic and sends everything; how many records. Record times are the events' own."""
    admin = AIOKafkaAdminClient(bootstrap_servers=bootstrap)
    await admin.start()
    limits = {
        "retention.ms": "-1",
        "message.timestamp.before.max.ms": str(2**62),
        "message.timestamp.after.max.ms": str(2**62),
    }
    await admin.create_topics([NewTopic(topic, partitions, 1, topic_configs=limits)])
    await admin.close()
    return await tell(bootstrap, topic, partitions, days)


async def tell(bootstrap: str, topic: str, partitions: int, days: Iterator[list[Told]]) -> int:
    """Sends everything to a topic that is there; how many records."""
    numbers, sent, deal = list(range(partitions)), 0, DefaultPartitioner()
    async with AIOKafkaProducer(bootstrap_servers=bootstrap, acks="all", compression_type=COMPRESSION) as producer:
        for told in days:
            hands: list[list[Told]] = [[] for _ in numbers]
            for each in told:
                hands[deal(each.key, numbers, numbers)].append(each)
            await asyncio.gather(*(_send(producer, topic, n, hand) for n, hand in zip(numbers, hands, strict=True)))
            sent += len(told)
    return sent


async def _send(producer: AIOKafkaProducer, topic: str, partition: int, hand: list[Told]) -> None:
    batch, size = producer.create_batch(), 0
    for key, value, at_ms in hand:
        if size > _BATCH_BYTES or batch.append(key=key, value=value, timestamp=at_ms) is None:
            await (await producer.send_batch(batch, topic, partition=partition))
            batch, size = producer.create_batch(), 0
            batch.append(key=key, value=value, timestamp=at_ms)
        size += len(value) // 8
    if size:
        await (await producer.send_batch(batch, topic, partition=partition))


class _Walk:
    """One dossier's ordinary life: most are granted, some refused, withdrawn, rejected or never ended."""

    def __init__(self, code: str, agency_code: str, at: datetime, chance: Random) -> None:
        self.dossier = Dossier(dossier_code=code, root_code=code)
        self.agency_code = agency_code
        self.at = at
        self.chance = chance
        self.told: list[tuple[datetime, bytes]] = []

    def does(self, role: Role, action: AnyAction, hours: float = 0.2) -> None:
        self.at += timedelta(seconds=round(3600 * hours * self.chance.uniform(0.5, 1.5)))
        by = By(role=role, agency_code=self.agency_code, person_code=role.lower())
        order = Order(command_id=f"{self.dossier.dossier_code}/{len(self.told)}", by=by, actions=(action,))
        self.told += [(self.at, value_of(event_of(moved))) for moved in self.dossier.take(order, self.at)]

    def live(self, promised: Terms) -> None:
        way = self.chance.choice([ReturnWay.DESK, ReturnWay.POST]) if promised.post_return else ReturnWay.DESK
        end = self.chance.random()
        self._file(promised, way)
        if end < REJECTED:
            self.does(Role.CLERK, actions.Reject(cause="incomplete"), 5)
        elif end < WITHDRAWN:
            self.does(Role.APPLICANT, actions.Withdraw(), 5)
        else:
            self._handle(promised, way, end)

    def _file(self, promised: Terms, way: ReturnWay) -> None:
        channel = self.chance.choice([Channel.ONLINE, Channel.ONLINE, Channel.IN_PERSON])
        papers = tuple(Paper(kind=kind, filed=self.chance.random() < SCANNED) for kind in promised.components)
        filing: dict[str, Any] = {"terms": promised, "return_way": way, "papers": papers, "channel": channel}
        if channel is Channel.ONLINE:
            self.does(Role.APPLICANT, actions.Submit(**filing))
        else:
            self.does(Role.CLERK, actions.RegisterAtDesk(**filing))
        if self.dossier.filed_papers:
            self.does(Role.SYSTEM, actions.RecordDigitized(kinds=self.dossier.filed_papers))
        if sought := self.dossier.sought_papers:
            self.does(Role.SYSTEM, actions.RecordReused(found=sought, not_found=(), population_checked=True))

    def _handle(self, promised: Terms, way: ReturnWay, end: float) -> None:
        if self.dossier.owed_vnd(FeeTiming.BEFORE):
            self._pay(PaidVia.PROVINCE_GATEWAY, Role.PARTNER)
        self.does(Role.CLERK, actions.Accept(terms=promised), 4)
        self.does(Role.CLERK, actions.Transfer(), 2)
        if end < OPEN:
            return
        self.does(Role.SPECIALIST, actions.Claim(), 10)
        outcome = Outcome.REFUSED if end < REFUSED else Outcome.GRANTED
        ground = "law" if outcome is Outcome.REFUSED else None
        self.does(Role.SPECIALIST, actions.Propose(outcome=outcome, ground=ground), 24 * self.chance.choice([1, 3, 8]))
        self.does(Role.UNIT_HEAD, actions.ApproveDraft(), 6)
        self.does(Role.SIGNER, actions.Sign(), 8)
        self.does(Role.SYSTEM, actions.RecordSignature(result_code="1/kq", signed_at=self.at))
        self.does(Role.RECORDS, actions.NumberAndIssue(), 2)
        if self.dossier.owed_vnd():
            self._pay(PaidVia.NONE, Role.ACCOUNTANT)
        if way is ReturnWay.POST:
            self.does(Role.SYSTEM, actions.RecordParcel(parcel_number="EJ123456785VN"))
            self.does(Role.RETURN_CLERK, actions.Dispatch(), 5)
            self.does(Role.PARTNER, actions.Delivered(delivered_at=self.at), 40)
        else:
            self.does(Role.RETURN_CLERK, actions.HandOver(), 20)

    def _pay(self, via: PaidVia, role: Role) -> None:
        owed = self.dossier.owed_vnd()
        self.does(role, actions.FeePaid(amount_vnd=owed, paid_via=via, paid_at=self.at, reference="H39-1"), 3)
