"""The twelve dossiers of domain/kpi.md §9 as the topic would tell them: facts after each change, each with its time."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any, Final, NamedTuple

import msgspec

from services.metrics.rules.measures import Measures
from services.metrics.rules.seen import Paper, Pause, Seen
from shared.dossier.actions import ApplicantType, Channel, Outcome, PaidVia, ReturnWay
from shared.dossier.lifecycle import Clock, Stage
from shared.dossier.working_time import LOCAL
from shared.platform.catalogue import load_catalogue

AGENCY: Final = "000.00.03.H39"
PROCEDURE: Final = "2.000488"
CATALOGUE: Final = load_catalogue()
MEASURES: Final = Measures.of(CATALOGUE)


class Told(NamedTuple):
    """One event: when it happened, and the facts after it."""

    at: datetime
    seen: Seen


def local(day: str, clock: str = "00:00:00") -> datetime:
    """`local("04/01", "08:00")` of 2023."""
    clock = clock if clock.count(":") == 2 else f"{clock}:00"
    return datetime.strptime(f"{day}/2023 {clock}", "%d/%m/%Y %H:%M:%S").replace(tzinfo=LOCAL).astimezone(UTC)


def _at(text: str) -> datetime:
    return local(*text.split())


def a_seen(number: int = 1, channel: int = 2, **known: Any) -> Seen:
    """Facts of a filed dossier; anything as it is called there."""
    code = f"{AGENCY}-230104-{number:04d}"
    given: dict[str, Any] = {
        "dossier_code": code,
        "root_code": code,
        "seq": 1,
        "stage": Stage.SUBMITTED,
        "clock": Clock.IDLE,
        "procedure_code": PROCEDURE,
        "agency_competent": AGENCY,
        "channel": Channel(channel),
        "applicant_type": ApplicantType.CITIZEN,
        "return_way": ReturnWay.DESK,
        "submitted_at": known.get("received_at") or local("03/01"),
        "paper_result": True,
        "fee_total_vnd": 200_000,
    }
    return Seen(**(given | known))


def a_life(
    number: int,
    channel: int,
    received: str = "",
    due: str = "",
    end: tuple[str, int] | None = None,
    *,
    supplements: tuple[tuple[str, str], ...] = (),
    paid: int = 0,
    fee: int = 200_000,
    linked: int = 0,
    scan: int = 0,
    reuse: int = 0,
    withdrawn: bool = False,
) -> list[Told]:
    """A row of the table: `end` = (when, status), supplements = (asked, done or empty)."""
    papers = (Paper(digitized=bool(scan), reused=False), Paper(digitized=bool(scan), reused=bool(reuse)))
    seen = a_seen(number, channel, fee_total_vnd=fee, paid_via=PaidVia(paid), components=papers)
    told: list[Told] = []

    def now(at: datetime, **changes: Any) -> None:
        nonlocal seen
        seen = msgspec.structs.replace(seen, seq=len(told) + 1, **changes)
        told.append(Told(at, seen))

    now(_at(received) if received else local("03/01"), submitted_at=_at(received) if received else local("03/01"))
    if received:
        due_at = _at(f"{due} 17:00")
        now(_at(received), stage=Stage.PROCESSING, clock=Clock.RUNS, received_at=_at(received), due_at=due_at,
            due_at_original=due_at, portal_times={2: _at(received)})  # fmt: skip
    for asked, done in supplements:
        pause = Pause(_at(asked), due_at=seen.due_at)
        now(pause.start_at, stage=Stage.SUPPLEMENT, clock=Clock.PAUSED, pauses=(*seen.pauses, pause), due_at=None,
            supplements_asked=seen.supplements_asked + 1)  # fmt: skip
        if done:  # the table gives due times that the supplement did not move
            closed = Pause(pause.start_at, _at(done), completes=True, due_at=pause.due_at)
            now(_at(done), stage=Stage.PROCESSING, clock=Clock.RUNS, pauses=(*seen.pauses[:-1], closed),
                due_at=pause.due_at)  # fmt: skip
    if end is None:
        return told
    at, status = _at(end[0]), end[1]
    ended: dict[str, Any] = {"clock": Clock.STOPPED, "ended_at": at, "portal_times": {**seen.portal_times, status: at}}
    match status:
        case 3:
            now(at, stage=Stage.NOT_ACCEPTED, **ended)
        case 8:
            now(at, stage=Stage.STOPPED, withdrawn=withdrawn, **ended)
        case _:
            signed = {"result_signed_at": at, "result_code": f"{number}/lltp"} if linked else {}
            stage = Stage.RETURNED if status == 10 else Stage.RESULT_READY
            now(at, stage=stage, outcome=Outcome.GRANTED, **ended, **signed)
    return told


SCAN: Final[dict[str, Any]] = {"linked": 1, "scan": 1}
LIVES: Final[dict[int, list[Told]]] = {
    1: a_life(1, 2, "04/01 08:00", "30/01", ("27/01 10:00", 9), paid=1, reuse=1, **SCAN),
    2: a_life(2, 2, "04/01 10:00", "31/01", ("31/01 17:00", 9), paid=2, **SCAN),
    3: a_life(3, 2, "05/01 14:00", "01/02", ("02/02 09:00", 9)),
    4: a_life(4, 1, "06/01 08:10", "03/02", ("03/02 16:00", 9), fee=0, **SCAN),
    5: a_life(
        5, 1, "09/01 08:20", "31/01", ("02/02 08:00", 9), supplements=(("12/01 08:00", "16/01 08:00"),)
    ),
    6: a_life(
        6, 3, "10/01 09:00", "31/01", ("20/01 15:00", 9),
        supplements=(("11/01 08:00", "12/01 08:00"), ("13/01 08:00", "16/01 08:00")),
    ),
    7: a_life(7, 2, "10/01 10:00", "30/01", supplements=(("16/01 08:00", ""),), paid=1),
    8: a_life(8, 2, end=("05/01 10:00", 3)),
    9: a_life(9, 1, end=("11/01 09:00", 8), withdrawn=True),
    10: a_life(10, 1, "12/01 08:30", "31/01", ("17/01 09:00", 8), withdrawn=True),
    11: a_life(11, 2, "17/01 07:30", "02/02", ("01/02 11:00", 10), **SCAN),
    12: a_life(12, 1, "05/01 08:30", "27/01", ("10/02 09:00", 9)),
}  # fmt: skip
EVENTS: Final = [told for life in LIVES.values() for told in life]
END_OF_JANUARY: Final = local("31/01", "23:59:59")
END_OF_FEBRUARY: Final = local("28/02", "23:59:59")


def newest(events: Iterable[Told], at: datetime = END_OF_FEBRUARY) -> dict[str, Seen]:
    """Facts after T are ignored; of the others the highest `seq` of each dossier wins, whatever their order."""
    known: dict[str, Seen] = {}
    for told in events:
        code = told.seen.dossier_code
        if told.at <= at and (code not in known or known[code].seq < told.seen.seq):
            known[code] = told.seen
    return known


def counted(
    events: Iterable[Told] = EVENTS, at: datetime = END_OF_FEBRUARY, *, period: str = "2023-01", agency: str = ""
) -> dict[str, int]:
    """Every measure of a month as of a time."""
    totals = dict.fromkeys(MEASURES.names, 0)
    for seen in newest(events, at).values():
        where = MEASURES.contribution(seen).where
        if where.period == period and agency in ("", where.agency_code):
            for name, count in zip(MEASURES.names, MEASURES.counts_at(seen, at), strict=True):
                totals[name] += count
    return totals


def figure(id_: str, events: Iterable[Told] = EVENTS, at: datetime = END_OF_FEBRUARY) -> tuple[int, int]:
    """Numerator and denominator of an indicator in January 2023."""
    row = next(row for row in CATALOGUE.indicators if row.id == id_)
    totals = counted(events, at)
    return totals[row.numerator], totals[row.denominator or "received"]
