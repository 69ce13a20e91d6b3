"""Forms of acts: their fields come from the act's own model, so that a new act of the table has a form at once.

`form_of` says what is asked, `read` turns what was typed into the act; both are pure.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from typing import Annotated, Any, Final, NamedTuple, get_args

from pydantic import Field as Part
from pydantic import TypeAdapter, ValidationError

from services.processing.rules.asked import ACTS, BRINGS, ELSEWHERE, WORDY, Asked, Elsewhere
from services.processing.rules.wording import (
    BUTTONS,
    CAUSES,
    CAUSES_OF,
    DANGEROUS,
    FAULTS,
    LATE_GROUNDS,
    OUTCOMES,
    SUBJECTS,
    Words,
)
from shared.dossier.actions import Action
from shared.dossier.lifecycle import Act

SHORTEST: Final = 20
"""Letters of an explanation, so that it explains something."""
LONGEST: Final = 4_000
EXPLAINED: Final = frozenset({Act.SEND_BACK, Act.DECLINE_SIGNATURE, Act.REJECT, Act.DENY_WITHDRAW}) | WORDY
"""Acts that a person explains in words beside the chosen cause."""
_DATE: Final = re.compile(r"(\d{1,2})[/.-](\d{1,2})[/.-](\d{4})")
_ASKED: Final[TypeAdapter[Action]] = TypeAdapter(Annotated[Asked | Elsewhere, Part(discriminator="kind")])


FILE: Final = "file."
DOCUMENT: Final = "paper."
"""A form that brings papers: the field of a file, and of the document that intake made of it, before the kind."""


class Option(NamedTuple):
    """One choice; `words` are finished."""

    value: str
    words: str


class Field(NamedTuple):
    """One question. `widget`: radios, select, ticks, text, date, area, yes, file; `name` is the form's."""

    name: str
    widget: str
    label: Words
    options: tuple[Option, ...] = ()
    required: bool = True
    hint: Words | None = None


class Form(NamedTuple):
    """One act as a form: its button and its questions."""

    act: Act
    button: Words
    fields: tuple[Field, ...]
    is_dangerous: bool


class Choices(NamedTuple):
    """What a form's lists hold for this dossier: (code, words) of papers, agencies and colleagues."""

    papers: Sequence[tuple[str, str]] = ()
    asked: Sequence[tuple[str, str]] = ()
    agencies: Sequence[tuple[str, str]] = ()
    people: Sequence[tuple[str, str]] = ()


class Wrong(NamedTuple):
    """One field to correct: where, and what to do."""

    name: str
    words: Words


_W = Words
_LABELS: Final[Mapping[str, Words]] = {
    "cause": _W("Lý do", "Reason"),
    "ground": _W("Căn cứ", "Ground"),
    "late_ground": _W("Căn cứ gửi muộn", "Ground for asking late"),
    "agency_code": _W("Cơ quan", "Agency"),
    "person_code": _W("Người nhận việc", "Who takes it"),
    "extends": _W("Cần thời hạn dài hơn để xác minh", "Verification needs the longer limit"),
    "outcome": _W("Đề xuất", "Proposal"),
    "kinds": _W("Giấy tờ", "Papers"),
    "notice_number": _W("Số thông báo", "Number of the notice"),
    "fault": _W("Nguyên nhân", "Whose fault"),
    "new_due_on": _W("Ngày hẹn mới", "New date"),
    "subject": _W("Nội dung ngoại lệ", "What the override is for"),
    "asked": _W("Cơ quan được lấy ý kiến", "Agencies asked"),
    "limit": _W("Thời hạn trả lời", "Time to answer"),
    "amount_vnd": _W("Số tiền đã thu (đồng)", "Amount taken (dong)"),
    "words": _W("Giải thích cho người nộp", "Explain to the applicant"),
    "reason": _W("Nêu rõ lý do", "Say why"),
}
_DAYS: Final = tuple((f"{n}wd", _W(f"{n} ngày làm việc", f"{n} working days")) for n in (1, 2, 3, 5, 7, 10))
_HINT_DATE: Final = _W("Ví dụ 09/05/2023", "For example 09/05/2023")
_HINT_WORDS: Final = _W(
    "Ít nhất 20 chữ cái: thiếu gì, cần làm gì.", "At least 20 letters: what is missing, what to do."
)
_TABLES: Final[Mapping[str, Sequence[tuple[str, Words]]]] = {
    "outcome": [(value.value, words) for value, words in OUTCOMES.items()],
    "fault": [(value.value, words) for value, words in FAULTS.items()],
    "subject": [(value.value, words) for value, words in SUBJECTS.items()],
}
_NOTHING: Final = Choices()


def model_of(act: Act) -> type[Action]:
    """The model of an act that the console's form asks. Raises KeyError for an act of another door."""
    return _MODELS[act]


_MODELS: Final[Mapping[Act, type[Action]]] = {
    Act(kind): model
    for model in (*get_args(get_args(Asked)[0]), *get_args(Elsewhere))
    for kind in get_args(model.model_fields["kind"].annotation)
}


def form_of(act: Act, choices: Choices = _NOTHING, language: str = "vi") -> Form:
    """The act's form: one question per field of its model, and its explanation where one is due."""
    names = [name for name in model_of(act).model_fields if name != "kind"]
    fields = [each for name in names for each in _fields(act, name, choices, language)]
    if act in WORDY:
        fields.append(Field("words", "area", _LABELS["words"], hint=_HINT_WORDS))
    elif act in EXPLAINED:
        fields.append(Field("words", "area", _LABELS["reason"], hint=_HINT_WORDS))
    return Form(act, BUTTONS[act], tuple(fields), act in DANGEROUS)


_WIDGETS: Final[Mapping[str, str]] = {
    "cause": "select", "ground": "select", "late_ground": "select", "agency_code": "select", "person_code": "select",
    "outcome": "radios", "fault": "radios", "subject": "radios", "kinds": "ticks", "asked": "ticks",
    "amount_vnd": "money", "extends": "yes", "new_due_on": "date",
}  # fmt: skip
"""How a field of an act's model is asked; a field that is not named here is a line of text."""


def _fields(act: Act, name: str, choices: Choices, language: str) -> Iterable[Field]:
    if name == "documents":
        yield from (Field(f"{FILE}{kind}", "file", _W(words, words)) for kind, words in choices.asked)
        return
    widget = _WIDGETS.get(name, "text")
    required = widget != "yes" and model_of(act).model_fields[name].is_required()
    hint = _HINT_DATE if widget == "date" else None
    yield Field(name, widget, _LABELS[name], _options(act, name, choices, language), required, hint)
    if name == "asked":
        yield Field("limit", "select", _LABELS["limit"], tuple(Option(v, w.said(language)) for v, w in _DAYS))


def _options(act: Act, name: str, choices: Choices, language: str) -> tuple[Option, ...]:
    match name:
        case "cause" | "ground" | "late_ground":
            codes = LATE_GROUNDS if name == "late_ground" else CAUSES_OF[act]
            return tuple(Option(code, CAUSES[code].said(language)) for code in codes)
        case "outcome" | "fault" | "subject":
            return tuple(Option(value, words.said(language)) for value, words in _TABLES[name])
        case _:
            lists = {
                "kinds": choices.papers, "agency_code": choices.agencies, "asked": choices.agencies,
                "person_code": choices.people,
            }  # fmt: skip
            return tuple(Option(*each) for each in lists.get(name, ()))


def read(form: Form, typed: Mapping[str, Sequence[str]]) -> tuple[Action | None, str, tuple[Wrong, ...]]:
    """What was typed as (the act, its words, what is wrong). The act is None when something is wrong."""
    wrong = list(_missing(form, typed))
    words = _first(typed, "words")
    if form.act in EXPLAINED and len("".join(words.split())) < SHORTEST:
        wrong.append(Wrong("words", _W("Giải thích ít nhất 20 chữ cái.", "Explain in at least 20 letters.")))
    given = {field.name: value for field in form.fields if (value := _value(field, typed)) is not None}
    if "new_due_on" in given and given["new_due_on"] == "":
        wrong.append(Wrong("new_due_on", _W("Nhập ngày dạng 09/05/2023.", "Write the date as 09/05/2023.")))
    if form.act is Act.PROPOSE:
        if given.get("outcome") == "REFUSED" and "ground" not in given:
            wrong.append(Wrong("ground", _W("Chọn căn cứ từ chối.", "Choose the ground of the refusal.")))
        elif given.get("outcome") == "GRANTED":
            given.pop("ground", None)
    if wrong:
        return None, words, tuple(dict.fromkeys(wrong))
    given.pop("words", None)
    if form.act in BRINGS:
        given = {"documents": {name.removeprefix(FILE): identity for name, identity in given.items()}}
    if form.act is Act.CONSULT:
        limit = given.pop("limit")
        given["asked"] = [{"agency_code": code, "limit": limit} for code in given["asked"]]
    try:
        return _ASKED.validate_python({"kind": form.act.value, **given}), words, ()
    except ValidationError as error:
        found = {str(each["loc"][1]) if len(each["loc"]) > 1 else "" for each in error.errors()}
        return None, words, tuple(Wrong(name, _W("Giá trị chưa đúng.", "This value is not right.")) for name in found)


def _missing(form: Form, typed: Mapping[str, Sequence[str]]) -> Iterable[Wrong]:
    for field in form.fields:
        if field.required and field.name != "words" and not any(text.strip() for text in _typed(field, typed)):
            verb = _VERBS.get(field.widget, _W("Chọn", "Choose"))
            label = _W(field.label.vi[0].lower() + field.label.vi[1:], field.label.en.lower())
            yield Wrong(field.name, _W(f"{verb.vi} {label.vi}.", f"{verb.en}: {label.en}."))


_VERBS: Final = dict.fromkeys(("text", "date", "money"), _W("Nhập", "Write")) | {
    "file": _W("Tải lên bản quét:", "Upload the scan")
}


def _typed(field: Field, typed: Mapping[str, Sequence[str]]) -> Sequence[str]:
    """The field's texts; of a file the document that it became."""
    name = DOCUMENT + field.name.removeprefix(FILE) if field.widget == "file" else field.name
    return typed.get(name, ())


def _value(field: Field, typed: Mapping[str, Sequence[str]]) -> Any:
    """The field's value for the model; None leaves it out. A list choice that was not offered is left out."""
    offered = {option.value for option in field.options}
    texts = [text.strip() for text in _typed(field, typed) if text.strip()]
    match field.widget:
        case "ticks":
            return tuple(text for text in texts if text in offered) or None
        case "select" | "radios":
            return next((text for text in texts if text in offered), None)
        case "yes":
            return bool(texts)
        case "money":
            return _money(texts[0]) if texts else None
        case "date":
            return _day(texts[0]) if texts else None
        case _:
            return texts[0][:LONGEST] if texts else None


def _money(text: str) -> int | str:
    """Whole đồng, written `50.000` or `50000`; the text itself when it is none."""
    digits = text.replace(".", "").replace(" ", "")
    return int(digits) if digits.isascii() and digits.isdecimal() else text


def _day(text: str) -> date | str:
    """The day written dd/mm/yyyy; an empty text when it is none."""
    found = _DATE.fullmatch(text)
    try:
        return date(int(found[3]), int(found[2]), int(found[1])) if found else date.fromisoformat(text)
    except ValueError:
        return ""


def _first(typed: Mapping[str, Sequence[str]], name: str) -> str:
    return next((text.strip() for text in typed.get(name, ())), "")[:LONGEST]


def typed_lines(form: Form, typed: Mapping[str, Sequence[str]], language: str) -> list[str]:
    """What was typed into a form that is not open any more: `Lý do: Dự thảo có sai sót`; files are named by nobody."""
    lines = []
    for field in form.fields:
        words = {option.value: option.words for option in field.options}
        said = ", ".join(words.get(text, text) for text in typed.get(field.name, ()) if text.strip())
        if said and field.widget != "file":
            lines.append(f"{field.label.said(language)}: {said}")
    return lines


PRESSED: Final = tuple(act for act in (*ACTS, *ELSEWHERE) if act in BUTTONS)
"""Acts that this console asks by a form of its own."""


def parse_day(text: str) -> date | None:
    """The day written dd/mm/yyyy or yyyy-mm-dd; None when it is none."""
    found = _day(text)
    return found if isinstance(found, date) else None
