"""What one dossier contributes to the figures: counts of whole dossiers, never shares (domain/kpi.md §1-§4).

A contribution is one vector of counts. Some hold up to `until` and not after: a running dossier is on time until its
due instant and then silently is not, so "open and overdue" needs no event and no sweep.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from types import MappingProxyType
from typing import Final, NamedTuple, Self

from services.metrics.rules.period import month_of
from services.metrics.rules.seen import Seen
from shared.catalogue.model import Catalogue
from shared.dossier.actions import Channel, Fault, Outcome, PaidVia, ReturnWay
from shared.dossier.guards import is_late
from shared.dossier.lifecycle import STAGES, Clock, Stage
from shared.dossier.state import first_of

VERSION: Final = 3
"""Raise it with every change of a contribution: at its next start the service counts everything anew."""

FOREVER: Final = datetime(9999, 12, 31, tzinfo=UTC)


class Where(NamedTuple):
    """Where a dossier counts. `period` is a month of local time, `2023-01`."""

    agency_code: str
    procedure_code: str
    channel: int
    period: str


class Contribution(NamedTuple):
    """What a dossier adds: `counts`, one per measure; `timed`: what is different up to and at `until`, or empty."""

    where: Where
    counts: tuple[int, ...]
    until: datetime
    timed: tuple[int, ...]


class Measures:
    """All measures of a catalogue, ready to count."""

    def __init__(self) -> None:
        self.names = MEASURES
        """The order of counts."""
        self.version = str(VERSION)
        """Changes with every definition: figures counted by another one are counted anew."""
        self.services = tuple(sorted(set(SERVICES.values())))
        """Measures by which services are counted: those of them with at least one."""

    @classmethod
    def of(cls, _: Catalogue) -> Self:
        """The measures that this catalogue declares."""
        return cls()

    def contribution(self, seen: Seen) -> Contribution:
        """What this dossier adds."""
        return contribution(seen)


def contribution(seen: Seen) -> Contribution:
    """What this dossier counts, by its newest facts.

    Membership: month of reception, before it month of filing; held by the competent agency. What was not accepted is
    counted in `submitted` and in how it ended only. What one request set off is counted once, by its root: a linked
    leg adds nothing, a correction is a defect of the agency that makes it.
    """
    month = month_of(seen.received_at or seen.submitted_at)
    where = Where(seen.agency_competent, seen.procedure_code, int(seen.channel), month)
    if seen.root_code != seen.dossier_code:
        return Contribution(where, _CORRECTED if seen.is_correction else _NOTHING, FOREVER, ())
    counted = _COUNTED.values() if seen.received_at else _COUNTED_WITHOUT_RECEPTION.values()
    until = on_time_until(seen)
    counts = [int(counts(seen)) for counts in counted]
    counts += [0] * (len(MEASURES) - len(counts))
    if until == FOREVER:
        counts[_ON_TIME] = 1
    if until in (None, FOREVER):
        return Contribution(where, tuple(counts), FOREVER, ())
    return Contribution(where, tuple(counts), until or FOREVER, _TIMED)


def on_time_until(seen: Seen) -> datetime | None:
    """Up to when the dossier counts as on time: FOREVER once that is settled, None when it never will again.

    Law: NĐ 61/2018/NĐ-CP Điều 19.9; end = time of status 9, else 10, else 8 or 3 (kpi §4, 2.1). A second supplement
    request makes it late. While the clock is paused, and when the dossier ends so, the time it was stopped at is
    judged; a pause that was made good has moved the due time and is not subtracted again.
    """
    if seen.received_at is None or seen.supplements_asked > 1:
        return None
    if seen.clock is Clock.PAUSED:
        return FOREVER if seen.overdue_at is None and seen.remaining_minutes != 0 else None
    if seen.due_at is None:
        return None
    ended_at = first_of(seen.portal_times, 9, 10, 8, 3)
    if ended_at is None:
        return seen.due_at
    if seen.pauses and seen.pauses[-1].end_at == ended_at:
        ended_at = seen.pauses[-1].start_at
    return None if is_late(ended_at, seen.due_at) else FOREVER


def _always(seen: Seen) -> bool:
    return True


def _has_papers_digitized(seen: Seen) -> bool:
    """Each component is a scan or a reuse record, one at least a scan, and a paper result has its signed twin (4.2)."""
    papers = seen.components
    return (
        any(paper.digitized for paper in papers)
        and all(paper.digitized or paper.reused for paper in papers)
        and not (seen.paper_result and seen.result_signed_at is None)
    )


def _was_refused(seen: Seen) -> bool:
    return seen.stage is Stage.NOT_ACCEPTED or (seen.outcome is Outcome.REFUSED and seen.ended_at is not None)


Counts = Callable[[Seen], bool]

_COUNTED_WITHOUT_RECEPTION: Final[Mapping[str, Counts]] = MappingProxyType(
    {
        "submitted": _always,
        "refused": _was_refused,
        "withdrawn": lambda seen: seen.stage is Stage.STOPPED and seen.withdrawn,
        "stopped": lambda seen: seen.stage is Stage.STOPPED and not seen.withdrawn,
        "open": lambda seen: seen.ended_at is None and not STAGES[seen.stage].is_end,
    }
)
_COUNTED: Final[Mapping[str, Counts]] = MappingProxyType(
    {
        **_COUNTED_WITHOUT_RECEPTION,
        "received": _always,
        "received_in_person": lambda seen: seen.channel is Channel.IN_PERSON,
        "received_online": lambda seen: seen.channel is Channel.ONLINE,
        "received_by_post": lambda seen: seen.channel is Channel.POST,
        "received_national": lambda seen: seen.integrated_national,
        "received_online_national": lambda seen: seen.integrated_national and seen.channel is Channel.ONLINE,
        "fee_due": lambda seen: seen.fee_total_vnd > 0,
        "paid_online": lambda seen: (
            seen.fee_total_vnd > 0 and seen.paid_via in (PaidVia.NATIONAL_PLATFORM, PaidVia.PROVINCE_GATEWAY)
        ),
        "digitized": _has_papers_digitized,
        "reused": lambda seen: any(paper.reused for paper in seen.components),
        "finished": lambda seen: seen.outcome is Outcome.GRANTED and seen.ended_at is not None,
        "returned": lambda seen: seen.stage is Stage.RETURNED,
        "returned_by_post": lambda seen: (
            seen.stage is Stage.RETURNED and seen.return_way is ReturnWay.POST and seen.parcel_booked
        ),
        "paused": lambda seen: seen.clock is Clock.PAUSED,
        "supplemented": lambda seen: seen.supplements_asked > 0,
        "supplemented_again": lambda seen: seen.supplements_asked > 1,
        "supplemented_late": lambda seen: seen.late_supplement,
        "overdue": lambda seen: seen.overdue_at is not None,
        "overdue_by_fault": lambda seen: seen.overdue_at is not None and seen.overdue_fault is not Fault.OBJECTIVE,
        "apologised": lambda seen: seen.apologised_at is not None,
        "overridden": lambda seen: bool(seen.overrides),
    }
)

SERVICES: Final[Mapping[str, str]] = MappingProxyType(
    {"online_services_with_dossier": "received", "online_services_with_online_dossier": "received_online"}
)
"""Measures that count services instead of dossiers (D1b): how many online services have at least one of the other."""

MEASURES: Final[tuple[str, ...]] = (*_COUNTED, "on_time", "corrected")
"""What is counted, in the order of every vector of counts."""

_ON_TIME: Final = MEASURES.index("on_time")
_NOTHING: Final = (0,) * len(MEASURES)
_TIMED: Final = tuple(int(name == "on_time") for name in MEASURES)
_CORRECTED: Final = tuple(int(name == "corrected") for name in MEASURES)
