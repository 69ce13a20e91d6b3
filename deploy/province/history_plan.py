"""Who files what, where, when and how: the filings of each day of the history, the same for the same seed.

Volumes follow working days, the rush before Tết and the campaign weeks; procedures follow their weight in life; the
channel follows the agency, the service and the month. Every process plans all days alike and lives only its share.
"""

from __future__ import annotations

from bisect import bisect_right
from collections import Counter
from collections.abc import Iterator
from datetime import date, datetime, time, timedelta
from itertools import accumulate
from random import Random
from typing import Final, NamedTuple

from deploy.province.history_quality import BASELINE, qualities
from shared.catalogue import lookup
from shared.catalogue.model import AgencyKind, Catalogue, Procedure, WorkingCalendar
from shared.dossier.actions import Channel
from shared.dossier.codes import dossier_code
from shared.dossier.working_time import DAY

POPULAR: Final = {
    "2.000815": 24, "2.000635": 10, "1.001193": 7, "2.000884": 6, "1.004873": 6, "1.002809": 6, "1.004227": 5,
    "2.001035": 5, "2.000488": 4, "1.004583": 3, "1.000656": 3, "1.000894": 3, "2.000986": 3, "1.001612": 2.5,
    "1.001978": 2.5, "2.000720": 1.5, "1.003003": 1.5, "2.002622": 1.5, "1.009994": 1.5, "1.004203": 1.5,
    "1.001776": 1, "2.001583": 1, "2.002288": 1, "1.011607": 0.8,
}  # fmt: skip
"""Weight of a procedure among all filings; the others have `RARE`. Invented, in the order that offices report."""
RARE: Final = 0.3
TET: Final = (
    date(2022, 2, 1), date(2023, 1, 22), date(2024, 2, 10), date(2025, 1, 29), date(2026, 2, 17), date(2027, 2, 6),
)  # fmt: skip
"""First days of the lunar years."""
_KINDS: Final = {AgencyKind.COMMUNE: 1.0, AgencyKind.DISTRICT: 0.8, AgencyKind.DEPARTMENT: 1.5}
_EASE: Final = {1: -3.0, 2: -1.1, 3: 0.0, 4: 0.75}
"""How much easier the online level of 2022 makes it, in log-odds."""
_AT_THE_DESK: Final = ((7, 8, 9, 10, 13, 14, 15, 16), tuple(accumulate((11, 24, 26, 14, 6, 18, 16, 7))))
_AT_HOME: Final = (
    (0, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22),
    tuple(accumulate((2, 2, 4, 9, 11, 9, 6, 4, 6, 8, 8, 6, 3, 4, 8, 10, 7, 4))),
)
_FROM_THE_POST: Final = ((8, 9, 10, 14), tuple(accumulate((3, 5, 3, 2))))
_HOURS: Final = {Channel.IN_PERSON: _AT_THE_DESK, Channel.ONLINE: _AT_HOME, Channel.POST: _FROM_THE_POST}
_LUNCH_IS_OVER: Final = 30
"""Minutes after 13:00 at which the second shift begins; the first one ends at 11:30."""


class Offer(NamedTuple):
    """A procedure at one of its competent agencies, and since when people really file it online there."""

    procedure: Procedure
    agency_code: str
    online_from: date


class Filing(NamedTuple):
    """One dossier to be: `number` counts all of the history from 0, `at` is local time."""

    number: int
    code: str
    offer: Offer
    channel: Channel
    at: datetime


type _Offers = tuple[list[Offer], list[float]]
"""Offers and their cumulative weights."""


class Plan:
    """All filings between two days. Raises CalendarMissing for a year without a published calendar."""

    def __init__(self, catalogue: Catalogue, *, dossiers: int, seed: int, first: date, last: date) -> None:
        self.catalogue, self.seed = catalogue, seed
        self.qualities = qualities(sorted({row.code for row in catalogue.agencies}), seed)
        self._changes = _changes(catalogue)
        self._offers: dict[tuple[int, date | None], _Offers] = {}
        self._all: dict[int, list[tuple[Offer, float]]] = {}
        self._calendars: dict[tuple[int, str], WorkingCalendar] = {}
        self._days = [first + n * DAY for n in range((last - first).days + 1)]
        steps = list(accumulate(volume(day, lookup.calendar_for(catalogue, None, first)) for day in self._days))
        self._until = [round(dossiers * step / steps[-1]) for step in steps]

    def days(self, share: int = 0, shares: int = 1) -> Iterator[tuple[date, list[Filing]]]:
        """Every day with its filings in the order of time: all, or those of one share."""
        number = 0
        for day, until in zip(self._days, self._until, strict=True):
            filings = self._filings(day, number, until - number)
            yield day, [filing for filing in filings if filing.number % shares == share]
            number = until

    def epoch(self, day: date) -> int:
        """Days of one epoch have the same agencies, procedures, fees, hours and obligations."""
        return bisect_right(self._changes, day)

    def calendar(self, agency_code: str, day: date) -> WorkingCalendar:
        """The agency's own hours and days."""
        key = (self.epoch(day), agency_code)
        if key not in self._calendars:
            self._calendars[key] = lookup.calendar_for(self.catalogue, agency_code, day)
        return self._calendars[key]

    def _filings(self, day: date, first_number: int, count: int) -> Iterator[Filing]:
        chance = Random(f"{self.seed}/{day}")  # noqa: S311 - a repeatable story, not a secret
        drawn = sorted((self._drawn(day, chance) for _ in range(count)), key=lambda row: (row[0], row[1][1]))
        given: Counter[str] = Counter()
        for number, (at, offer, channel) in enumerate(drawn, first_number):
            given[offer.agency_code] += 1
            yield Filing(number, dossier_code(offer.agency_code, day, given[offer.agency_code]), offer, channel, at)

    def _drawn(self, day: date, chance: Random) -> tuple[datetime, Offer, Channel]:
        offer = _one(self._offered(day, at_home=False), chance)
        channel = Channel.ONLINE
        if self.calendar(offer.agency_code, day).is_worked(day):
            channel = self._channel(offer, day, chance)
        elif Channel.ONLINE not in offer.procedure.channels or offer.online_from > day:
            offer = _one(self._offered(day, at_home=True), chance)
        hour, minute = _one(_HOURS[channel], chance), chance.randrange(60)
        if channel is not Channel.ONLINE and hour == 13:  # noqa: PLR2004 - one o'clock
            minute = _LUNCH_IS_OVER + minute // 2
        return datetime.combine(day, time(hour, minute, chance.randrange(60))), offer, channel

    def _channel(self, offer: Offer, day: date, chance: Random) -> Channel:
        procedure, quality = offer.procedure, self.qualities[offer.agency_code]
        if procedure.online_only:
            return Channel.ONLINE
        if Channel.ONLINE in procedure.channels and offer.online_from <= day:
            ease = _EASE[procedure.online_level_2022]
            if chance.random() < quality.online_share(day, ease, national=procedure.integrated_national):
                return Channel.ONLINE
        by_post = 0.04 + 0.02 * max(0, (day - BASELINE).days) / 365
        return Channel.POST if procedure.post_intake and chance.random() < by_post else Channel.IN_PERSON

    def _offered(self, day: date, *, at_home: bool) -> _Offers:
        """Offers of that day with cumulative weights; `at_home`: only what was online when the month began."""
        month = day.replace(day=1)
        key = (self.epoch(day), month if at_home else None)
        if key not in self._offers:
            if key[0] not in self._all:
                self._all[key[0]] = list(self._everything(day))
            rows = [row for row in self._all[key[0]] if not at_home or _is_online(row[0], month)]
            self._offers[key] = [offer for offer, _ in rows], list(accumulate(weight for _, weight in rows))
        return self._offers[key]

    def _everything(self, day: date) -> Iterator[tuple[Offer, float]]:
        procedures = lookup.procedures_on(self.catalogue, day)
        ranked = sorted(procedures, key=lambda row: (-POPULAR.get(row.code, RARE), row.code))
        for place, procedure in enumerate(ranked):
            agencies = lookup.competent_agencies(self.catalogue, procedure, day)
            sizes = {row.code: _KINDS.get(row.kind, 1.0) * self.qualities[row.code].size for row in agencies}
            for code, size in sizes.items():
                begins = self._online_from(place / len(ranked), code, procedure)
                weight = POPULAR.get(procedure.code, RARE) * size / sum(sizes.values())
                yield Offer(procedure, code, begins), weight

    def _online_from(self, rank: float, agency_code: str, procedure: Procedure) -> date:
        """When a service gets its first real online filing: the popular ones and the good agencies begin early.

        The directive counts 41 % of the online services with online dossiers in 05/2022 and asks for 80 % (D1b).
        """
        chance = Random(f"{self.seed}/{agency_code}/{procedure.code}")  # noqa: S311 - a repeatable story
        lag = 420 * (1 - self.qualities[agency_code].online) * chance.random()
        return BASELINE + timedelta(days=round(900 * (rank - 0.45) + lag))


def volume(day: date, calendar: WorkingCalendar) -> float:
    """How many filings a day gets, compared with an ordinary working day. Raises CalendarMissing."""
    to_tet = min(((tet - day).days for tet in TET), key=abs)
    if not calendar.is_worked(day):
        return 0.015 if -6 < to_tet < 3 else 0.06  # noqa: PLR2004 - the holidays themselves
    growth = 1 + 0.12 * (day.year - TET[0].year + day.timetuple().tm_yday / 366)
    campaign = 1.3 if day.day <= 7 else 1.0  # noqa: PLR2004 - the first week of a month
    monday = (1.25, 1.05, 1.0, 0.95, 0.85)[min(day.weekday(), 4)]
    rush = 1.55 if 0 < to_tet <= 12 else 1.3 if -14 <= to_tet < 0 else 1.0  # noqa: PLR2004 - days before and after
    return growth * campaign * monday * rush


def _changes(catalogue: Catalogue) -> list[date]:
    """Every day on which something of the catalogue begins, or has just ended."""
    fees = [fee for row in catalogue.procedures for fee in row.fees]
    dated = [
        *catalogue.agencies, *catalogue.procedures, *catalogue.rule_sets, *catalogue.office_hours,
        *(amount for fee in fees for amount in fee.channel_amounts),
    ]  # fmt: skip
    starts = {row.valid_from for row in dated} | {row.valid_to + DAY for row in dated if row.valid_to}
    plan = catalogue.digitization
    return sorted(starts | {start.required_from for start in plan.starts} | {plan.e25_from})


def _is_online(offer: Offer, day: date) -> bool:
    return Channel.ONLINE in offer.procedure.channels and (offer.procedure.online_only or offer.online_from <= day)


def _one[T](weighted: tuple[list[T] | tuple[T, ...], list[float] | tuple[int, ...]], chance: Random) -> T:
    values, weights = weighted
    return values[bisect_right(weights, chance.random() * weights[-1])]
