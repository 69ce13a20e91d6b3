"""What a page is made from: the question, what the store said, the catalogue of the day, and who looks."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from functools import cached_property
from typing import Final, NamedTuple

from services.metrics.rules.complaints import Complaints
from services.metrics.rules.measures import Measures
from services.metrics.store import Reading
from services.metrics.views.asked import Asked
from services.metrics.views.borders import Borders
from services.metrics.views.figures import Figure, Totals, broken, day_of, figures
from services.metrics.views.language import Words
from services.metrics.views.spans import Span
from shared.catalogue.lookup import indicators_on
from shared.catalogue.model import Agency, AgencyKind, Catalogue, Indicator
from shared.dossier.working_time import LOCAL

_GROUPS: Final[Mapping[str, tuple[AgencyKind, ...]]] = {
    "Sở, ban, ngành": (AgencyKind.DEPARTMENT, AgencyKind.CENTRE, AgencyKind.BRANCH),
    "Cơ quan ngành dọc": (AgencyKind.VERTICAL,),
    "Huyện, thị xã, thành phố": (AgencyKind.DISTRICT, AgencyKind.DISTRICT_OFFICE),
    "Xã, phường, thị trấn": (AgencyKind.COMMUNE,),
}


class Then(NamedTuple):
    """A period of the trend; `withheld`: agencies whose figures of it are not published."""

    period: Span
    totals: Totals
    withheld: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Known:
    """What the store said: the asked period, its totals, and totals of the periods before it and of itself."""

    reading: Reading
    totals: Totals
    history: Sequence[Then]


@dataclass(frozen=True)
class Scene:
    """One reader's question with its answer in numbers. Shares of fewer than `hides_below` dossiers are hidden."""

    known: Known
    catalogue: Catalogue
    asked: Asked
    now: datetime
    hides_below: int = 0
    sees_dossiers: bool = False

    @cached_property
    def on(self) -> date:
        """The day whose catalogue holds."""
        return day_of(self.asked.period, self.now)

    @cached_property
    def today(self) -> date:
        """The local day on which it is looked at."""
        return self.now.astimezone(LOCAL).date()

    @cached_property
    def borders(self) -> Borders:
        """Which agency counts under which."""
        return borders_of(self.asked, self.catalogue, self.now)

    @cached_property
    def withheld(self) -> frozenset[str]:
        """Agencies whose figures are not published."""
        return broken(self.known.reading, self.borders)

    @cached_property
    def words(self) -> Words:
        """The reader's language."""
        return self.asked.words

    @cached_property
    def indicators(self) -> Mapping[str, Indicator]:
        """Those in force that are counted here, by id, in the order of the catalogue."""
        counted = {*Measures.of(self.catalogue).names, *(row.name for row in self.catalogue.service_measures)}
        if self.asked.past is None and not self.asked.is_narrow:
            counted.update(Complaints.of(self.catalogue).names)
        return {row.id: row for row in indicators_on(self.catalogue, self.on) if row.numerator in counted}

    @cached_property
    def agency(self) -> Agency:
        """Whose page it is."""
        return self.borders.agency(self.asked.agency_code)

    def figures(self, code: str, indicators: Iterable[Indicator], then: Then | None = None) -> dict[str, Figure]:
        """Indicator id → figure of one agency."""
        totals, withheld = (then.totals, then.withheld) if then else (self.known.totals, self.withheld)
        on = day_of(then.period, self.now) if then else self.on
        found = figures(totals, self.catalogue, indicators, [code], on, hides_below=self.hides_below, withheld=withheld)
        return {figure.indicator.id: figure for figure in found}

    def history(self, indicators: Iterable[Indicator]) -> list[dict[str, Figure]]:
        """The agency's figures of each period up to this one, oldest first."""
        rows = tuple(indicators)
        return [self.figures(self.asked.agency_code, rows, then) for then in self.known.history]

    def has_dossiers(self, code: str) -> bool:
        """Whether anything was counted there or below."""
        return code in self._seen

    @cached_property
    def units(self) -> Mapping[str, Sequence[Agency]]:
        """Title → units right below the agency, in force that day or with dossiers all the same; by code."""
        rows = [self.borders.agency(code) for code in self.catalogue.agencies_by_code]
        mine = [row for row in rows if row.parent == self.asked.agency_code and self._counts(row)]
        grouped = {title: [row for row in mine if row.kind in kinds] for title, kinds in _GROUPS.items()}
        return {title: sorted(found, key=lambda row: row.code) for title, found in grouped.items() if found}

    def _counts(self, row: Agency) -> bool:
        return row.in_force(self.borders.on) or self.has_dossiers(row.code)

    @cached_property
    def _seen(self) -> frozenset[str]:
        services = {row.name for row in self.catalogue.service_measures}  # offered, with or without dossiers
        return frozenset(scope for measure, scope in self.known.totals if measure not in services)


def borders_of(asked: Asked, catalogue: Catalogue, now: datetime) -> Borders:
    """Those of the period's day, or of today with everything where it stands now."""
    if asked.in_todays_borders:
        return Borders(catalogue, now.astimezone(LOCAL).date(), follows=True)
    return Borders(catalogue, day_of(asked.period, now))
