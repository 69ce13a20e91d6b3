"""What may happen to a feedback: stage × act → next stage, who, under which condition, by which law.

The validator, the buttons, the rights and the tests read it; nobody else writes `if stage ==`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from enum import StrEnum
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from shared.dossier.feedback.acts import AskMore, Assign, FeedbackAct, FeedbackStage, Forward
from shared.dossier.lifecycle import Role
from shared.dossier.refusal import Forbidden, Refused

if TYPE_CHECKING:
    from shared.dossier.feedback.state import Feedback

LAW: Final = "NĐ 20/2008/NĐ-CP (unverified article)"


class FeedbackLanding(StrEnum):
    """A destination that depends on the feedback."""

    SAME = "SAME"
    BEFORE = "BEFORE"  # where it was when the citizen was asked


class FeedbackMeaning(NamedTuple):
    """What being at a stage means."""

    clock_runs: bool
    label: str
    """On screen, Vietnamese."""
    is_end: bool = False


class FeedbackMove(NamedTuple):
    """One lawful step."""

    to: FeedbackStage | FeedbackLanding
    by: frozenset[Role]
    guard: Callable[[Feedback, Any], None]
    law: str


def _anytime(_: Feedback, __: Any) -> None:
    pass


def _somebody_else(feedback: Feedback, action: Assign) -> None:
    if feedback.assignee == action.assignee:
        raise Refused("already_assigned", "Người này đang xử lý phản ánh, kiến nghị này.")


def _handler_or_head(feedback: Feedback, _: Any) -> None:
    if feedback.acting_role is Role.SPECIALIST and feedback.acting_person != feedback.assignee:
        raise Forbidden("not_assigned_to_you", "Phản ánh, kiến nghị này được giao cho người khác.")


def _asked_first_time(feedback: Feedback, action: AskMore) -> None:
    _handler_or_head(feedback, action)
    if feedback.asked_more_at is not None:
        raise Refused("asked_before", "Chỉ được yêu cầu người gửi làm rõ một lần.")


def _new_and_in_time(feedback: Feedback, action: Forward) -> None:
    if action.agency_code in feedback.agencies:
        raise Refused("agency_had_it", "Cơ quan này đã nhận phản ánh, kiến nghị này; không chuyển lòng vòng.")
    if feedback.is_overdue:
        raise Refused("overdue", "Đã quá hạn trả lời: cơ quan đang giữ phải trả lời, không chuyển tiếp.")


def _waited_in_vain(feedback: Feedback, _: Any) -> None:
    if feedback.now is None or feedback.asked_until is None or feedback.now <= feedback.asked_until:
        raise Refused("too_early", "Chưa hết thời hạn chờ người gửi làm rõ.")


def _due_time_passed(feedback: Feedback, _: Any) -> None:
    if feedback.overdue_at is not None or not feedback.is_overdue:
        raise Refused("too_early", "Chưa quá hạn, hoặc đã ghi nhận quá hạn.")


def _once_and_in_time(feedback: Feedback, _: Any) -> None:
    if feedback.satisfied is not None:
        raise Refused("rated_before", "Ông/bà đã đánh giá câu trả lời này.")
    if feedback.now is None or feedback.rate_until is None or feedback.now > feedback.rate_until:
        raise Refused("rating_over", "Đã hết thời hạn đánh giá câu trả lời.")


_S = FeedbackStage
STAGES: Final[Mapping[FeedbackStage, FeedbackMeaning]] = MappingProxyType(
    {
        _S.RECEIVED: FeedbackMeaning(True, "Đã tiếp nhận"),
        _S.FORWARDED: FeedbackMeaning(True, "Đã chuyển cơ quan có thẩm quyền"),
        _S.ASSIGNED: FeedbackMeaning(True, "Đang xử lý"),
        _S.CLARIFYING: FeedbackMeaning(False, "Chờ người gửi làm rõ"),
        _S.ANSWERED: FeedbackMeaning(False, "Đã trả lời", is_end=True),
        _S.REFUSED: FeedbackMeaning(False, "Không xử lý", is_end=True),
    }
)

_WAITING = (_S.RECEIVED, _S.FORWARDED)
_OPEN = (*_WAITING, _S.ASSIGNED)
_HEADS = (Role.UNIT_HEAD, Role.DESK_HEAD)
_HANDLERS = (*_HEADS, Role.SPECIALIST)

Row = tuple[
    tuple[FeedbackStage | None, ...],
    FeedbackAct,
    FeedbackStage | FeedbackLanding,
    tuple[Role, ...],
    Callable[["Feedback", Any], None],
    str,
]

# fmt: off
ROWS: Final[tuple[Row, ...]] = (
    # from, act, to, who, guard, law
    ((None,), FeedbackAct.GIVE, _S.RECEIVED, (Role.APPLICANT,), _anytime, LAW),
    (_OPEN, FeedbackAct.ASSIGN, _S.ASSIGNED, _HEADS, _somebody_else, LAW),
    (_OPEN, FeedbackAct.ASK_MORE, _S.CLARIFYING, _HANDLERS, _asked_first_time, f"{LAW}: 5 working days"),
    ((_S.CLARIFYING,), FeedbackAct.CLARIFY, FeedbackLanding.BEFORE, (Role.APPLICANT,), _anytime, LAW),
    ((_S.CLARIFYING,), FeedbackAct.GO_ON, FeedbackLanding.BEFORE, (Role.SYSTEM,), _waited_in_vain, "policy: 10 working days"),  # noqa: E501
    (_OPEN, FeedbackAct.FORWARD, _S.FORWARDED, _HEADS, _new_and_in_time, f"{LAW}: 5 working days"),
    (_OPEN, FeedbackAct.ANSWER, _S.ANSWERED, _HANDLERS, _handler_or_head, "QĐ 766/QĐ-TTg 5.2: 15 working days"),
    (_OPEN, FeedbackAct.REFUSE, _S.REFUSED, _HEADS, _anytime, f"{LAW}: 2 working days"),
    (_OPEN, FeedbackAct.MARK_OVERDUE, FeedbackLanding.SAME, (Role.SYSTEM,), _due_time_passed, "QĐ 766/QĐ-TTg 5.2"),
    ((_S.ANSWERED,), FeedbackAct.RATE, FeedbackLanding.SAME, (Role.APPLICANT,), _once_and_in_time, "QĐ 766/QĐ-TTg 5.3"),
)
# fmt: on

MOVES: Final[Mapping[tuple[FeedbackStage | None, FeedbackAct], FeedbackMove]] = MappingProxyType(
    {
        (stage, act): FeedbackMove(to, frozenset(who), guard, law)
        for stages, act, to, who, guard, law in ROWS
        for stage in stages
    }
)

CHANGES: Final[Mapping[FeedbackAct, str]] = MappingProxyType(
    {
        FeedbackAct.GIVE: "received",
        FeedbackAct.ASSIGN: "assigned",
        FeedbackAct.ASK_MORE: "more_asked",
        FeedbackAct.CLARIFY: "clarified",
        FeedbackAct.GO_ON: "went_on",
        FeedbackAct.FORWARD: "forwarded",
        FeedbackAct.ANSWER: "answered",
        FeedbackAct.REFUSE: "refused",
        FeedbackAct.MARK_OVERDUE: "marked_overdue",
        FeedbackAct.RATE: "rated",
    }
)
"""Acts in the past tense, as events say them."""


def acts_at(stage: FeedbackStage | None, role: Role | None = None) -> tuple[FeedbackAct, ...]:
    """The acts of a stage, of one role or of all; a guard may still say no."""
    return tuple(act for (at, act), move in MOVES.items() if at is stage and (role is None or role in move.by))
