"""Which agency counts under which: in the borders of a day, or all of them in the borders of today.

In the borders of a day a closed agency counts where it last belonged. In today's it counts as the one that took it
over; what several took over in parts stands at the nearest agency above all of them, for no fact says into which part
a dossier fell. Either way every count reaches the province once, so both totals are equal.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date

from shared.catalogue.model import Agency, Catalogue, Dated


@dataclass(frozen=True)
class Borders:
    """The tree of one day; `follows`: closed agencies count where their successors stand."""

    catalogue: Catalogue
    on: date
    follows: bool = False

    def path(self, code: str) -> tuple[str, ...]:
        """In whose figures the agency's counts are, the nearest first: itself, unless it was taken over."""
        return _followed(self.catalogue, code, self.on) if self.follows else path_of(self.catalogue, code, self.on)

    def below(self, agency_code: str) -> tuple[str, ...]:
        """Everything that counts in the agency's figures."""
        return tuple(code for code in self.catalogue.agencies_by_code if agency_code in self.path(code))

    def agency(self, code: str) -> Agency:
        """As it is that day, else as it last was. Raises KeyError for an unknown one."""
        return row_on(self.catalogue.agencies_by_code[code], self.on)


def path_of(catalogue: Catalogue, agency_code: str, on: date) -> tuple[str, ...]:
    """The agency and all above it, where it last belonged when it is closed."""
    return tuple(_upwards(catalogue, agency_code, on))


def row_on[T: Dated](rows: tuple[T, ...], on: date) -> T:
    """The row of that day, else the newest there was."""
    return next((row for row in rows if row.in_force(on)), rows[-1])


def _upwards(catalogue: Catalogue, code: str | None, on: date) -> Iterator[str]:
    while code is not None:
        yield code
        rows = catalogue.agencies_by_code.get(code)
        code = row_on(rows, on).parent if rows else None


def _followed(catalogue: Catalogue, code: str, on: date, before: frozenset[str] = frozenset()) -> tuple[str, ...]:
    rows = catalogue.agencies_by_code.get(code)
    heirs = row_on(rows, on).successors if rows and not any(row.in_force(on) for row in rows) else ()
    paths = [_followed(catalogue, heir, on, before | {code}) for heir in heirs if heir not in before]
    if paths:
        return tuple(scope for scope in paths[0] if all(scope in path for path in paths))
    parent = row_on(rows, on).parent if rows else None
    return (code, *_followed(catalogue, parent, on, before)) if parent is not None else (code,)
