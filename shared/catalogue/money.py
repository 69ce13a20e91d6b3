"""Fees in the catalogue: what a procedure costs, whom the law lets pay less, and the item frozen for one dossier.

Whole đồng everywhere. Imported by others through `shared.catalogue.model`.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import Literal, Self

from pydantic import NonNegativeInt, PositiveInt, model_validator

from shared.catalogue.row import Dated, Row


class FeeKind(StrEnum):
    """Phí pays a service, lệ phí is a fixed charge (Luật 97/2015/QH13)."""

    PHI = "PHI"
    LE_PHI = "LE_PHI"


class FeeTiming(StrEnum):
    """Collected before acceptance or before the result is handed over."""

    BEFORE = "BEFORE"
    AFTER = "AFTER"


class Exemption(StrEnum):
    """Groups and cases that pay less or nothing, per fee (Luật 97/2015 Điều 10, Luật Hộ tịch Điều 11)."""

    CHILD = "CHILD"
    POOR = "POOR"
    ELDERLY = "ELDERLY"
    DISABLED = "DISABLED"
    MERIT = "MERIT"
    ETHNIC_MINORITY = "ETHNIC_MINORITY"
    DIFFICULT_AREA = "DIFFICULT_AREA"
    STUDENT = "STUDENT"
    ON_TIME = "ON_TIME"


class Area(StrEnum):
    """Thành phố and thị xã, or elsewhere: some fees differ."""

    URBAN = "URBAN"
    RURAL = "RURAL"


class Tier(Row):
    """From this unit (page, copy) on, each unit costs so much."""

    from_unit: PositiveInt = 1
    each_vnd: NonNegativeInt


class ChannelAmount(Dated):
    """Another amount for one channel between two dates (TT 63/2023 and the like)."""

    channel: Literal[1, 2, 3]
    amount_vnd: NonNegativeInt


class Fee(Row):
    """What a procedure costs: one amount, or tiers per unit with a cap."""

    code: str
    name: str
    kind: FeeKind
    timing: FeeTiming
    amount_vnd: NonNegativeInt | None = None
    tiers: tuple[Tier, ...] = ()
    cap_vnd: PositiveInt | None = None
    exemptions: Mapping[Exemption, NonNegativeInt] = {}
    channel_amounts: tuple[ChannelAmount, ...] = ()
    area: Area | None = None
    law: str

    @model_validator(mode="after")
    def _one_way_to_price(self) -> Self:
        if (self.amount_vnd is None) == (not self.tiers):
            raise ValueError("a fee has amount_vnd or tiers, one of them")
        return self

    def amount_for(self, quantity: int = 1) -> int:
        """Đồng for that many units (pages, copies); a fixed fee does not depend on them."""
        if self.amount_vnd is not None:
            return self.amount_vnd
        starts = [tier.from_unit for tier in self.tiers[1:]] + [quantity + 1]
        total = sum(
            tier.each_vnd * max(0, min(end, quantity + 1) - tier.from_unit)
            for tier, end in zip(self.tiers, starts, strict=True)
        )
        return total if self.cap_vnd is None else min(total, self.cap_vnd)


class FeeItem(Row):
    """One fee of one dossier, frozen at reception. An exempt item stays, with amount 0 and its reason."""

    code: str
    kind: FeeKind
    amount_vnd: NonNegativeInt
    timing: FeeTiming
    exemption: Exemption | None = None
