"""What a page is made from: the question, what the store said, the catalogue of the day, and who looks."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from functools import cached_property
from typing import Final

from services.metrics.rules.complaints import Complaints
from services.metrics.rules.measures import Measures
from services.metrics.rules.period import Period
from services.metrics.store import Reading
from services.metrics.views.asked import Asked
from services.metrics.views.figures import Figure, Totals, agency_on, day_of, figures
from services.metrics.views.language import Words
from shared.catalogue.lookup import indicators_on
from shared.catalogue.model import Agency, AgencyKind, Catalogue, Indicator

_GROUPS: Final[Mapping[str, tuple[AgencyKind, ...]]] = {
    "Sở, ban, ngành": (AgencyKind.DEPARTMENT, AgencyKind.CENTRE, AgencyKind.BRANCH),
    "Cơ quan ngành dọc": (AgencyKind.VERTICAL,),
    "Huyện, thị xã, thành phố": (AgencyKind.DISTRICT, AgencyKind.DISTRICT_OFFICE),
    "Xã, phường, thị trấn": (AgencyKind.COMMUNE,),
}


@dataclass(frozen=True)
class Known:
    """What the store said: the asked period, its totals, and totals of the periods before it and of itself."""

    reading: Reading
    totals: Totals
    history: Sequence[tuple[Period, Totals]]


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
    def words(self) -> Words:
        """The reader's language."""
        return self.asked.words

    @cached_property
    def indicators(self) -> Mapping[str, Indicator]:
        """Those in force that are counted here, by id, in the order of the catalogue."""
        counted = {*Measures.of(self.catalogue).names, *(row.name for row in self.catalogue.service_measures)}
        if self.asked.past is None:
            counted.update(Complaints.of(self.catalogue).names)
        return {row.id: row for row in indicators_on(self.catalogue, self.on) if row.numerator in counted}

    @cached_property
    def agency(self) -> Agency:
        """Whose page it is."""
        return agency_on(self.catalogue, self.asked.agency_code, self.on)

    def figures(self, code: str, indicators: Iterable[Indicator], totals: Totals | None = None) -> dict[str, Figure]:
        """Indicator id → figure of one agency."""
        counted = self.known.totals if totals is None else totals
        found = figures(counted, self.catalogue, indicators, [code], hides_below=self.hides_below)
        return {figure.indicator.id: figure for figure in found}

    def history(self, indicators: Iterable[Indicator]) -> list[dict[str, Figure]]:
        """The agency's figures of each period up to this one, oldest first."""
        rows = tuple(indicators)
        return [self.figures(self.asked.agency_code, rows, totals) for _, totals in self.known.history]

    def has_dossiers(self, code: str) -> bool:
        """Whether anything was counted there or below."""
        return code in self._seen

    @cached_property
    def units(self) -> Mapping[str, Sequence[Agency]]:
        """Title → units right below the agency, in force that day or with dossiers all the same; by code."""
        rows = [agency_on(self.catalogue, code, self.on) for code in self.catalogue.agencies_by_code]
        mine = [row for row in rows if row.parent == self.asked.agency_code and self._counts(row)]
        grouped = {title: [row for row in mine if row.kind in kinds] for title, kinds in _GROUPS.items()}
        return {title: sorted(found, key=lambda row: row.code) for title, found in grouped.items() if found}

    def _counts(self, row: Agency) -> bool:
        return row.in_force(self.on) or self.has_dossiers(row.code)

    @cached_property
    def _seen(self) -> frozenset[str]:
        services = {row.name for row in self.catalogue.service_measures}  # offered, with or without dossiers
        return frozenset(scope for measure, scope in self.known.totals if measure not in services)
