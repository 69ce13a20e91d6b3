"""What people may ask of the console, and how it is completed."""

from __future__ import annotations

import pytest
from pydantic import TypeAdapter, ValidationError

from services.processing.rules.asked import ACTS, Asked, complete, holder_after
from shared.dossier import actions
from shared.dossier.lifecycle import Act
from tests import builders

ASKED: TypeAdapter[actions.Action] = TypeAdapter(Asked)


def test_filing_money_and_parcels_have_other_doors() -> None:
    elsewhere = {Act.SUBMIT, Act.REGISTER_AT_DESK, Act.REGISTER_FROM_POST, Act.FEE_PAID, Act.DISPATCH, Act.DELIVERED}
    assert elsewhere.isdisjoint(ACTS)
    assert {Act.ACCEPT, Act.ACCEPT_AND_FINISH, Act.CLAIM, Act.HAND_OVER} <= set(ACTS)


def test_terms_are_pinned_by_us_and_never_sent() -> None:
    with pytest.raises(ValidationError):
        ASKED.validate_python({"kind": "accept", "terms": builders.terms().model_dump()})
    pinned = complete(ASKED.validate_python({"kind": "accept"}), builders.terms(), None)
    assert isinstance(pinned, actions.Accept)
    finished = complete(ASKED.validate_python({"kind": "accept_and_finish"}), builders.terms(), "1/2026/TL-H39")
    assert isinstance(finished, actions.AcceptAndFinish)


@pytest.mark.parametrize("kind", ["accept", "accept_and_finish"])
def test_an_incomplete_action_is_a_bug(kind: str) -> None:
    with pytest.raises(ValueError, match="was not given"):
        complete(ASKED.validate_python({"kind": kind}), None, None)


def test_the_holder_is_who_claims_or_who_is_named() -> None:
    assert holder_after(actions.Claim(), "nv-1") == "nv-1"
    assert holder_after(actions.Reassign(person_code="nv-2"), "tp-1") == "nv-2"
    assert holder_after(actions.Sign(), "ld-1") is None
