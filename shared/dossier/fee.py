"""What a dossier costs by its pinned terms: sums over frozen items, in whole đồng.

Amounts were decided by the catalogue at reception (`shared.catalogue.lookup.terms`); an exempt item stays with 0 đồng
and its reason, because it decides the denominator of the online-payment rate (kpi D3).
"""

from __future__ import annotations

from shared.catalogue.model import FeeTiming, Terms


def total_due(terms: Terms, timing: FeeTiming | None = None) -> int:
    """Đồng to collect at that time, or in all."""
    return sum(item.amount_vnd for item in terms.fees if timing in (None, item.timing))


def has_fee(terms: Terms) -> bool:
    """Whether the procedure is one with fees, whatever this applicant pays."""
    return bool(terms.fees)


def is_exempt(terms: Terms) -> bool:
    """Whether there are fees and all of them are 0: such a dossier leaves the denominator of D3."""
    return has_fee(terms) and total_due(terms) == 0
