"""What a person may ask of a dossier through the console, and how it becomes a complete action.

People send kinds and choices; terms, numbers and codes are filled in by us, so that an action arrives complete.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Final, Literal, cast, get_args

from pydantic import Field

from shared.catalogue.model import Terms
from shared.dossier import actions
from shared.dossier.actions import Action, AnyAction
from shared.dossier.codes import Word
from shared.dossier.lifecycle import Act


class AskedAccept(Action):
    """Take the dossier in; the catalogue's promises of today are pinned."""

    kind: Literal[Act.ACCEPT] = Act.ACCEPT


class AskedAcceptAndFinish(Action):
    """Take in and answer on the spot; the result's number is given by us."""

    kind: Literal[Act.ACCEPT_AND_FINISH] = Act.ACCEPT_AND_FINISH


Asked = Annotated[
    AskedAccept
    | AskedAcceptAndFinish
    | actions.AskPreFee
    | actions.Reject
    | actions.Forward
    | actions.Transfer
    | actions.RouteUnknown
    | actions.Assign
    | actions.Claim
    | actions.Reassign
    | actions.RecordVerification
    | actions.Propose
    | actions.ApproveDraft
    | actions.SendBack
    | actions.Sign
    | actions.DeclineSignature
    | actions.NumberAndIssue
    | actions.ConfirmWithdraw
    | actions.DenyWithdraw
    | actions.HandOver
    | actions.CameBack
    | actions.TransferCompetence
    | actions.AskCompletion
    | actions.Lapse
    | actions.Consult
    | actions.AnswerConsult
    | actions.GoOn
    | actions.AskSupplement
    | actions.SupplementExpired
    | actions.AskFinancialDuty
    | actions.DutyPaid
    | actions.AskExtension
    | actions.SendApology
    | actions.ExplainOverdue
    | actions.AskStop
    | actions.Stop
    | actions.AskOverride
    | actions.Override,
    Field(discriminator="kind"),
]
"""Acts of this console. Filing, money and parcels have doors of their own at the services that own them."""

ACTS: Final[tuple[Act, ...]] = tuple(
    Act(kind) for model in get_args(get_args(Asked)[0]) for kind in get_args(model.model_fields["kind"].annotation)
)
"""The kinds of all that may be asked."""


class AskedCash(Action):
    """Cash was counted at the desk; payment keeps the books."""

    kind: Literal[Act.FEE_PAID] = Act.FEE_PAID
    amount_vnd: Annotated[int, Field(gt=0, le=10_000_000_000)]


class AskedDispatch(Action):
    """The parcel is given to the postman; delivery keeps the parcels."""

    kind: Literal[Act.DISPATCH] = Act.DISPATCH


class AskedCorrection(Action):
    """A wrong result is made anew; intake files the new dossier."""

    kind: Literal[Act.OPEN_CORRECTION] = Act.OPEN_CORRECTION
    cause: Word


class AskedPapers(Action):
    """The papers that the applicant was asked for came over the counter; intake keeps them. Kind → document id."""

    kind: Literal[Act.COMPLETE, Act.SUPPLEMENT_DELIVERED]
    documents: Mapping[str, str]


Elsewhere = AskedCash | AskedDispatch | AskedCorrection | AskedPapers
"""What is pressed on this console and done by the service that owns it."""

BRINGS: Final = frozenset({Act.COMPLETE, Act.SUPPLEMENT_DELIVERED})
"""Acts that bring papers: their form carries files."""
ELSEWHERE: Final = (Act.FEE_PAID, Act.DISPATCH, Act.OPEN_CORRECTION, *sorted(BRINGS))

WORDY: Final = frozenset({Act.ASK_COMPLETION, Act.ASK_SUPPLEMENT, Act.ASK_EXTENSION})
"""Acts whose paper says more than a code: the words go to intake, which prints them (TT 01/2018/TT-VPCP mẫu 02, 04)."""


def needs_terms(asked: Action) -> bool:
    """Whether the catalogue's promises are pinned by this act."""
    return isinstance(asked, AskedAccept | AskedAcceptAndFinish)


def needs_number(asked: Action) -> bool:
    """Whether this act gives a result a number."""
    return isinstance(asked, AskedAcceptAndFinish)


def complete(asked: Action, terms: Terms | None, result_code: str | None) -> AnyAction:
    """The action as the dossier takes it. Raises ValueError when a part it needs is missing: a bug of the caller."""
    if not needs_terms(asked):
        return cast("AnyAction", asked)
    if terms is None or (needs_number(asked) and result_code is None):
        raise ValueError(f"{asked.kind} was not given what it needs")
    if result_code is None or not needs_number(asked):
        return actions.Accept(terms=terms)
    return actions.AcceptAndFinish(terms=terms, result_code=result_code)


def holder_after(asked: Action, person_code: str) -> str | None:
    """Who holds the dossier after this act; None when it changes nobody's holding."""
    match asked:
        case actions.Claim():
            return person_code
        case actions.Assign() | actions.Reassign():
            return asked.person_code
        case _:
            return None
