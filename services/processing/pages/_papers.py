"""The papers of a dossier as the page lists them: filed, held by the State, the result, and what was printed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, NamedTuple

from services.processing import store
from services.processing.acts import intake_of
from services.processing.adapters.intake_desk import DossierPapers, FoundPaper, PrintedForm, StoredPaper
from services.processing.pages._door import PREFIX, Console, Person
from services.processing.rules.signing import is_issued
from shared.contracts.facts import Facts
from shared.dossier.refusal import Refused
from shared.platform.http import Away
from shared.web.html import moment

LOOKS: Final = {
    "name": "tên người nộp", "paper": "giấy tờ", "form": "biểu mẫu", "draft": "dự thảo kết quả", "result": "kết quả",
    "note": "ghi chú",
}  # fmt: skip
"""What was looked at, as the record says it before the colon."""


class PaperRow(NamedTuple):
    """One paper in finished words; `href` opens it, empty when there is no file here."""

    name: str
    origin: str
    state: str
    href: str = ""


async def listed(console: Console, person: Person, facts: Facts) -> dict[str, Any]:
    """Rows of the tab. While intake is away the facts alone are shown, and the page says so."""
    stored, forms, is_away = DossierPapers(documents=()), list[PrintedForm](), False
    try:
        intake = intake_of(console.door)
        stored = await intake.papers(person.member.actor, facts.dossier_code)
        forms = list(await intake.forms(person.member.actor, facts.dossier_code))
    except (Away, Refused):
        is_away = True
    return {
        "papers": [*_components(console, person, facts, stored), *await _result(console, person, facts)],
        "forms": [(f"{each.number or ''} {each.title}".strip(), moment(each.at), _form(facts, each)) for each in forms],
        "asked": [kind_name(console, kind) for kind in facts.asked],
        "is_away": is_away,
    }


def kind_name(console: Console, kind: str) -> str:
    """The kind in words; its code when the catalogue does not know it."""
    known = console.door.catalogue.document_kinds_by_code
    return known[kind].name if kind in known else kind


def look_words(console: Console, person: Person, what: str) -> str:
    """What somebody looked at: `paper:TK-KS` as its name."""
    sort, _, kind = what.partition(":")
    words = person.say(LOOKS.get(sort, sort))
    return f"{words}: {kind_name(console, kind)}" if sort == "paper" and kind else words


def _components(console: Console, person: Person, facts: Facts, stored: DossierPapers) -> list[PaperRow]:
    files = {each.kind: each for each in stored.documents}
    found = {each.kind: each for each in stored.lookups}
    known = {each.kind: each.reused for each in facts.components}
    kinds = dict.fromkeys([*known, *files])
    return [
        _row(console, person, facts, kind, files.get(kind), found.get(kind), is_reused=known.get(kind, False))
        for kind in kinds
    ]


def _row(  # noqa: PLR0917 - one paper and all that is known of it
    console: Console,
    person: Person,
    facts: Facts,
    kind: str,
    file: StoredPaper | None,
    found: FoundPaper | None,
    *,
    is_reused: bool,
) -> PaperRow:
    say, name = person.say, kind_name(console, kind)
    digitized = {each.kind for each in facts.components if each.digitized}
    if file is not None:
        state = say("đã số hóa") if kind in digitized or file.digitized_at else say("chưa số hóa")
        origin = say("Người nộp, {at}", at=moment(file.uploaded_at))
        return PaperRow(name, origin, f"{state} · {say('{n} trang', n=file.pages)}", _file(facts, file))
    if is_reused:
        return PaperRow(name, _source(person, found), say("dùng lại"))
    return PaperRow(name, "–", say("chưa số hóa") if kind not in digitized else say("đã số hóa"))


def _source(person: Person, found: FoundPaper | None) -> str:
    say = person.say
    if found is None:
        return say("Nhà nước đã có")
    where = say("CSDL quốc gia về dân cư")
    if found.source == "EARLIER_RESULT":
        where = say("Kết quả hồ sơ {code}", code=found.reference)
    until = say("có hiệu lực đến {day}", day=f"{found.valid_to:%d/%m/%Y}") if found.valid_to else ""
    return f"{where} · {until}" if until else where


async def _result(console: Console, person: Person, facts: Facts) -> list[PaperRow]:
    if not is_issued(facts):
        return []
    async with console.door.sessions() as session:
        signed = await store.signed_file(session, facts.dossier_code)
    if signed is None:
        return []
    say = person.say
    origin = say("Kết quả số {number}", number=facts.result_code)
    state = say("ký số {at}", at=moment(signed.signed_at))
    return [PaperRow(say("Kết quả giải quyết"), origin, state, f"{PREFIX}/{facts.dossier_code}/result")]


def _file(facts: Facts, file: StoredPaper) -> str:
    return f"{PREFIX}/{facts.dossier_code}/papers/{file.document_id}"


def _form(facts: Facts, form: PrintedForm) -> str:
    return f"{PREFIX}/{facts.dossier_code}/forms/{form.form.value}?seq={form.seq}"


def policy_of(media_type: str) -> Mapping[str, str]:
    """Headers of a file that is looked at inside our page and nowhere else (SR-34).

    Browsers open PDFs in a reader of their own process, which refuses to work in a sandbox; everything else gets one.
    """
    closed = "default-src 'none'; object-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'self'"
    sandbox = "" if media_type == "application/pdf" else "; sandbox"
    return {"Content-Security-Policy": closed + sandbox, "Content-Disposition": "inline"}
