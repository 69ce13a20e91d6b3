"""One dossier walking through time: every act is an order that `Dossier.take` judges, timers ring when they must.

What the workflow does around `take` is done here too: its own moves are `SYSTEM`'s, `next_timer` rings before the next
act, and each change tells one event. Nothing is said after the horizon.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Any, Final, NamedTuple, Self, cast

from deploy.province.history_facts import Teller
from shared.dossier.actions import About, Action, By, Order
from shared.dossier.lifecycle import Act, Role, Stage
from shared.dossier.state import Dossier
from shared.dossier.working_time import OFFSET

NEVER: Final = datetime.max.replace(tzinfo=UTC)
_FEE_WARNING: Final = timedelta(days=5)
"""The first warning of the rule set's patience; when it rings is decided by `next_timer` alone."""


class Horizon(Exception):
    """The history ends before this act: the dossier stays as it is."""


type Told = tuple[int, str, int, str, bytes]
"""One event: when it was recorded (milliseconds since 1970), dossier code, seq, change and value of its record.

A plain tuple: ten million of them are sorted and sent between processes.
"""


class _Dossier(Dossier):
    """`take` as it is, at a third of its price: values are set without pydantic's bookkeeping, and not copied.

    Orders here carry one act each, so the snapshot after it is the dossier itself.
    """

    __setattr__ = object.__setattr__

    def model_copy(self, **_: Any) -> Self:
        return self


_BLANK: Final = _Dossier(dossier_code="H39-220101-0001", root_code="H39-220101-0001")
"""Made once; its empty lists are never filled, only replaced."""


class _Order(NamedTuple):
    """What `take` reads of an order; the ids are ours, the action is validated already."""

    command_id: str
    by: By
    actions: tuple[Action, ...]
    seq: int | None = None


class Walker:
    """A dossier, its clock and what it has told. Times are local and naive, as the calendar's are."""

    def __init__(self, code: str, root: str, agency_code: str, horizon: datetime) -> None:
        self.dossier = _BLANK.__copy__()
        self.dossier.dossier_code, self.dossier.root_code = code, root
        self.agency_code = agency_code
        self.now = datetime.min  # noqa: DTZ901 - local, as all times here
        self.told: list[Told] = []
        self._horizon = horizon
        self._teller = Teller()

    def does(self, role: Role, action: Action, at: datetime, *, person: str = "", agency_code: str = "") -> None:
        """An act at that moment, after everything that rings before it. Raises Horizon; Refused would be a bug."""
        at = max(at, self.now)
        self.waits_until(at)
        self._take(action, _by(role, agency_code or self.agency_code, person), (at - OFFSET).replace(tzinfo=UTC))

    def waits_until(self, at: datetime) -> None:
        """Only what happens by itself before this moment. Raises Horizon when that comes first."""
        moment = (min(at, self._horizon) - OFFSET).replace(tzinfo=UTC)
        while _alarm(self.dossier) <= moment and (timer := self.dossier.next_timer) and timer.at < moment:
            self._take(timer.action, _by(Role.SYSTEM, "", ""), max(timer.at, (self.now - OFFSET).replace(tzinfo=UTC)))
        if at >= self._horizon:
            raise Horizon
        self.now = max(self.now, at)

    def _take(self, action: Action, by: By, moment: datetime) -> None:
        dossier = self.dossier
        own = by.role is Role.SYSTEM
        command_id = f"own-{action.kind}-{dossier.seq}" if own else f"{dossier.dossier_code}/{dossier.seq + 1}"
        action.__dict__.setdefault("cause", None)  # pydantic takes 12 µs to say that a field is not there
        dossier.take(cast("Order", _Order(command_id, by, (action,))), moment)
        change = dossier.last_change
        assert change is not None  # noqa: S101 - an order that was taken has changed something
        self.now = change.at.replace(tzinfo=None) + OFFSET
        recorded_ms = round(change.at.timestamp() * 1000)
        value = self._teller.value(dossier)
        self.told.append((recorded_ms, dossier.dossier_code, dossier.seq, change.change, value))


@lru_cache(maxsize=4096)
def _by(role: Role, agency_code: str, person: str) -> By:
    return By(role=role, agency_code=agency_code or None, person_code=person or str(role).lower())


def _alarm(dossier: Dossier) -> datetime:
    """No later than the next timer: cheap enough to be asked before each act."""
    times = [asked.due_at for asked in dossier.consultations if asked.closed_at is None]
    if (near := dossier.near_due_at) and ((said := dossier.reminded.get(About.NEAR_DUE)) is None or said < near):
        times.append(near)
    if dossier.due_at and dossier.overdue_at is None and dossier.ended_at is None:
        times.append(dossier.due_at)
    if dossier.patience_until:
        times.append(dossier.patience_until)
    if dossier.entered_at and dossier.stage is Stage.FEE_BEFORE:
        times.append(dossier.entered_at + _FEE_WARNING)
    if dossier.entered_at and dossier.terms and dossier.stage is Stage.RESULT_READY:
        said = dossier.reminded.get(Act.NOTIFY_READY)
        ahead = (dossier.entered_at + timedelta(days=days) for days in dossier.terms.patience.collection_days)
        times.append(next((at for at in ahead if said is None or said < at), NEVER))
    return min(times, default=NEVER)
