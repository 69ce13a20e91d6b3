"""What a feedback must bring, and which acts need words."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Final

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from shared.dossier.codes import AgencyCode, DossierCode
from shared.dossier.feedback.acts import (
    AgencyAction,
    Answer,
    AskMore,
    Assign,
    CitizenAction,
    Clarify,
    FeedbackAct,
    FeedbackSubject,
    Forward,
    Rate,
    Refuse,
)
from shared.dossier.refusal import Refused, Unknown

MOST_WORDS: Final = 4_000
NEED_WORDS: Final = frozenset({FeedbackAct.ASK_MORE, FeedbackAct.CLARIFY, FeedbackAct.ANSWER, FeedbackAct.REFUSE})
"""What is nothing without words; the others may have some."""
Sentences = Annotated[
    str, StringConstraints(strip_whitespace=True, min_length=1, max_length=MOST_WORDS, pattern=r"^[^\x00]*$")
]


class FeedbackNotTaken(Refused):
    """The feedback lacks something or names what is not there."""

    status = 422


class FeedbackUnknown(Unknown):
    """No such feedback, or none within the caller's sight."""

    def __init__(self) -> None:
        Refused.__init__(
            self, "feedback_unknown", "Không tìm thấy phản ánh, kiến nghị này trong phạm vi của ông/bà."
        )  # fmt: skip


@dataclass(frozen=True)
class Said:
    """What was written with one act, in clear."""

    act: FeedbackAct
    seq: int
    at: datetime
    words: str


class _Asked(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class ReceiptFeedbackForm(_Asked):
    """Of the dossier whose receipt is shown. No agency = the one that decides it."""

    subject: FeedbackSubject
    words: Sentences
    agency_code: AgencyCode | None = None


class FeedbackForm(ReceiptFeedbackForm):
    """Of one of the caller's dossiers, or of an agency in general."""

    dossier_code: DossierCode | None = None


class CitizenSays(_Asked):
    """What whoever gave the feedback says later."""

    action: CitizenAction
    words: Sentences | None = None


class FeedbackSays(_Asked):
    """One act on a feedback, by staff or by whoever gave it, with the words that belong to it."""

    action: Annotated[Assign | AskMore | Forward | Answer | Refuse | Clarify | Rate, Field(discriminator="kind")]
    words: Sentences | None = None


def demand_words(action: AgencyAction | CitizenAction, words: str | None) -> None:
    """Raises FeedbackNotTaken when this act says nothing without words."""
    if action.kind in NEED_WORDS and not words:
        raise FeedbackNotTaken("words_missing", "Vui lòng nhập nội dung.")
