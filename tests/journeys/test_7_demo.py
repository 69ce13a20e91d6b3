"""The demonstration as a user starts it: thirty dossiers, an honest exit code, and a clean desk afterwards."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from deploy.local.stack import Stack
from tests.local_stack.conftest import alive, motcua

LIMIT_S = 400
MIB = 3072
"""All processes together stay under 3 GiB resident."""


@pytest.mark.timeout(LIMIT_S + 60)
def test_thirty_dossiers_are_accounted_for(tmp_path: Path) -> None:
    root = tmp_path / "var"
    command = motcua(root, "demo", "--dossiers", "30", "--exit", "--json")
    try:
        out, err = command.communicate(timeout=LIMIT_S)
    finally:
        command.kill()
        Stack(root).down()
    assert command.returncode == 0, err[-3000:]
    report = json.loads(out.splitlines()[-1])
    assert report["submitted"] == 30
    assert report["submitted"] == sum(report[end] for end in ("finished", "refused", "withdrawn", "stopped"))
    assert [report[name] for name in ("lost", "duplicated", "stuck")] == [0, 0, 0]
    assert report["notices_twice"] == 0
    assert report["notices_sent"] >= 2 * 30 * 4, "each life has at least four changes that are told, by mail and by SMS"
    assert report["kpi_equals_refold"] is True
    assert report["feedback_answered"] == report["feedback"] >= 1
    assert report["max_history_events"] > 0
    assert 0 < report["resident_mib"] < MIB
    assert report["seconds"] > 0
    assert report["dossiers_per_second"] > 0
    assert alive(root) == []
