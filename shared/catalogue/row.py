"""What every row of the catalogue shares: it is frozen, knows nothing unknown, and has dates of effect."""

from __future__ import annotations

from datetime import date
from enum import StrEnum

from pydantic import BaseModel, ConfigDict, NonNegativeInt, PositiveInt

type Ratio = tuple[NonNegativeInt, PositiveInt]
"""An exact share: [80, 100] is 80 %. Percentages are made in views."""


class Row(BaseModel):
    """Base of all rows: frozen, nothing unknown."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Dated(Row):
    """A row in force from `valid_from` to `valid_to`, both days included; no end = still in force."""

    valid_from: date
    valid_to: date | None = None

    def in_force(self, on: date) -> bool:
        """Whether the row binds on that day."""
        return self.valid_from <= on and (self.valid_to is None or on <= self.valid_to)


class AgencyKind(StrEnum):
    """Place in the tree; `VERTICAL` = ngành dọc (police, tax, insurance), counted apart."""

    PROVINCE = "PROVINCE"
    CENTRE = "CENTRE"
    DEPARTMENT = "DEPARTMENT"
    BRANCH = "BRANCH"
    VERTICAL = "VERTICAL"
    DISTRICT = "DISTRICT"
    DISTRICT_OFFICE = "DISTRICT_OFFICE"
    COMMUNE = "COMMUNE"
