"""A note that one member of staff leaves for the next; the applicant never sees it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from shared.dossier.codes import AgencyCode, PersonCode
from shared.dossier.lifecycle import Role

LONGEST: Final = 2_000
"""Letters: a note, no letter."""


@dataclass(frozen=True)
class Remark:
    """Whose note, in which role, when, in clear."""

    at: datetime
    author: PersonCode
    role: Role
    agency_code: AgencyCode
    words: str
