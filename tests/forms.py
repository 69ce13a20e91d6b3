"""The printed forms of both rule sets as lived dossiers print them, and their golden pictures."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from functools import cache
from io import BytesIO
from pathlib import Path
from typing import Final, NamedTuple

import typst
from PIL import Image, ImageChops, ImageStat

from services.intake.adapters.press import FORMS
from services.intake.rules import forms
from services.intake.rules.forms import Desk, Printed, Sheet
from services.intake.rules.person import Person
from shared.catalogue.model import FeeTiming
from shared.contracts.facts import Event, event_of
from shared.dossier import actions
from shared.dossier.actions import Order, Outcome, Paper, ReturnWay
from shared.dossier.lifecycle import CHANGES, Act, Form, Role
from shared.dossier.state import Dossier
from shared.platform.catalogue import load_catalogue
from tests.builders import AGENCY, fee, order, terms
from tests.cells import SAMPLES

PICTURES: Final = Path(__file__).parent / "golden" / "forms"
PPI: Final = 96
TOLERANCE: Final = 0.05
"""Mean difference of grey values (0 to 255) that is still the same picture; another time on one line is beyond it."""
RULE_SETS: Final[Mapping[str, datetime]] = {
    "ND61": datetime(2023, 1, 10, 2, 30, tzinfo=UTC),
    "ND118": datetime(2026, 3, 10, 2, 30, tzinfo=UTC),
}
"""Rule set → 09:30 of a Tuesday on which it is in force."""
DESK: Final = Desk("https://dichvucong.example", "02723000000")
SECRET: Final = "K7M4Q2XW9A"
PERSON: Final = Person.model_validate(
    {
        "full_name": "Nguyễn Thị Đào",
        "personal_id": "080190123456",
        "phone": "0901234567",
        "email": "dao.nguyen@example.vn",
        "address": "Số 47/9 hẻm Sẻ Nâu, đường Hùng Vương, phường Long An, tỉnh Tây Ninh",
    }
)
WORDS: Final = (
    "Tờ khai thiếu chữ ký ở trang 2 và ảnh chụp giấy tờ mờ, không đọc được số. Căn cứ khoản 2 Điều 17 Nghị định "
    "61/2018/NĐ-CP, ông/bà ký lại tờ khai, chụp lại giấy tờ ở nơi sáng, rồi nộp tại Bộ phận Một cửa hoặc trên Cổng "
    "dịch vụ công."
)
CATALOGUE: Final = load_catalogue()
STEP: Final = timedelta(minutes=25)


class Sample(NamedTuple):
    """One form of one rule set, ready for the press. `name` is the picture's."""

    name: str
    form: Form
    sheet: Sheet
    at: datetime


def samples() -> Iterator[Sample]:
    """Every form of both circulars; for 2018 also the plain notice that stood for today's form 05."""
    for rule_set, began_at in RULE_SETS.items():
        year = began_at.year
        for form, act in _ACTS.items():
            events = lived(rule_set, act)
            sheet = forms.sheet(_printed(form, act, events), events, PERSON, WORDS, CATALOGUE, SECRET, DESK)
            yield Sample(f"{year}-{form}-{form.name.lower()}", form, sheet, events[-1].change.at)
        rows = [(lived(rule_set, act)[-1].facts, PERSON) for act in (Act.HAND_OVER, Act.ASK_SUPPLEMENT, Act.REJECT)]
        numbered = [
            (facts.model_copy(update={"dossier_code": facts.dossier_code[:-1] + str(place)}), person)
            for place, (facts, person) in enumerate(rows, start=1)
        ]
        sheet = forms.register(numbered, AGENCY, began_at.date(), CATALOGUE)
        yield Sample(f"{year}-{Form.REGISTER}-register", Form.REGISTER, sheet, began_at)


_ACTS: Final[Mapping[Form, Act]] = {
    Form.RECEIPT: Act.ACCEPT,
    Form.SUPPLEMENT_REQUEST: Act.ASK_SUPPLEMENT,
    Form.REJECTION: Act.REJECT,
    Form.APOLOGY: Act.SEND_APOLOGY,
    Form.STOP_NOTICE: Act.STOP,
    Form.CONTROL_SLIP: Act.HAND_OVER,
}


def _printed(form: Form, act: Act, events: tuple[Event, ...]) -> Printed:
    return next(
        each
        for each in reversed(forms.printed(events))
        if each.form is form and each.event.change.change == CHANGES[act]
    )


@cache
def lived(rule_set: str, act: Act, outcome: Outcome = Outcome.GRANTED) -> tuple[Event, ...]:
    """All events of a dossier of that rule set, whose last is this act."""
    at = RULE_SETS[rule_set]
    dossier = Dossier(dossier_code=f"{AGENCY}-{at:%y%m%d}-0007", root_code=f"{AGENCY}-{at:%y%m%d}-0007")
    events: list[Event] = []
    for step in _way(rule_set, act, outcome):
        events += [event_of(after) for after in dossier.take(step, at)]
        at += STEP
    assert events[-1].change.change == CHANGES[act]
    return tuple(events)


def _way(rule_set: str, act: Act, outcome: Outcome) -> tuple[Order, ...]:
    promised = terms(
        procedure_code="1.004873",
        rule_set=rule_set,
        fees=[fee(timing=FeeTiming.AFTER)],
        components=("TK-XNHN", "CCCD"),
        limit="3wd",
    )
    papers = tuple(Paper(kind=kind, filed=True) for kind in promised.components)
    filing = {"terms": promised, "return_way": ReturnWay.DESK, "papers": papers}
    paid = actions.FeePaid(
        amount_vnd=200_000, paid_via=actions.PaidVia.OTHER, paid_at=RULE_SETS[rule_set], reference="BL-0001"
    )
    filed = [
        order(Role.CLERK, SAMPLES[Act.REGISTER_AT_DESK].model_copy(update=filing)),
        order(Role.SYSTEM, actions.RecordDigitized(kinds=promised.components)),
    ]
    accepted = [*filed, order(Role.CLERK, actions.Accept(terms=promised))]
    at_work = [*accepted, order(Role.CLERK, actions.Transfer()), order(Role.SPECIALIST, actions.Claim())]
    issued = [
        *at_work,
        order(Role.ACCOUNTANT, paid),
        order(Role.SPECIALIST, SAMPLES[Act.CONSULT]),
        order(Role.SPECIALIST, actions.GoOn()),
        order(Role.SPECIALIST, actions.Propose(outcome=outcome)),
        order(Role.UNIT_HEAD, actions.ApproveDraft()),
        order(Role.SIGNER, actions.Sign()),
        order(Role.SYSTEM, actions.RecordSignature(result_code="12/PLLTP", signed_at=RULE_SETS[rule_set])),
        order(Role.RECORDS, actions.NumberAndIssue()),
    ]
    ways: Mapping[Act, list[Order]] = {
        Act.ACCEPT: accepted,
        Act.ASK_SUPPLEMENT: [
            *at_work, order(Role.UNIT_HEAD, actions.AskSupplement(kinds=("TK-XNHN", "CCCD"), cause="blurred"))
        ],
        Act.REJECT: [*filed, order(Role.CLERK, SAMPLES[Act.REJECT])],
        Act.SEND_APOLOGY: [
            *at_work,
            order(Role.UNIT_HEAD, SAMPLES[Act.ASK_EXTENSION].model_copy(update={"new_due_on": _LATER[rule_set]})),
            order(Role.SIGNER, SAMPLES[Act.SEND_APOLOGY]),
        ],
        Act.STOP: [
            *at_work, order(Role.UNIT_HEAD, SAMPLES[Act.ASK_STOP]), order(Role.SIGNER, SAMPLES[Act.STOP])
        ],
        Act.NUMBER_AND_ISSUE: issued,
        Act.HAND_OVER: [*issued, order(Role.RETURN_CLERK, actions.HandOver())],
    }  # fmt: skip
    return tuple(ways[act])


_LATER: Final = {name: (at + timedelta(days=30)).date() for name, at in RULE_SETS.items()}


# --- pictures ---------------------------------------------------------------------------------------------------------


def pages(sample: Sample, ppi: float = PPI) -> list[Image.Image]:
    """The pages of a form as grey pictures, set by the same layout and fonts as its PDF."""
    fonts = typst.Fonts(include_system_fonts=False, include_embedded_fonts=True)
    compiler = typst.Compiler(FORMS / "form.typ", root=FORMS, font_paths=fonts)
    made = compiler.compile(format="png", ppi=ppi, sys_inputs={"data": sample.sheet.model_dump_json()})
    drawn = made if isinstance(made, list) else [made or b""]
    return [Image.open(BytesIO(page)).convert("L").quantize(16).convert("L") for page in drawn]


def path_of(sample: Sample, page: int) -> Path:
    return PICTURES / (f"{sample.name}.png" if page == 0 else f"{sample.name}-{page + 1}.png")


def difference(one: Image.Image, other: Image.Image) -> float:
    """Mean difference of grey values; of pictures of different size the greatest there is."""
    if one.size != other.size:
        return 255.0
    return float(ImageStat.Stat(ImageChops.difference(one, other)).mean[0])


def write() -> list[Path]:
    """Draws anew what looks different from its golden picture; what was written or removed."""
    changed, wanted = [], set()
    PICTURES.mkdir(parents=True, exist_ok=True)
    for sample in samples():
        for number, picture in enumerate(pages(sample)):
            path = path_of(sample, number)
            wanted.add(path)
            if not path.exists() or difference(picture, Image.open(path).convert("L")) > TOLERANCE:
                picture.quantize(16).save(path, optimize=True)
                changed.append(path)
    for path in set(PICTURES.glob("*.png")) - wanted:
        path.unlink()
        changed.append(path)
    return changed
