"""One dossier's life in memory: the only code that moves it, always through the table, never by itself.

`check` refuses or stays silent; `take` moves and says what changed. Both run the same lines: `check` on a copy, so
whatever could fail fails before anything is written down.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict

from shared.catalogue.model import CalendarMissing, FeeTiming, Terms
from shared.dossier import actions
from shared.dossier.actions import Action, By, Channel, Order, Outcome, PaidVia, ReturnWay, instant
from shared.dossier.codes import AgencyCode, DossierCode, PersonCode, ResultCode, Word
from shared.dossier.deadline import due
from shared.dossier.lifecycle import CHANGES, MOVES, NOT_YET, STAGES, Act, Landing, Role, Stage, acts_at, acts_of
from shared.dossier.refusal import Forbidden, Refused

PaperState = Literal["FILED", "SOUGHT", "DIGITIZED", "REUSED", "MISSING"]


class Change(BaseModel):
    """What happened, in the past tense: one per event."""

    model_config = ConfigDict(frozen=True)

    change: Word
    role: Role
    agency_code: AgencyCode | None
    from_stage: Stage | None
    to_stage: Stage
    at: AwareDatetime
    cause: Word | None = None


class Dossier(BaseModel):
    """Everything the workflow knows of a dossier. Only `take` moves it, by replacing values, never inside them.

    So a shallow copy is a snapshot. No person, codes only.
    Times are aware UTC instants in whole milliseconds, money is whole đồng. `seq` counts changes from 1.
    """

    model_config = ConfigDict(extra="forbid")

    dossier_code: DossierCode
    root_code: DossierCode
    stage: Stage | None = None
    stage_before: Stage | None = None
    seq: int = 0
    passed: list[Stage] = []
    portal_times: dict[int, AwareDatetime] = {}
    last_change: Change | None = None

    terms: Terms | None = None
    channel: Channel = Channel.ONLINE
    applicant_type: actions.ApplicantType = actions.ApplicantType.CITIZEN
    return_way: ReturnWay = ReturnWay.DESK
    assisted: bool = False
    guided: bool = False
    agency_reception: AgencyCode | None = None
    agency_competent: AgencyCode | None = None
    papers: dict[str, PaperState] = {}
    population_checked: bool = False

    submitted_at: AwareDatetime | None = None
    received_at: AwareDatetime | None = None
    due_at: AwareDatetime | None = None
    due_at_original: AwareDatetime | None = None
    overdue_at: AwareDatetime | None = None
    ended_at: AwareDatetime | None = None
    returned_at: AwareDatetime | None = None

    holder: PersonCode = ""
    drafted_by: PersonCode = ""
    signed_by: PersonCode = ""
    outcome: Outcome | None = None
    cause: Word | None = None
    result_code: ResultCode | None = None
    result_signed_at: AwareDatetime | None = None
    parcel_number: str | None = None
    paid_vnd: int = 0
    paid_via: PaidVia = PaidVia.NONE
    paid_at: AwareDatetime | None = None

    answered: list[str] = []
    """Command ids already taken, newest last: survives continue-as-new, where the server forgets Update ids."""

    now: AwareDatetime | None = None
    acting_person: PersonCode = ""

    # --- what is so -------------------------------------------------------------------------------------------------

    @property
    def ended(self) -> bool:
        """At one of the three ends."""
        return self.stage is not None and STAGES[self.stage].is_end

    @property
    def is_looking_at_papers(self) -> bool:
        """Digitization or the search for reusable papers is still under way."""
        return any(state in ("FILED", "SOUGHT") for state in self.papers.values())

    @property
    def missing_papers(self) -> tuple[str, ...]:
        """Required components that are neither digitized nor reused."""
        return tuple(kind for kind, state in self.papers.items() if state == "MISSING")

    @property
    def filed_papers(self) -> tuple[str, ...]:
        """Components that wait for digitization."""
        return tuple(kind for kind, state in self.papers.items() if state == "FILED")

    @property
    def sought_papers(self) -> tuple[str, ...]:
        """Components that wait for the search in shared data."""
        return tuple(kind for kind, state in self.papers.items() if state == "SOUGHT")

    def owed_vnd(self, timing: FeeTiming | None = None) -> int:
        """Whole đồng still to be paid: of one due moment, or of all."""
        if self.terms is None or self.paid_at is not None:
            return 0
        return sum(fee.amount_vnd for fee in self.terms.fees if timing in (None, fee.timing))

    @property
    def was_accepted(self) -> bool:
        """The legal clock was started at some time."""
        return self.received_at is not None

    def acts_open_to(self, role: Role) -> tuple[Act, ...]:
        """The acts a role may ask now, by stage and role; a guard may still say no."""
        return acts_of(self.stage, role)

    # --- what may change --------------------------------------------------------------------------------------------

    def has_taken(self, order: Order) -> bool:
        """Whether this very order was taken before: a double click is one act."""
        return order.command_id in self.answered

    def check(self, order: Order, at: datetime) -> None:
        """Raise Refused when the order may not be taken at this instant; changes nothing."""
        self.model_copy().take(order, at)

    def take(self, order: Order, at: datetime) -> list[Dossier]:
        """Move by all the order's actions; the dossier after each of them, for publication.

        Raises Refused (409) when the table or a guard forbids it, Forbidden (403) for the wrong role.
        """
        if self.has_taken(order):
            return []
        if order.seq is not None and order.seq != self.seq:
            raise self._refusal("moved_on", "Hồ sơ vừa thay đổi; vui lòng xem lại trước khi thao tác.", order.by.role)
        after = []
        for action in order.actions:
            self._take_one(action, order.by, instant(at))
            after.append(self.model_copy())
        self.answered = [*self.answered[-99:], order.command_id]
        return after

    def _take_one(self, action: Action, by: By, at: datetime) -> None:
        act = Act(action.kind)
        move = MOVES.get((self.stage, act))
        if move is None:
            raise self._refusal("not_allowed_now", f"Không thể thực hiện “{act}” ở bước hiện tại.", by.role)
        if by.role not in move.by:
            roles = ", ".join(sorted(move.by))
            raise Forbidden("not_your_role", f"Việc này thuộc thẩm quyền của: {roles}.", self._allowed(by.role))
        if act in NOT_YET:
            raise self._refusal("not_yet", f"Chức năng “{act}” chưa được cung cấp.", by.role)
        self.now, self.acting_person = at, by.person_code
        move.guard(self, action)
        self._apply(action, by, at)
        self._land(move.to, act, by, at, getattr(action, "cause", None))

    def _land(self, to: Stage | Landing, act: Act, by: By, at: datetime, cause: str | None) -> None:
        before = self.stage
        if to is Landing.BEFORE:
            stage, self.stage_before = self.stage_before, None
        elif to is Landing.SAME:
            stage = before
        else:
            stage = Stage(to)
        assert stage is not None  # noqa: S101 - the table has no SAME or BEFORE row from nothing; tested
        if stage is not before:
            self.stage_before = before if stage is Stage.WITHDRAW_ASKED else self.stage_before
            portal = STAGES[stage].portal
            if portal is not None:
                self.portal_times = {portal: at, **self.portal_times}
            if stage not in self.passed:
                self.passed = [*self.passed, stage]
            self.stage = stage
        if self.ended and self.ended_at is None:
            self.ended_at = at
        self.seq += 1
        self.last_change = Change(
            change=CHANGES[act],
            role=by.role,
            agency_code=by.agency_code,
            from_stage=before,
            to_stage=stage,
            at=at,
            cause=cause,
        )

    def _apply(self, action: Action, by: By, at: datetime) -> None:  # noqa: C901, PLR0912 - one case per act
        match action:
            case actions.Filing():
                self._file(action, by, at)
            case actions.RecordDigitized():
                self.papers = {**self.papers, **dict.fromkeys(action.kinds, "DIGITIZED")}
            case actions.RecordReused():
                found: dict[str, PaperState] = dict.fromkeys(action.found, "REUSED")
                self.papers = {**self.papers, **found, **dict.fromkeys(action.not_found, "MISSING")}
                self.population_checked = self.population_checked or action.population_checked
            case actions.Accept() | actions.AcceptAndFinish():
                self._accept(action.terms, at)
                if isinstance(action, actions.AcceptAndFinish):
                    self.outcome, self.result_code = Outcome.GRANTED, action.result_code
                    self.ended_at = self.returned_at = at
            case actions.FeePaid():
                self.paid_vnd = action.amount_vnd
                self.paid_via, self.paid_at = action.paid_via, instant(action.paid_at)
            case actions.Reject():
                self.cause = action.cause
            case actions.Forward() | actions.TransferCompetence():
                self.agency_competent = action.agency_code
            case actions.Transfer():
                self.agency_competent = action.agency_code or self.agency_competent
            case actions.Claim():
                self.holder = by.person_code
            case actions.Assign() | actions.Reassign():
                self.holder = action.person_code
            case actions.Propose():
                self.outcome, self.cause = action.outcome, action.ground
                self.drafted_by = by.person_code
            case actions.SendBack() | actions.DeclineSignature():
                self.outcome = None
            case actions.Sign():
                self.signed_by = by.person_code
            case actions.RecordSignature():
                self.result_code, self.result_signed_at = action.result_code, instant(action.signed_at)
            case actions.NumberAndIssue():
                self.ended_at = at
            case actions.MarkOverdue():
                self.overdue_at = at
            case actions.RecordParcel():
                self.parcel_number = action.parcel_number
            case actions.HandOver() | actions.DeliverElectronic():
                self.returned_at = at
            case actions.Delivered():
                self.returned_at = instant(action.delivered_at)

    def _file(self, filing: actions.Filing, by: By, at: datetime) -> None:
        self.terms = filing.terms
        self.channel, self.applicant_type = filing.channel, filing.applicant_type
        self.return_way, self.assisted, self.guided = filing.return_way, filing.assisted, filing.guided
        brought = {paper.kind: paper.filed for paper in filing.papers}
        kinds = dict.fromkeys((*filing.terms.components, *brought))
        self.papers = {kind: "FILED" if brought.get(kind) else "SOUGHT" for kind in kinds}
        self.submitted_at = at
        if isinstance(filing, actions.RegisterFromPost):
            self.submitted_at = instant(filing.minutes_signed_at)
        self.agency_reception = self.agency_competent = by.agency_code

    def _accept(self, terms: Terms, at: datetime) -> None:
        self.terms = terms
        self.received_at = self.submitted_at if self.channel is Channel.POST else at  # QĐ 45/2016 Điều 7.4: the minutes
        try:
            self.due_at = self.due_at_original = due(
                self.received_at or at, terms.processing_time, terms.calendar
            ).due_at
        except CalendarMissing as missing:
            raise Refused("calendar_missing", f"Chưa công bố lịch làm việc năm {missing.year}.") from missing

    def _allowed(self, role: Role) -> tuple[str, ...]:
        mine = self.acts_open_to(role)
        return mine or tuple(act for act in acts_at(self.stage) if act not in NOT_YET)

    def _refusal(self, code: str, detail: str, role: Role) -> Refused:
        return Refused(code, detail, self._allowed(role))


def portal_status(stage: Stage) -> int | None:
    """Status 1..10 of the national portal, derived, never stored apart."""
    return STAGES[stage].portal


def first_of(times: Mapping[int, datetime], *statuses: int) -> datetime | None:
    """The time of the first status of this order that was reached (end for KPI: 9, else 10, else 8, 3)."""
    return next((times[status] for status in statuses if status in times), None)
