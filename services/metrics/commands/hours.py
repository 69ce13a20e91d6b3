"""Working hours by holder: in seconds for programs, in hours and words for people."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from rich.table import Table

from services.metrics.acts.attribution import Attribution
from services.metrics.rules.attribution import Charged, Holder
from services.metrics.views.hours import HOLDERS
from shared.dossier.working_time import MICROSECOND


def seconds_of(code: str, told: Charged | None) -> dict[str, Any]:
    """One dossier's hours; the holders' parts add up to the whole. None: they could not be charged."""
    if told is None:
        return {"dossier_code": code, "elapsed_s": None, "holders_s": {}, "late_s": None, "late_holders_s": {}}
    return {
        "dossier_code": code,
        "elapsed_s": told.total.total_seconds(),
        "holders_s": {holder: time.total_seconds() for holder, time in told.elapsed.items()},
        "late_s": told.lateness.total_seconds(),
        "late_holders_s": {holder: time.total_seconds() for holder, time in told.late.items()},
    }


def sums_of(found: Attribution) -> dict[str, Any]:
    """The sums over all of them, every holder named."""
    return {
        "dossiers": found.dossiers,
        "uncharged": found.uncharged,
        "elapsed_s": _seconds(found.elapsed_us.total()),
        "holders_s": {holder: _seconds(found.elapsed_us[holder]) for holder in Holder},
        "late_s": _seconds(found.late_us.total()),
        "late_holders_s": {holder: _seconds(found.late_us[holder]) for holder in Holder},
    }


def _seconds(microseconds: int) -> float:
    return (microseconds * MICROSECOND) / timedelta(seconds=1)


def hours(told: Mapping[str, Any]) -> Table:
    """`sums_of` as lines; holders without an hour are left out."""
    shown = Table("Giờ làm việc nằm ở", box=None, header_style="bold")
    for title in ("Đã qua", "Quá hạn"):
        shown.add_column(title, justify="right", no_wrap=True)
    for holder, words in HOLDERS.items():
        if told["holders_s"][holder] or told["late_holders_s"][holder]:
            shown.add_row(words, _as_hours(told["holders_s"][holder]), _as_hours(told["late_holders_s"][holder]))
    shown.add_row("Cộng", _as_hours(told["elapsed_s"]), _as_hours(told["late_s"]), style="bold")
    return shown


def _as_hours(seconds: float) -> str:
    return f"{seconds / 3600:.1f}".replace(".", ",")
