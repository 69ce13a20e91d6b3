"""What a filing must bring, on the shipped catalogue."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from services.intake.rules import completeness
from services.intake.rules.completeness import FilingForm, NotFileable
from shared.dossier import actions
from shared.platform.catalogue import load_catalogue
from tests.services.intake import fakes

CATALOGUE = load_catalogue()
ON = date(2026, 11, 23)


def a_form(*kinds: str, **changes: Any) -> FilingForm:
    given = [{"kind": kind, "document_id": f"{n:032x}"} for n, kind in enumerate(kinds)]
    return FilingForm.model_validate(fakes.form(documents=given) | changes)


def filed(form: FilingForm) -> actions.AnyAction:
    terms = completeness.promised(CATALOGUE, form, ON)
    completeness.check_way_back(form, terms)
    return completeness.filing_action(form, terms, completeness.papers(CATALOGUE, form, ON))


def refusal(form: FilingForm) -> str:
    with pytest.raises(NotFileable) as refused:
        filed(form)
    assert refused.value.status == 422
    return refused.value.code


def test_each_channel_files_by_its_own_act() -> None:
    times = {"posted_at": "2026-11-20T02:00:00Z", "minutes_signed_at": "2026-11-23T01:00:00Z"}
    papers = ("DON-GPLD", "GPLD")
    assert isinstance(filed(a_form(*papers)), actions.Submit)
    assert isinstance(filed(a_form(*papers, channel="IN_PERSON")), actions.RegisterAtDesk)
    assert isinstance(filed(a_form(*papers, channel="POST", **times)), actions.RegisterFromPost)


def test_a_paper_that_shared_data_may_hold_need_not_be_brought() -> None:
    action = filed(a_form("TK-KH", procedure_code="1.000894", agency_code="001.00.40.H39"))
    assert isinstance(action, actions.Submit)
    assert [paper.kind for paper in action.papers] == ["TK-KH"]


def test_a_declaration_must_be_brought() -> None:
    assert not completeness.may_be_supplied(CATALOGUE, "DON-GPLD")
    assert refusal(a_form("GPLD")) == "components_missing"


@pytest.mark.parametrize(
    ("form", "code"),
    [
        (a_form("DON-GPLD", "GPLD", "GKS"), "document_not_asked"),
        (a_form("DON-GPLD", "DON-GPLD"), "document_twice"),
        (a_form("DON-GPLD", "GPLD", channel="POST"), "postal_times"),
        (a_form("DON-GPLD", "GPLD", channel="IN_PERSON", return_way="ELECTRONIC"), "return_way_closed"),
        (a_form("DON-GPLD", "GPLD", return_way="POST", applicant=fakes.person(address=None)), "address_missing"),
        (
            a_form("TK-KH", procedure_code="1.000894", agency_code="001.00.40.H39", return_way="POST"),
            "return_way_closed",
        ),
        (a_form(procedure_code="1.001570", agency_code="001.00.40.H39", channel="IN_PERSON"), "channel_closed"),
        (a_form(procedure_code="1.000894"), "wrong_agency"),
        (a_form(agency_code="000.00.99.H39"), "unknown_agency"),
        (a_form(procedure_code="9.000894"), "unknown_procedure"),
    ],
)
def test_what_cannot_be_filed_says_why(form: FilingForm, code: str) -> None:
    assert refusal(form) == code


def test_postal_times_out_of_order_are_refused() -> None:
    times = {"posted_at": "2026-11-23T02:00:00Z", "minutes_signed_at": "2026-11-23T01:00:00Z"}
    assert refusal(a_form("DON-GPLD", "GPLD", channel="POST", **times)) == "postal_times"


def test_an_exemption_changes_only_the_fees_that_grant_it() -> None:
    given = {"procedure_code": "3.000333", "agency_code": "000.00.21.H39"}
    full = completeness.promised(CATALOGUE, a_form("TK-LLTP", **given), ON)
    poor = completeness.promised(CATALOGUE, a_form("TK-LLTP", exemption="POOR", **given), ON)
    assert sum(fee.amount_vnd for fee in poor.fees) < sum(fee.amount_vnd for fee in full.fees) == 200_000
