"""What the words of `shared.catalogue.formula` mean in the facts of one dossier: the only place that says it.

`Traits` has one value per word, in the same order; equal traits count equally, so the counts of one are remembered.
Pure, and quick: it runs once or twice for every event on the log.
"""

from __future__ import annotations

from typing import Final, NamedTuple

from services.metrics.rules.seen import Seen
from shared.dossier.actions import Outcome
from shared.dossier.lifecycle import Clock, Stage

_RESULTS: Final = frozenset({9, 10})
"""Status of a result that waits for its owner, and of one that was returned."""

type Plain = tuple[bool | int | str, ...]


class Traits(NamedTuple):
    """A dossier as measures ask about it; plain words and numbers, so that they hash and compare quickly."""

    is_root: bool
    """Not a linked leg, not a correction: what one request set off is counted once, by its root."""
    is_correction: bool
    channel: str
    applicant: str
    assisted: bool
    guided: bool
    """At the counter, online filing and post were explained."""
    integrated_national: bool
    essential: bool
    """One of the 25 services of QĐ 06/QĐ-TTg."""
    paper_result: bool
    digitization_required: bool
    """Received after the day from which its agency must digitize."""
    fully_online: bool
    accepted: bool
    fate: str
    """OPEN, or the one way it ended; FINISHED = granted and issued, a refusal after appraisal is REFUSED."""
    has_result: bool
    """Status 9 or 10 was reached: a refusal after appraisal is a result too (NĐ 61/2018/NĐ-CP Điều 19.8)."""
    returned: bool
    paused: bool
    timing: str
    """See `services.metrics.rules.timing`; NONE before acceptance."""
    answer: str
    """Of an online filing: answered within 8 working hours, or still to be; NONE where nobody promised it."""
    extended: bool
    """A new date was given with an apology (NĐ 61/2018/NĐ-CP Điều 19.9)."""
    marked_overdue: bool
    fault: str
    contacts: int
    """How often the applicant was asked for more, before and after acceptance."""
    supplements: int
    late_supplement: bool
    overrides: int
    duty_asked: bool
    papers_digitized: int
    papers_reused: int
    papers_missing: int
    """Components with neither a scan nor a reuse record."""
    population_checked: bool
    result_linked: bool
    """The signed electronic result exists and was issued."""
    result_coded: bool
    return_way: str
    parcel_booked: bool
    fee_charged: bool
    """A fee that is not nothing: an exempt dossier has none."""
    paid_via: str


def traits_of(seen: Seen, timing: str, answer: str) -> Plain:
    """The dossier's traits, given how its timing and its first answer are judged (rules/timing.py).

    A plain tuple in the order of `Traits`: making the named one would cost as much as all the rest.
    """
    scanned = reused = missing = 0
    for paper in seen.components:
        if paper.digitized:
            scanned += 1
        elif not paper.reused:
            missing += 1
        if paper.reused:
            reused += 1
    has_result = not _RESULTS.isdisjoint(seen.portal_times)
    fault = seen.overdue_fault
    return (
        seen.root_code == seen.dossier_code,
        seen.is_correction,
        seen.channel._name_,
        seen.applicant_type._name_,
        seen.assisted,
        seen.guided,
        seen.integrated_national,
        seen.e25,
        seen.paper_result,
        seen.digitization_required,
        seen.online_level == "FULL",
        seen.received_at is not None,
        _fate(seen),
        has_result,
        seen.stage is Stage.RETURNED,
        seen.clock is Clock.PAUSED,
        timing,
        answer,
        seen.apologised_at is not None,
        seen.overdue_at is not None,
        fault._name_ if fault is not None else "NONE",
        seen.completions_asked + seen.supplements_asked,
        seen.supplements_asked,
        seen.late_supplement,
        len(seen.overrides),
        seen.duty_notice is not None,
        scanned,
        reused,
        missing,
        seen.population_check,
        has_result and seen.result_signed_at is not None,
        has_result and seen.result_code is not None,
        seen.return_way._name_,
        seen.parcel_booked,
        seen.fee_total_vnd > 0,
        seen.paid_via._name_,
    )


def _fate(seen: Seen) -> str:
    """Exactly one for every dossier: the fair count stands on it."""
    stage = seen.stage
    if stage is Stage.STOPPED:
        return "WITHDRAWN" if seen.withdrawn else "STOPPED"
    if stage is Stage.NOT_ACCEPTED:
        return "REFUSED"
    if seen.ended_at is None:
        return "OPEN"
    return "REFUSED" if seen.outcome is Outcome.REFUSED else "FINISHED"
