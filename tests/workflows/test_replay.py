"""Every recorded history replays on today's code: dossiers live for months, their code lives with them."""

from __future__ import annotations

from pathlib import Path

import pytest
from temporalio.client import WorkflowHistory
from temporalio.contrib.pydantic import pydantic_data_converter
from temporalio.worker import Replayer

from workflows.dossier import DossierWorkflow
from workflows.feedback import FeedbackWorkflow

HISTORIES = sorted((Path(__file__).parent / "histories").glob("*/*.json"))
TEXTS = {path: path.read_text() for path in HISTORIES}


def test_histories_were_recorded() -> None:
    assert len(HISTORIES) >= 6


@pytest.mark.parametrize("path", HISTORIES, ids=lambda path: f"{path.parent.name}/{path.stem}")
async def test_a_recorded_life_replays(path: Path) -> None:
    history = WorkflowHistory.from_json(path.stem, TEXTS[path])
    replayer = Replayer(workflows=[DossierWorkflow, FeedbackWorkflow], data_converter=pydantic_data_converter)
    await replayer.replay_workflow(history)
