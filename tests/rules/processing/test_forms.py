"""Forms come from the acts' own models: each can be filled, and each wrong field is named."""

from __future__ import annotations

from datetime import date

import pytest

from services.processing.rules.asked import AskedPapers
from services.processing.rules.forms import DOCUMENT, FILE, PRESSED, Choices, Field, Form, form_of, read
from shared.dossier import actions
from shared.dossier.lifecycle import Act

CHOICES = Choices(
    papers=(("TK-LLTP", "Tờ khai"), ("CCCD", "Căn cước")),
    asked=(("CCCD", "Căn cước"), ("TK-LLTP", "Tờ khai")),
    agencies=(("000.00.05.H39", "Sở Tài chính"),),
    people=(("CB-0002", "Chuyên viên"),),
)
SENTENCE = "Bản nộp bị mờ ở trang hai, nộp lại bản rõ nét."


def filled(form: Form) -> dict[str, list[str]]:
    """The first choice everywhere, a date, a number, a sentence."""
    values = {
        "date": "09/05/2030",
        "text": "12/TB-CT",
        "area": SENTENCE,
        "yes": "yes",
        "money": "50.000",
        "file": "0" * 32,
    }
    return {
        name_of(field): [field.options[0].value if field.options else values[field.widget]] for field in form.fields
    }


def name_of(field: Field) -> str:
    """Where the field's value stands: a file became a document of intake."""
    return field.name.replace(FILE, DOCUMENT, 1) if field.widget == "file" else field.name


@pytest.mark.parametrize("act", PRESSED)
def test_every_form_can_be_filled_and_becomes_its_act(act: Act) -> None:
    form = form_of(act, CHOICES)
    action, _, wrong = read(form, filled(form))
    assert wrong == ()
    assert action is not None
    assert action.kind is act


@pytest.mark.parametrize("act", PRESSED)
def test_an_empty_form_names_each_required_field_once(act: Act) -> None:
    form = form_of(act, CHOICES)
    action, _, wrong = read(form, {})
    names = [each.name for each in wrong]
    assert len(names) == len(set(names))
    assert {field.name for field in form.fields if field.required} == set(names)
    assert (action is None) == bool(names)


@pytest.mark.parametrize("act", [Act.COMPLETE, Act.SUPPLEMENT_DELIVERED])
def test_papers_that_were_asked_for_are_brought_all_together(act: Act) -> None:
    form = form_of(act, CHOICES)
    assert [field.name for field in form.fields] == ["file.CCCD", "file.TK-LLTP"]
    action, _, wrong = read(form, {"paper.CCCD": ["1" * 32]})
    assert action is None
    assert [each.words.vi for each in wrong] == ["Tải lên bản quét: tờ khai."]
    action, _, _ = read(form, {"paper.CCCD": ["1" * 32], "paper.TK-LLTP": ["2" * 32], "paper.GKS": ["3" * 32]})
    assert isinstance(action, AskedPapers)
    assert (action.kind, action.documents) == (act, {"CCCD": "1" * 32, "TK-LLTP": "2" * 32})


def test_a_choice_that_was_not_offered_is_none() -> None:
    form = form_of(Act.ASSIGN, CHOICES)
    assert read(form, {"person_code": ["CB-9999"]})[0] is None


def test_a_refusal_wants_its_ground_and_a_grant_drops_it() -> None:
    form = form_of(Act.PROPOSE)
    assert [each.name for each in read(form, {"outcome": ["REFUSED"]})[2]] == ["ground"]
    action, _, _ = read(form, {"outcome": ["GRANTED"], "ground": ["disputed"]})
    assert action == actions.Propose(outcome=actions.Outcome.GRANTED)


@pytest.mark.parametrize("typed", ["31/02/2030", "mai", "9-5"])
def test_a_day_that_is_none_is_said_so(typed: str) -> None:
    form = form_of(Act.ASK_EXTENSION)
    wrong = read(form, filled(form) | {"new_due_on": [typed]})[2]
    assert [each.name for each in wrong] == ["new_due_on"]


def test_a_day_is_read_as_people_write_it() -> None:
    form = form_of(Act.ASK_EXTENSION)
    action, _, _ = read(form, filled(form) | {"new_due_on": ["9/5/2030"]})
    assert isinstance(action, actions.AskExtension)
    assert action.new_due_on == date(2030, 5, 9)


def test_each_consulted_agency_gets_the_limit() -> None:
    action, _, _ = read(form_of(Act.CONSULT, CHOICES), {"asked": ["000.00.05.H39"], "limit": ["3wd"]})
    assert isinstance(action, actions.Consult)
    assert [(each.agency_code, str(each.limit)) for each in action.asked] == [("000.00.05.H39", "3wd")]


def test_a_short_explanation_is_not_one() -> None:
    form = form_of(Act.SEND_BACK)
    assert [each.name for each in read(form, filled(form) | {"words": ["a b c d e f"]})[2]] == ["words"]
