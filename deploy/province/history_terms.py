"""What the catalogue promises, as `lookup.terms` says it, remembered: between two changes only the calendar moves."""

from __future__ import annotations

from datetime import date
from typing import Final

from deploy.province.history_plan import Offer, Plan
from shared.catalogue import lookup
from shared.catalogue.lookup import DAYS_AFTER, DAYS_BEFORE
from shared.catalogue.model import Exemption, Terms, WorkingCalendar
from shared.dossier.actions import Channel

_MOST: Final = 512
"""Calendars kept: acceptances follow filings by days, seldom by weeks."""


class Promises:
    """Terms by procedure, agency, channel and day; a test holds them equal to `lookup.terms`."""

    def __init__(self, plan: Plan) -> None:
        self._plan = plan
        self._known: dict[tuple[object, ...], Terms] = {}
        self._around: dict[tuple[int, date], WorkingCalendar] = {}

    def terms(self, offer: Offer, channel: Channel, on: date, exemption: Exemption | None, quantity: int) -> Terms:
        """Raises NotInCatalogue like `lookup.terms`."""
        code, agency_code = offer.procedure.code, offer.agency_code
        key = (code, agency_code, channel, exemption, quantity, self._plan.epoch(on))
        if key not in self._known:
            self._known[key] = lookup.terms(
                self._plan.catalogue, code, agency_code, int(channel), on, exemption=exemption, quantity=quantity
            )
        return self._known[key].model_copy(update={"calendar": self._calendar(agency_code, on)})

    def _calendar(self, agency_code: str, on: date) -> WorkingCalendar:
        """One object for all agencies of the same hours: its tables of days are made once."""
        whole = self._plan.calendar(agency_code, on)
        if (id(whole), on) not in self._around:
            if len(self._around) >= _MOST:
                self._around.clear()
            self._around[id(whole), on] = whole.around(on, DAYS_BEFORE, DAYS_AFTER)
        return self._around[id(whole), on]
