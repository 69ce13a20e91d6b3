"""View models of the dossier page: where it is, how it came here, why it is due then, and what may be done next."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Final, NamedTuple

from services.processing.rules.time_left import amount, limit_words, weekday
from services.processing.rules.wording import BUTTONS, CAUSES, LIKELY, ROLES, STAGES_EN, Words, cause
from services.processing.views import DeadlineView
from shared.catalogue import lookup
from shared.catalogue.model import CalendarMissing, Catalogue, Unit, WorkingCalendar
from shared.contracts.facts import WAITS_FOR_APPLICANT, Facts
from shared.dossier.derivation import Reason
from shared.dossier.lifecycle import CHANGES, STAGES, Act, Clock, Role, Stage
from shared.dossier.records import Change
from shared.dossier.working_time import DAY, LOCAL, ZERO, local, worked_between
from shared.web.i18n import Language, teller

_ACT_OF: Final = {change: act for act, change in CHANGES.items()}
_MACHINE: Final[Mapping[Act, Words]] = {
    Act.RECORD_DIGITIZED: Words("Đã số hóa giấy tờ", "Papers digitized"),
    Act.RECORD_REUSED: Words("Đã tra giấy tờ dùng lại", "Papers looked up for reuse"),
    Act.RECORD_SIGNATURE: Words("Đã tạo chữ ký số", "Digital signature made"),
    Act.RECORD_PARCEL: Words("Đã có vận đơn", "Parcel booked"),
    Act.MARK_OVERDUE: Words("Quá hạn", "Overdue"),
    Act.REMIND: Words("Nhắc việc", "Reminder"),
    Act.NOTIFY_READY: Words("Báo có kết quả", "Told that the result is ready"),
    Act.DELIVER_ELECTRONIC: Words("Trả kết quả điện tử", "Returned electronically"),
    Act.CONSULT_OVERDUE: Words("Quá hạn lấy ý kiến", "Opinion overdue"),
    Act.FEE_LAPSE: Words("Hết hạn nộp phí", "Fee lapsed"),
    Act.TRANSFER_COMPETENCE: Words("Chuyển thẩm quyền", "Competence transferred"),
}
_ORDINARY: Final = (
    Stage.SUBMITTED, Stage.ACCEPTED, Stage.PROCESSING, Stage.REVIEW, Stage.SIGNING, Stage.NUMBERING,
    Stage.RESULT_READY, Stage.RETURNED,
)  # fmt: skip
"""The ordinary way, of which the page shows what is still ahead."""


class StepView(NamedTuple):
    """One stage of the way: `state` done, now, paused or ahead."""

    state: str
    words: str
    when: str
    who: str


class LineView(NamedTuple):
    """One line of the history."""

    seq: int
    at: datetime
    words: str
    who: str
    cause: str
    stage: str


class ShareView(NamedTuple):
    """How much working time somebody held the dossier; `percent` of all, the sum is 100."""

    who: str
    time: str
    percent: int


class ActLink(NamedTuple):
    """An act that is open now."""

    act: Act
    words: str


def step_views(facts: Facts, history: Sequence[tuple[int, Change]], language: Language) -> list[StepView]:
    """The stages it went through, the present one, and the ordinary ones ahead."""
    steps: list[StepView] = []
    visits = _visits(history)
    for index, (stage, change, left_at) in enumerate(visits):
        is_last = index == len(visits) - 1
        ended = facts.ended and is_last
        state = "now" if is_last and not ended else "paused" if STAGES[stage].clock is Clock.PAUSED else "done"
        when = _clock(change.at) if left_at is None else f"{_clock(change.at)} – {_clock(left_at)}"
        steps.append(StepView(state, _stage(stage, language), when, ROLES[change.role].said(language)))
    if not facts.ended:
        there = facts.stage if facts.stage in _ORDINARY else Stage.PROCESSING
        ahead = _ORDINARY[_ORDINARY.index(there) + 1 :]
        steps += [StepView("ahead", _stage(stage, language), "", "") for stage in ahead]
    return steps


def _visits(history: Sequence[tuple[int, Change]]) -> list[tuple[Stage, Change, datetime | None]]:
    """(stage, the change that led there, when it was left) in their order."""
    visits: list[tuple[Stage, Change, datetime | None]] = []
    for _, change in history:
        if visits and visits[-1][0] is change.to_stage:
            continue
        if visits:
            visits[-1] = (visits[-1][0], visits[-1][1], change.at)
        visits.append((change.to_stage, change, None))
    return visits


def line_views(history: Sequence[tuple[int, Change]], catalogue: Catalogue, language: Language) -> list[LineView]:
    """One line per event, `seq` 1..n: the word of the button that made it."""
    return [
        LineView(
            seq,
            change.at,
            act_words(change, language),
            _who(change, catalogue, language),
            cause(change.cause, language) if change.cause in CAUSES else "",
            _stage(change.to_stage, language),
        )
        for seq, change in history
    ]


def act_words(change: Change, language: Language) -> str:
    """What happened, in the word of its button; of the machines in words of their own."""
    act = _ACT_OF[change.change]
    return (BUTTONS.get(act) or _MACHINE[act]).said(language)


def _who(change: Change, catalogue: Catalogue, language: Language) -> str:
    role = ROLES[change.role].said(language)
    if change.agency_code is None or change.role in {Role.APPLICANT, Role.SYSTEM, Role.PARTNER}:
        return role
    try:
        place = lookup.agency(catalogue, change.agency_code, change.at.astimezone(LOCAL).date()).name
    except lookup.NotInCatalogue:
        place = change.agency_code
    return f"{role}, {place}"


def share_views(
    history: Sequence[tuple[int, Change]], now: datetime, calendar: WorkingCalendar, language: Language
) -> list[ShareView]:
    """Working time by who held the dossier; whole percent that add up to 100."""
    say, spent = teller(language), dict[str, timedelta]()
    try:
        for stage, change, left_at in _visits(history):
            if not STAGES[stage].is_end:
                time = worked_between(local(change.at), local(left_at or now), calendar)
                spent[_holder(stage)] = spent.get(_holder(stage), ZERO) + time
    except CalendarMissing:
        return []
    total = sum(spent.values(), ZERO)
    if not total:
        return []
    exact = {who: time / total * 100 for who, time in spent.items()}
    whole = {who: int(share) for who, share in exact.items()}
    for who in sorted(exact, key=lambda each: whole[each] - exact[each])[: 100 - sum(whole.values())]:
        whole[who] += 1  # largest remainders first: the sum is 100
    return [ShareView(say(who), amount(time, language), whole[who]) for who, time in spent.items()]


def _holder(stage: Stage) -> str:
    if stage in WAITS_FOR_APPLICANT:
        return "công dân"
    return {Stage.CONSULTING: "cơ quan khác", Stage.ON_THE_WAY: "bưu chính"}.get(stage, "cán bộ")


def ordered(acts: Sequence[Act], facts: Facts) -> tuple[Act | None, tuple[Act, ...]]:
    """(the most likely act, the others in the table's order); only acts with a button."""
    pressed = tuple(act for act in acts if act in BUTTONS)
    vain = {Act.STOP: not facts.stop_asked, Act.OVERRIDE: facts.override_asked is None}
    vain |= {Act.SEND_APOLOGY: facts.extension_asked_at is None or facts.apologised_at is not None}
    vain |= {Act.FEE_PAID: not facts.fee_owed_vnd}
    vain |= {Act.CLAIM: facts.is_claimed, Act.ASSIGN: facts.is_claimed, Act.DISPATCH: facts.return_way != "POST"}
    likely = next((act for act in LIKELY if act in pressed and not vain.get(act)), None)
    return likely, tuple(act for act in pressed if act is not likely)


def why_lines(facts: Facts, view: DeadlineView, catalogue: Catalogue) -> list[str]:
    """The derivation of the due date as a clerk would say it to an applicant; Vietnamese, as it is printed."""
    if facts.received_at is None:
        return []
    start = facts.clock_from or facts.received_at
    offered = lookup.procedure(catalogue, facts.procedure_code, facts.received_at.astimezone(LOCAL).date())
    lines = [
        f"Tiếp nhận hợp lệ {_moment(start)}{_FROM[offered.processing_time.unit]}.",
        f"{limit_words(str(offered.processing_time))}: {_days(view)}hạn gốc {_moment(view.base_due_at)}.",
    ]
    lines += [_pause(step.from_at, step.to_at, step.reason) for step in view.steps if step.reason in _STOPS]
    if view.due_at and view.due_at != view.base_due_at:
        lines.append(f"Hạn mới {_moment(view.due_at)}.")
    if view.is_paused:
        left = timedelta(minutes=view.remaining_minutes or 0)
        lines.append(f"Đang tạm dừng: còn lại {amount(left)}.")
    lines.append(
        f"Lịch làm việc: {_place(catalogue, facts)}, bản {view.calendar_version} · "
        f"Quy tắc: {_decree(catalogue, facts)}, bản danh mục {facts.catalogue_version}, "
        f"đồng hồ bổ sung: {_CLOCKS[offered.supplement_clock.value]}."
    )
    return lines


def _decree(catalogue: Catalogue, facts: Facts) -> str:
    """The decree that binds the dossier, as people cite it: NĐ 61/2018."""
    laws = (row.law for row in catalogue.rule_sets if row.code == facts.rule_set)
    return next(laws, str(facts.rule_set)).partition("/NĐ-CP")[0]


_STOPS: Final = {Reason.PAUSED: "Tạm dừng", Reason.RESTARTED: "Tính lại từ đầu", Reason.EXTENDED: "Kéo dài để xác minh"}
_NEXT_DAY: Final = "; không tính ngày tiếp nhận, đếm từ ngày làm việc kế tiếp"
_FROM: Final = {
    Unit.WORKING_DAY: _NEXT_DAY,
    Unit.CALENDAR_DAY: "; không tính ngày tiếp nhận, đếm từ ngày kế tiếp",
    Unit.MONTH: "; không tính ngày tiếp nhận",
    Unit.WORKING_HOUR: "; đếm giờ làm việc từ lúc tiếp nhận",
    Unit.SAME_DAY: "",
}
_CLOCKS: Final = {"RESTART": "tính lại từ đầu", "PAUSE": "tạm dừng"}
_FEW: Final = 12


def _days(view: DeadlineView) -> str:
    """`28/04 (1); bỏ 29/04, 30/04; 04/05 (2); ` of limits in working days; nothing for long ones."""
    parts, counted = list[str](), 0
    for step in view.steps:
        first, after = step.from_at.astimezone(LOCAL).date(), step.to_at.astimezone(LOCAL).date()
        days = [first + DAY * n for n in range(max((after - first).days, 0))]
        if step.reason is Reason.WORKED and step.counts:
            for day in days or [first]:
                counted += 1
                parts.append(f"{day:%d/%m} ({counted})")
        elif step.reason in {Reason.WEEKLY_REST, Reason.DAY_OFF}:
            why = "nghỉ hằng tuần" if step.reason is Reason.WEEKLY_REST else "nghỉ lễ, nghỉ bù"
            parts.append(f"bỏ {', '.join(f'{day:%d/%m}' for day in days or [first])} ({why})")
    return f"{'; '.join(parts)}: " if parts and len(parts) <= _FEW else ""


def _pause(start: datetime, end: datetime, reason: Reason) -> str:
    return f"{_STOPS[reason]} {_clock(start)} – {_clock(end)}."


def _place(catalogue: Catalogue, facts: Facts) -> str:
    on = (facts.received_at or facts.submitted_at).astimezone(LOCAL).date()
    try:
        return lookup.agency(catalogue, facts.agency_competent, on).name
    except lookup.NotInCatalogue:
        return facts.agency_competent


def _stage(stage: Stage, language: Language) -> str:
    return STAGES_EN[stage] if language == "en" else STAGES[stage].label


def _moment(at: datetime) -> str:
    return f"{at.astimezone(LOCAL):%H:%M} {weekday(at)} {at.astimezone(LOCAL):%d/%m/%Y}"


def _clock(at: datetime) -> str:
    return f"{at.astimezone(LOCAL):%H:%M %d/%m/%Y}"
