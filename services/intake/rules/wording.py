"""How names, times and money are written for citizens: on forms and in messages (screens §5)."""

from __future__ import annotations

from datetime import date, datetime

from shared.catalogue import lookup
from shared.catalogue.lookup import NotInCatalogue
from shared.catalogue.model import Catalogue
from shared.contracts.facts import Facts
from shared.dossier.working_time import LOCAL


def agency(catalogue: Catalogue, code: str, on: date) -> tuple[str, str]:
    """Name of an agency and of the one above it on that day; its code when the catalogue does not know it."""
    try:
        here = lookup.agency(catalogue, code, on)
        above = lookup.agency(catalogue, here.parent, on).name if here.parent else ""
    except NotInCatalogue:
        return code, ""
    return here.name, above


def place(catalogue: Catalogue, code: str, on: date) -> str:
    """Where a letter of an agency is dated: the province it belongs to."""
    try:
        top = lookup.agency(catalogue, lookup.agency_path(catalogue, code, on)[-1], on).name
    except NotInCatalogue:
        return "…"
    return top.removeprefix("UBND tỉnh ").removeprefix("UBND thành phố ")


def letter_day(on: date) -> str:
    """`ngày 09 tháng 5 năm 2023`: zero before days under 10 and before January and February (NĐ 30/2020)."""
    return f"ngày {on.day:02d} tháng {on.month:0{2 if on.month < 3 else 1}d} năm {on.year}"  # noqa: PLR2004 - March


def procedure(catalogue: Catalogue, facts: Facts, on: date) -> str:
    """The procedure's name when the dossier was received or filed, else on that day, else its code."""
    for day in (local_day(facts.received_at or facts.submitted_at), on):
        try:
            return lookup.procedure(catalogue, facts.procedure_code, day).name
        except NotInCatalogue:
            continue
    return facts.procedure_code


def paper(catalogue: Catalogue, kind: str) -> str:
    """The name of a kind of paper, else its code."""
    try:
        return lookup.document_kind(catalogue, kind).name
    except NotInCatalogue:
        return kind


def local_day(at: datetime) -> date:
    """The day at UTC+7."""
    return at.astimezone(LOCAL).date()


def instant(at: datetime | None, nothing: str = "–") -> str:
    """`17:00 09/05/2023`, at UTC+7."""
    return f"{at.astimezone(LOCAL):%H:%M %d/%m/%Y}" if at else nothing


def money(amount_vnd: int) -> str:
    """`1.250.000 đồng`; the number and its unit stay on one line."""
    return f"{amount_vnd:,}\N{NO-BREAK SPACE}đồng".replace(",", ".")


def telephone(phone: str) -> str:
    """`+84901234567` as people here write it: `0901234567`."""
    return phone.replace("+84", "0", 1) if phone.startswith("+84") else phone


def tracking(site: str, dossier_code: str) -> str:
    """Where anybody with the receipt follows a dossier."""
    return f"{site}/tra-cuu/{dossier_code}"
