"""One dossier's life in memory: the only code that moves it, always through the table, never by itself.

`check` refuses or stays silent; `take` moves and says what changed. Both run the same lines: `check` on a copy, so
whatever could fail fails before anything is written down.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime

from pydantic import AwareDatetime, BaseModel, ConfigDict

from shared.catalogue.model import FeeTiming, Terms
from shared.dossier import actions, clock, timers
from shared.dossier.actions import Action, Channel, Fault, Order, Outcome, PaidVia, ReturnWay, Subject, instant
from shared.dossier.codes import AgencyCode, DocumentKind, DossierCode, NoticeNumber, PersonCode, ResultCode, Word
from shared.dossier.effects import apply
from shared.dossier.lifecycle import CHANGES, MOVES, STAGES, Act, Landing, Role, Stage, acts_at, acts_of
from shared.dossier.records import AskedOverride, Change, Consultation, Extension, PaperState, Pause
from shared.dossier.refusal import Forbidden, Refused


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
    answer_due_at: AwareDatetime | None = None
    """Until when an online filing must be answered; None where nobody promised a time."""
    received_at: AwareDatetime | None = None
    clock_from: AwareDatetime | None = None
    """Where the procedure's own law counts from something else than the reception (deadlines R9)."""
    due_at: AwareDatetime | None = None
    due_at_original: AwareDatetime | None = None
    near_due_at: AwareDatetime | None = None
    remaining_minutes: int | None = None
    overdue_at: AwareDatetime | None = None
    overdue_cause: Word | None = None
    overdue_fault: Fault | None = None
    pauses: tuple[Pause, ...] = ()
    verification_extends: bool = False
    extension: Extension | None = None
    new_due_on: date | None = None
    apologised_at: AwareDatetime | None = None
    entered_at: AwareDatetime | None = None
    """Since when the dossier is at its stage."""
    patience_until: AwareDatetime | None = None
    reminded: dict[str, AwareDatetime] = {}
    ended_at: AwareDatetime | None = None
    returned_at: AwareDatetime | None = None

    asked: tuple[DocumentKind, ...] = ()
    completions_asked: int = 0
    supplements_asked: int = 0
    late_supplement: bool = False
    duty_notice: NoticeNumber | None = None
    consultations: tuple[Consultation, ...] = ()
    stop_asked_by: PersonCode | None = None
    asked_override: AskedOverride | None = None
    granted: tuple[Subject, ...] = ()
    """Overrides that two persons granted and nobody has used yet."""
    overrides: tuple[Word, ...] = ()
    """All overrides ever granted, as `subject:ground`."""
    withdrawn: bool = False
    is_correction: bool = False

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
    acting_agency: AgencyCode | None = None

    # --- what is so -------------------------------------------------------------------------------------------------

    @property
    def ended(self) -> bool:
        """At one of the three ends."""
        return self.stage is not None and STAGES[self.stage].is_end

    @property
    def clock_began_at(self) -> datetime | None:
        """From when the limit counts; None before acceptance."""
        return self.received_at and (self.clock_from or self.received_at)

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
    def open_consultations(self) -> tuple[Consultation, ...]:
        """Opinions somebody still waits for."""
        return tuple(asked for asked in self.consultations if asked.closed_at is None)

    @property
    def next_timer(self) -> timers.Timer | None:
        """What happens by itself next."""
        return timers.next_timer(self)

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
            self._take_one(action, order, instant(at))
            after.append(self.model_copy())
        self.answered = [*self.answered[-99:], order.command_id]
        return after

    def _take_one(self, action: Action, order: Order, at: datetime) -> None:
        act, by = Act(action.kind), order.by
        move = MOVES.get((self.stage, act))
        if move is None:
            raise self._not_now(act, by.role)
        if by.role not in move.by:
            roles = ", ".join(sorted(move.by))
            detail = f"Việc này thuộc thẩm quyền của: {roles}."
            raise Forbidden("not_your_role", detail, self._allowed(by.role), law=move.law)
        self.now, self.acting_person, self.acting_agency = at, by.person_code, by.agency_code
        try:
            move.guard(self, action)
            apply(self, action, by, at)
            self._land(move.to, action, order, at)
        except Refused as no:
            no.allowed, no.law = no.allowed or self._allowed(by.role), no.law or move.law
            raise

    def _land(self, to: Stage | Landing, action: Action, order: Order, at: datetime) -> None:
        before, act = self.stage, Act(action.kind)
        stage = self._where(to)
        if stage is not before:
            self.stage_before = before if stage is Stage.WITHDRAW_ASKED else self.stage_before
            self.portal_times = {STAGES[stage].portal: at, **self.portal_times}
            if stage not in self.passed:
                self.passed = [*self.passed, stage]
            clock.turn(self, before, stage, act, at)
            self.stage, self.entered_at = stage, at
            self.patience_until = clock.patience_until(stage, at, self.terms) if self.terms else None
        if self.ended and self.ended_at is None:
            self.ended_at = at
        self.seq += 1
        self.last_change = Change(
            change=CHANGES[act],
            role=order.by.role,
            agency_code=order.by.agency_code,
            from_stage=before,
            to_stage=stage,
            at=at,
            cause=getattr(action, "cause", None) or _about(action),
            command_id=order.command_id,
        )

    def _where(self, to: Stage | Landing) -> Stage:
        match to:
            case Landing.BEFORE:
                stage, self.stage_before = self.stage_before, None
            case Landing.LAST_ANSWER:
                stage = self.stage if self.open_consultations else Stage.PROCESSING
            case Landing.SAME:
                stage = self.stage
            case Stage():
                stage = to
        assert stage is not None  # noqa: S101 - the table has no such row from nothing; tested
        return stage

    def _allowed(self, role: Role) -> tuple[str, ...]:
        return self.acts_open_to(role) or acts_at(self.stage)

    def _not_now(self, act: Act, role: Role) -> Refused:
        """Names the article that says when this act is lawful, and where that is."""
        lawful = {stage: move.law for (stage, other), move in MOVES.items() if other is act}
        where = ", ".join(f"“{STAGES[stage].label}”" for stage in lawful if stage) or "lúc mở hồ sơ"
        here = f"“{STAGES[self.stage].label}”" if self.stage else "chưa nộp"
        law = next(iter(lawful.values()))
        detail = f"Hồ sơ đang ở bước {here}; “{act}” chỉ thực hiện được ở: {where} ({law})."
        return Refused("not_allowed_now", detail, self._allowed(role), law=law)

    def _refusal(self, code: str, detail: str, role: Role) -> Refused:
        return Refused(code, detail, self._allowed(role))


def _about(action: Action) -> str | None:
    """What a reminder was about, as the cause of its event."""
    if isinstance(action, actions.Remind):
        return action.about.lower()
    return f"day_{action.days}" if isinstance(action, actions.NotifyReady) else None


def portal_status(stage: Stage) -> int:
    """Status 1..10 of the national portal, derived, never stored apart."""
    return STAGES[stage].portal


def first_of(times: Mapping[int, datetime], *statuses: int) -> datetime | None:
    """The time of the first status of this order that was reached (end for KPI: 9, else 10, else 8, 3)."""
    return next((times[status] for status in statuses if status in times), None)
