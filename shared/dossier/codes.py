"""Codes that people read on paper: agency codes and dossier codes (TT 01/2018/TT-VPCP Điều 19, QĐ 20/2020/QĐ-TTg)."""

from __future__ import annotations

import re
from datetime import date
from typing import Annotated, Final

from pydantic import StringConstraints

_AGENCY: Final = r"([0-9A-Z]{3}\.[0-9A-Z]{2}\.[0-9A-Z]{2}\.[A-Y][0-9]{2}|[A-Y][0-9]{2}(\.[0-9A-Z]+)*)"
AGENCY_PATTERN: Final = rf"^{_AGENCY}$"
DOSSIER_PATTERN: Final = rf"^{_AGENCY}-[0-9]{{6}}-[0-9]{{4,6}}$"
FEEDBACK_PATTERN: Final = DOSSIER_PATTERN.replace("^", "^PAKN-", 1)
PROCEDURE_PATTERN: Final = r"^[0-9]\.[0-9]{6}$"
DOCUMENT_KIND_PATTERN: Final = r"^[A-Z0-9]+(-[A-Z0-9]+)*$"
WORD_PATTERN: Final = r"^[a-z0-9][a-z0-9_.:/-]*$"
"""Closed lower-case vocabularies: causes, grounds, defects. No room for a name or a sentence."""

MOST_A_DAY: Final = 999_999
LONGEST: Final = 49
"""Agency part of at most 35 characters (QĐ 20/2020), day and number."""

AgencyCode = Annotated[str, StringConstraints(pattern=AGENCY_PATTERN, max_length=35)]
DossierCode = Annotated[str, StringConstraints(pattern=DOSSIER_PATTERN, max_length=LONGEST)]
FeedbackCode = Annotated[str, StringConstraints(pattern=FEEDBACK_PATTERN, max_length=len("PAKN-") + LONGEST)]
ProcedureCode = Annotated[str, StringConstraints(pattern=PROCEDURE_PATTERN)]
DocumentKind = Annotated[str, StringConstraints(pattern=DOCUMENT_KIND_PATTERN, max_length=40)]
Word = Annotated[str, StringConstraints(pattern=WORD_PATTERN, max_length=60)]
CommandId = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.:/-]*$", max_length=120)]
ResultCode = Annotated[str, StringConstraints(pattern=r"^[0-9A-Za-z][0-9A-Za-z./-]*$", max_length=60)]
"""Number and symbol (số ký hiệu) of a result, in ASCII: `12/2026/GKS-H39.3`."""
NoticeNumber = Annotated[str, StringConstraints(pattern=r"^[0-9A-Za-z][0-9A-Za-z./-]*$", max_length=60)]
"""Number of another treasury's notice: `12/TB-CT`."""
PersonCode = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_.:-]*$", max_length=40)]
"""An opaque code of a member of staff or an account; never a name, a phone or an identity number."""

_DOSSIER = re.compile(DOSSIER_PATTERN)


def dossier_code(agency_code: str, on: date, number: int) -> str:
    """`000.00.06.H39-230110-0007`: receiving agency, day of allocation (UTC+7), number of that agency and day.

    At 9,999 the width grows, it never wraps. Raises ValueError for a number outside 1..999,999.
    """
    if not 1 <= number <= MOST_A_DAY:
        raise ValueError(f"dossier number {number} is outside 1..{MOST_A_DAY}")
    return f"{agency_code}-{on:%y%m%d}-{number:04d}"


def feedback_code(agency_code: str, on: date, number: int) -> str:
    """`PAKN-000.00.06.H39-230110-0007`: as a dossier code, in a series of its own."""
    return f"PAKN-{dossier_code(agency_code, on, number)}"


def is_dossier_code(text: str) -> bool:
    """Whether the text has the shape of a dossier code."""
    return len(text) <= LONGEST and _DOSSIER.fullmatch(text) is not None


def agency_of(code: str) -> str:
    """The agency that allocated this dossier code. Raises ValueError when it is none."""
    if not is_dossier_code(code):
        raise ValueError("not a dossier code")
    return code.rsplit("-", 2)[0]


def as_reference(code: str) -> str:
    """The code as letters, digits and hyphens only, for partners' order numbers (`0000006H39-230110-0007`)."""
    return code.replace(".", "")
