"""What somebody must be told of before deciding on a page that is not the newest."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from services.processing.rules.meanwhile import decisive
from shared.dossier.lifecycle import Role, Stage
from shared.dossier.records import Change


@pytest.mark.parametrize(
    ("role", "to_stage", "is_told"),
    [
        (Role.SYSTEM, Stage.SUPPLEMENT, False),
        (Role.PARTNER, Stage.SUPPLEMENT, False),
        (Role.SYSTEM, Stage.PROCESSING, True),
        (Role.PARTNER, Stage.PROCESSING, True),
        (Role.UNIT_HEAD, Stage.SUPPLEMENT, True),
        (Role.APPLICANT, Stage.SUPPLEMENT, True),
    ],
)
def test_people_and_moves_are_told_of_and_notes_of_machines_are_not(
    *, role: Role, to_stage: Stage, is_told: bool
) -> None:
    change = Change(
        change="something", role=role, agency_code=None, from_stage=Stage.SUPPLEMENT, to_stage=to_stage,
        at=datetime(2026, 11, 23, tzinfo=UTC),
    )  # fmt: skip
    assert bool(decisive([(4, change)])) is is_told
