"""`motcua catalogue` as an operator types it."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from shared.platform.catalogue import DATA


def catalogue(*given: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "deploy.cli", "catalogue", *given]
    return subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return Path(shutil.copytree(DATA, tmp_path / "data"))


def test_the_shipped_data_are_right() -> None:
    said = catalogue("check", "--on", "2026-11-23")
    assert said.returncode == 0, said.stderr
    assert "nothing wrong" in said.stdout
    assert "is a draft" in said.stderr


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ("    processing_time: same-day\n", "", "processing_time is missing"),
        ("    fees: []\n", "", "fees is missing"),
        ("levels: [COMMUNE]", "levels: [BRANCH]", "no agency is competent for"),
        ("{kind: XN-HN, data_source: CIVIL_STATUS}", "{kind: XN-HN}", "NĐ 47/2020"),
        ("    e25: 12\n", "    e25: 12\n    colour: red\n", "unknown field colour"),
    ],
)
def test_what_is_wrong_is_said_with_file_and_line(folder: Path, old: str, new: str, says: str) -> None:
    file = folder / "procedures-civil-status.yaml"
    assert old in file.read_text()
    file.write_text(file.read_text().replace(old, new, 1))
    said = catalogue("check", str(folder))
    assert said.returncode == 1
    place, _, message = said.stderr.partition(": ")
    name, line = place.rsplit(":", 1)
    assert (name, says in message) == (str(file), True), said.stderr
    assert 1 < int(line) <= file.read_text().count("\n")
    assert "Traceback" not in said.stderr


def test_a_procedure_as_it_is_on_a_day() -> None:
    then, now = (
        json.loads(catalogue("show", "2.000488", "--on", day, "--json").stdout) for day in ("2023-01-16", "2024-01-16")
    )
    assert then["code"] == now["code"] == "2.000488"
    assert then["agencies"] == ["000.00.03.H39"]
    gone = catalogue("show", "2.000488", "--on", "2026-01-16")
    assert (gone.returncode, gone.stderr) == (2, "no procedure 2.000488 on 2026-01-16\n")
    assert "Phiếu lý lịch tư pháp" in catalogue("show", "2.000488", "--on", "2023-01-16").stdout


def test_publish_refuses_what_has_no_holidays_and_diff_compares(folder: Path, tmp_path: Path) -> None:
    archive = ("--archive", str(tmp_path / "archive"))
    late = catalogue("publish", str(folder), "--on", "2027-11-20", *archive)
    assert late.returncode == 1
    assert "no working calendar of 2028" in late.stderr
    assert catalogue("publish", str(folder), "--on", "2026-11-23", *archive).returncode == 0
    version = catalogue("versions", *archive).stdout.strip()
    same = catalogue("diff", version, "working", "--json", *archive)
    assert json.loads(same.stdout) == []
    nobody = catalogue("diff", "1999.1", "working", *archive)
    assert nobody.returncode == 2
    assert "never published" in nobody.stderr
