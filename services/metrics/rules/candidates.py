"""Procedures that could be received online only, ranked: mostly online, hardly refused, nobody has to come (kpi §7)."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from fractions import Fraction
from typing import NamedTuple

from shared.catalogue.lookup import procedures_on
from shared.catalogue.model import Catalogue, Procedure

type Monthly = Mapping[tuple[str, str, str], int]
"""(measure, procedure, month) → count, of all agencies together."""


class Candidate(NamedTuple):
    """What speaks for a procedure."""

    procedure_code: str
    months: int
    online: int
    received: int
    refused: int
    submitted: int

    @property
    def share(self) -> Fraction:
        """Online of all received."""
        return Fraction(self.online, self.received)


def candidates(counts: Monthly, catalogue: Catalogue, on: date) -> tuple[Candidate, ...]:
    """The procedures that meet all conditions of `counting`: highest share first, then most dossiers."""
    found = [_candidate(counts, row.code) for row in procedures_on(catalogue, on) if _may(row)]
    good = [row for row in found if row.received and _meets(row, catalogue)]
    return tuple(sorted(good, key=lambda row: (-row.share, -row.received, row.procedure_code)))


def _may(row: Procedure) -> bool:
    """Open online and elsewhere too, and the law asks nobody to appear."""
    return 2 in row.channels and not row.online_only and not row.presence_required  # noqa: PLR2004 - portal's number


def _candidate(counts: Monthly, code: str) -> Candidate:
    def total(measure: str) -> int:
        return sum(n for (name, procedure, _), n in counts.items() if (name, procedure) == (measure, code))

    months = {month for (name, procedure, month), n in counts.items() if (name, procedure) == ("received", code) and n}
    return Candidate(
        code, len(months), total("received_online"), total("received"), total("refused"), total("submitted")
    )


def _meets(row: Candidate, catalogue: Catalogue) -> bool:
    rules = catalogue.counting
    return (
        row.months >= rules.online_only_months
        and row.share >= Fraction(*rules.online_only_share)
        and Fraction(row.refused, row.submitted or 1) <= Fraction(*rules.online_only_refusals)
    )
