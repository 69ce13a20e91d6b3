"""The worked numbers of the national and provincial indicators, January 2023: twelve dossiers of judicial records."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime
from typing import Any

import pytest

from services.metrics.rules.measures import FOREVER, MEASURES, SERVICES, contribution, on_time_until
from services.metrics.rules.seen import Paper, Pause, Seen
from services.metrics.views import percent
from shared.dossier.actions import Channel, Fault, Outcome, PaidVia, ReturnWay
from shared.dossier.lifecycle import Clock, Stage
from shared.dossier.working_time import LOCAL
from shared.platform.catalogue import load_catalogue

AGENCY = "000.00.03.H39"
PROCEDURE = "2.000488"


def local(day: str, clock: str = "00:00:00") -> datetime:
    """`local("04/01", "08:00")` of 2023."""
    clock = clock if clock.count(":") == 2 else f"{clock}:00"
    return datetime.strptime(f"{day}/2023 {clock}", "%d/%m/%Y %H:%M:%S").replace(tzinfo=LOCAL).astimezone(UTC)


def a_dossier(number: int, channel: int, **known: Any) -> Seen:
    """A row of the table: `ended=(status, when)`, `scan`, `reuse`, `paid`, `fee`; anything else as it is called."""
    status, at = known.pop("ended", (4, None))
    scan, reuse = known.pop("scan", 0), known.pop("reuse", 0)
    ends = {3: Stage.NOT_ACCEPTED, 8: Stage.STOPPED, 9: Stage.RESULT_READY, 10: Stage.RETURNED}
    given: dict[str, Any] = {
        "dossier_code": f"{AGENCY}-230104-{number:04d}",
        "root_code": f"{AGENCY}-230104-{number:04d}",
        "seq": 9,
        "stage": ends.get(status, Stage.PROCESSING),
        "clock": Clock.STOPPED if at else Clock.RUNS,
        "procedure_code": PROCEDURE,
        "agency_competent": AGENCY,
        "channel": Channel(channel),
        "return_way": ReturnWay.DESK,
        "submitted_at": known.get("received_at") or local("03/01"),
        "portal_times": {status: at} if at else {},
        "ended_at": at,
        "outcome": Outcome.GRANTED if status in (9, 10) else None,
        "paper_result": True,
        "components": (Paper(digitized=bool(scan), reused=False), Paper(digitized=bool(scan), reused=bool(reuse))),
        "result_signed_at": at if scan else None,
        "fee_total_vnd": known.pop("fee", 200_000),
        "paid_via": PaidVia(known.pop("paid", 0)),
    }
    return Seen(**(given | known))


def when(received: tuple[str, str], due: str) -> dict[str, datetime]:
    return {"received_at": local(*received), "due_at": local(due, "17:00")}


TWELVE = [
    a_dossier(1, 2, **when(("04/01", "08:00"), "30/01"), ended=(9, local("27/01", "10:00")), paid=1, scan=1, reuse=1),
    a_dossier(2, 2, **when(("04/01", "10:00"), "31/01"), ended=(9, local("31/01", "17:00")), paid=2, scan=1),
    a_dossier(3, 2, **when(("05/01", "14:00"), "01/02"), ended=(9, local("02/02", "09:00"))),
    a_dossier(4, 1, **when(("06/01", "08:10"), "03/02"), ended=(9, local("03/02", "16:00")), fee=0, scan=1),
    # its supplement took four days: the due time in the facts has moved by them
    a_dossier(5, 1, **when(("09/01", "08:20"), "04/02"), ended=(9, local("02/02", "08:00"))),
    a_dossier(6, 3, **when(("10/01", "09:00"), "31/01"), ended=(9, local("20/01", "15:00")), supplements_asked=2),
    a_dossier(
        7, 2, received_at=local("10/01", "10:00"), paid=1, supplements_asked=1, remaining_minutes=4_800,
        clock=Clock.PAUSED, stage=Stage.SUPPLEMENT, portal_times={5: local("16/01", "08:00")},
    ),
    a_dossier(8, 2, ended=(3, local("05/01", "10:00"))),
    a_dossier(9, 1, ended=(8, local("11/01", "09:00")), withdrawn=True),
    a_dossier(10, 1, **when(("12/01", "08:30"), "31/01"), stage=Stage.STOPPED, clock=Clock.STOPPED, withdrawn=True,
              portal_times={7: local("16/01", "09:00"), 8: local("17/01", "09:00")}),
    a_dossier(11, 2, **when(("17/01", "07:30"), "02/02"), ended=(10, local("01/02", "11:00")), scan=1),
    a_dossier(12, 1, **when(("05/01", "08:30"), "27/01"), ended=(9, local("10/02", "09:00"))),
]  # fmt: skip


def counted(dossiers: list[Seen], at: datetime = FOREVER) -> Counter[str]:
    """Measures of January 2023 as of a time."""
    january: Counter[str] = Counter()
    for told in map(contribution, dossiers):
        if told.where.period == "2023-01":
            january.update(dict(zip(MEASURES, told.counts, strict=True)))
            january.update(dict(zip(MEASURES, told.timed, strict=True)) if told.until >= at and told.timed else {})
    return january


def as_of(at: datetime) -> list[Seen]:
    """The dossiers with only what had happened by then."""
    return [seen if not seen.ended_at or seen.ended_at <= at else _still_running(seen) for seen in TWELVE]


def _still_running(seen: Seen) -> Seen:
    fields = {name: getattr(seen, name) for name in seen.__struct_fields__}
    return Seen(**(fields | {"stage": Stage.PROCESSING, "clock": Clock.RUNS, "portal_times": {}, "ended_at": None}))


def test_ten_of_twelve_are_accepted_and_half_of_them_came_online() -> None:
    january = counted(TWELVE)
    assert (january["submitted"], january["received"], january["received_online"]) == (12, 10, 5)
    assert percent(january["received_online"], january["received"]) == "50.00"


def test_channels_are_counted_apart() -> None:
    january = counted(TWELVE)
    assert (january["received_in_person"], january["received_by_post"]) == (4, 1)


def test_an_exempt_dossier_leaves_the_denominator_of_online_payment() -> None:
    january = counted(TWELVE)
    assert percent(january["paid_online"], january["fee_due"]) == "33.33"
    assert (january["paid_online"], january["fee_due"]) == (3, 9)


def test_digitized_and_reused_shares() -> None:
    january = counted(TWELVE)
    assert percent(january["digitized"], january["received"]) == "40.00"
    assert percent(january["reused"], january["received"]) == "10.00"


def test_on_time_at_the_end_of_january_counts_running_dossiers_until_their_due_time() -> None:
    """d12 is late without any event, d06 for its two supplement requests."""
    at = local("31/01", "23:59:59")
    untils = {seen.dossier_code[-2:]: on_time_until(seen) for seen in as_of(at) if seen.received_at}
    late = {number for number, until in untils.items() if until is None or until < at}
    assert late == {"06", "12"}
    assert counted(as_of(at), at)["on_time"] == 8


def test_on_time_at_the_end_of_february() -> None:
    """d02 ended in the very second it was due; d05's pause moved its due time."""
    at = local("28/02", "23:59:59")
    assert {seen.dossier_code[-2:] for seen in TWELVE if seen.received_at and on_time_until(seen) is None} == {
        "03",
        "06",
        "12",
    }
    assert counted(as_of(at), at)["on_time"] == 7


def test_a_paused_clock_is_judged_when_it_was_stopped() -> None:
    assert on_time_until(TWELVE[6]) == FOREVER
    spent = {"received_at": local("10/01", "10:00"), "stage": Stage.SUPPLEMENT, "clock": Clock.PAUSED}
    assert on_time_until(a_dossier(7, 2, **spent, remaining_minutes=0)) is None
    assert on_time_until(a_dossier(7, 2, **spent, remaining_minutes=60, overdue_at=local("09/01"))) is None


def test_nobody_supplemented_and_the_agency_was_in_time_when_it_asked() -> None:
    asked, stopped = local("16/01", "08:00"), local("20/02", "08:00")
    given: dict[str, Any] = when(("10/01", "10:00"), "30/01") | {"ended": (8, stopped), "supplements_asked": 1}
    assert on_time_until(a_dossier(7, 2, **given, pauses=(Pause(asked, stopped),))) == FOREVER
    assert on_time_until(a_dossier(7, 2, **given, pauses=(Pause(asked, local("17/01")),))) is None
    assert counted([a_dossier(7, 2, **given)])["stopped"] == 1


def test_what_one_request_set_off_is_counted_once() -> None:
    """A leg of a linked procedure adds nothing; a correction is a defect and no dossier of its own."""
    root = f"{AGENCY}-230104-0001"
    received = when(("04/01", "08:00"), "30/01")
    leg, correction = (a_dossier(2, 2, **received, root_code=root, is_correction=is_one) for is_one in (False, True))
    assert not any(contribution(leg).counts)
    assert dict(zip(MEASURES, contribution(correction).counts, strict=True))["corrected"] == 1
    assert sum(contribution(correction).counts) == 1


def test_lateness_is_explained_or_counts_against_the_agency() -> None:
    late = when(("04/01", "08:00"), "30/01") | {"overdue_at": local("30/01", "17:00")}
    told = counted([a_dossier(n, 1, **late, overdue_fault=fault) for n, fault in enumerate((None, *Fault), start=1)])
    assert (told["overdue"], told["overdue_by_fault"]) == (3, 2)


def test_the_last_second_on_time_and_the_first_late_one() -> None:
    received = when(("04/01", "08:00"), "30/01")
    for second, on_time in (("17:00:00", FOREVER), ("17:00:01", None)):
        assert on_time_until(a_dossier(1, 2, **received, ended=(9, local("30/01", second)))) == on_time


def test_a_late_fact_changes_the_month_it_belongs_to() -> None:
    linked = a_dossier(3, 2, **when(("05/01", "14:00"), "01/02"), ended=(9, local("02/02", "09:00")), scan=1)
    before, after = counted(TWELVE), counted([*TWELVE[:2], linked, *TWELVE[3:]])
    assert (after["digitized"], after["received_online"]) == (before["digitized"] + 1, before["received_online"])


def test_every_end_is_counted_once() -> None:
    january = counted(TWELVE)
    assert january["open"] == 1  # d07
    assert sum(january[end] for end in ("finished", "open", "refused", "withdrawn", "stopped")) == january["submitted"]
    assert (january["finished"], january["refused"], january["withdrawn"]) == (8, 1, 2)


def test_a_refusal_after_appraisal_counts_when_it_is_issued() -> None:
    refused = a_dossier(1, 2, **when(("04/01", "08:00"), "30/01"), outcome=Outcome.REFUSED)
    issued = a_dossier(
        1, 2, **when(("04/01", "08:00"), "30/01"), outcome=Outcome.REFUSED, ended=(9, local("27/01"))
    )  # fmt: skip
    assert (counted([refused])["refused"], counted([issued])["refused"], counted([issued])["finished"]) == (0, 1, 0)


@pytest.mark.parametrize(("way", "booked", "by_post"), [("POST", True, 1), ("POST", False, 0), ("DESK", False, 0)])
def test_returned_by_post_needs_a_parcel(way: str, booked: bool, by_post: int) -> None:  # noqa: FBT001
    seen = a_dossier(
        1, 1, **when(("04/01", "08:00"), "30/01"), ended=(10, local("27/01")),
        return_way=ReturnWay(way), parcel_booked=booked,
    )  # fmt: skip
    assert (counted([seen])["returned"], counted([seen])["returned_by_post"]) == (1, by_post)


def test_a_dossier_moves_to_the_month_of_its_reception() -> None:
    filed = a_dossier(1, 2, submitted_at=local("31/01", "23:00"))
    accepted = a_dossier(1, 2, submitted_at=local("31/01", "23:00"), **when(("01/02", "08:00"), "10/02"))
    assert contribution(filed).where.period == "2023-01"
    assert contribution(accepted).where.period == "2023-02"


def test_the_catalogue_names_only_measures_that_are_counted() -> None:
    named = {name for row in load_catalogue().indicators for name in (row.numerator, row.denominator) if name}
    assert named <= {*MEASURES, *SERVICES}
