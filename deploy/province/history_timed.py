"""Chance and time of one life: staff come in office hours, machines at any, people when they get round to it."""

from __future__ import annotations

from datetime import datetime, time, timedelta
from random import Random

from deploy.province.history_walker import Walker
from shared.catalogue.model import WorkingCalendar
from shared.dossier.working_time import after, next_worked, opening, this_or_next_worked


class Timed(Walker):
    """A walker with the agency's calendar and its own chance, both given by its maker."""

    calendar: WorkingCalendar
    chance: Random

    def happens(self, share: float) -> bool:
        return self.chance.random() < share

    def office(self, minutes: float) -> datetime:
        """When about that much working time has run (from half to one and a half of it)."""
        seconds = max(20, int(minutes * 60 * (0.5 + self.chance.random())))
        return after(self.now, timedelta(seconds=seconds), self.calendar)

    def soon(self, seconds: float) -> datetime:
        """Machines answer at any hour."""
        return self.now + timedelta(seconds=1 + int(seconds * self.chance.random()))

    def someday(self, days: float) -> datetime:
        """When a person comes to the desk, after about that many days: in office hours."""
        at = self.now + timedelta(days=self.chance.expovariate(1 / days))
        day = this_or_next_worked(max(at.date(), self.now.date()), self.calendar)
        moment = opening(day, self.calendar) + timedelta(seconds=600 + int(13_800 * self.chance.random()))
        return moment if moment > self.now else self._tomorrow()

    def at_home(self, days: float) -> datetime:
        """When a person gets round to it at home: by day or in the evening."""
        at = self.now + timedelta(days=self.chance.expovariate(1 / days))
        moment = datetime.combine(at.date(), time(7)) + timedelta(seconds=int(54_000 * self.chance.random()))
        return max(moment, self.now + timedelta(minutes=3))

    def _tomorrow(self) -> datetime:
        return opening(next_worked(self.now.date(), self.calendar), self.calendar) + timedelta(
            seconds=900 + int(12_000 * self.chance.random())
        )
