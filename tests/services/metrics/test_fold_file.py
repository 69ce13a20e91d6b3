"""`motcua kpi fold FILE`: the figures of a file, without any server."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from typer import Typer
from typer.testing import CliRunner, Result

from services.metrics import commands
from tests.services.metrics.lives import Told

type Lives = list[list[Told]]


def fold(*arguments: str) -> Result:
    app = Typer()
    app.add_typer(commands.kpi, name="kpi")
    return CliRunner().invoke(app, ["kpi", "fold", *arguments])


def file_of(lives: Lives, folder: Path, *more: bytes) -> Path:
    file = folder / "events.jsonl"
    file.write_bytes(b"\n".join([*(record.value for life in lives for record in life), *more]))
    return file


def rows(result: Result, indicator: str) -> dict[tuple[str, str], Any]:
    found = json.loads(result.stdout)["rows"]
    return {(row["agency"], row["period"]): row for row in found if row["indicator"] == indicator}


def test_a_file_is_folded_without_a_server(lives: Lives, tmp_path: Path) -> None:
    result = fold(str(file_of(lives[:30], tmp_path)), "--json")
    assert result.exit_code == 0, result.output
    body = json.loads(result.stdout)
    assert (body["dossiers"], body["unreadable"], body["repeated"]) == (30, 0, 0)
    assert body["events"] == sum(map(len, lives[:30]))
    row = rows(result, "received")["000.00.00.H39", "2026-10"]
    assert row["numerator"] == sum(any(told.event.facts.received_at for told in life) for life in lives[:30])
    assert {"indicator", "agency", "period", "numerator", "denominator", "value", "colour", "as_of"} <= row.keys()


def test_order_and_repetition_of_the_lines_do_not_matter(lives: Lives, tmp_path: Path) -> None:
    straight = fold(str(file_of(lives[:20], tmp_path)), "--json", "--as-of", "2027-01-01")
    turned = [life[::-1] for life in lives[:20]] + lives[:5]
    other = fold(str(file_of(turned, tmp_path)), "--json", "--as-of", "2027-01-01")
    assert json.loads(straight.stdout)["rows"] == json.loads(other.stdout)["rows"]
    assert json.loads(other.stdout)["repeated"] == sum(map(len, lives[:5]))


def test_a_time_hides_what_came_after_it(lives: Lives, tmp_path: Path) -> None:
    file = file_of(lives[:20], tmp_path)
    at = lives[10][0].event.change.at.isoformat()
    result = fold(str(file), "--json", "--as-of", at)
    assert json.loads(result.stdout)["dossiers"] == sum(
        life[0].event.change.at.isoformat() <= at for life in lives[:20]
    )
    assert {row["as_of"] for row in json.loads(result.stdout)["rows"]} == {at}


def test_a_bad_line_is_named_and_the_others_count(lives: Lives, tmp_path: Path) -> None:
    file = file_of(lives[:2], tmp_path, b"{", b"", b'{"change": 1}', b'{"facts": {"dossier_code": "x"}}')
    result = fold(str(file), "--json")
    assert result.exit_code == 0
    assert json.loads(result.stdout)["unreadable"] == 3
    lines = sum(map(len, lives[:2]))
    assert result.stderr.splitlines() == [
        f"{file}:{lines + 1}: malformed", f"{file}:{lines + 3}: wrong_shape", f"{file}:{lines + 4}: wrong_shape",
    ]  # fmt: skip


def test_nothing_readable_fails_and_wrong_use_says_so(lives: Lives, tmp_path: Path) -> None:
    empty = tmp_path / "empty.jsonl"
    empty.write_bytes(b"no\n")
    assert fold(str(empty)).exit_code == 1
    assert fold(str(tmp_path / "absent")).exit_code == 2
    file = str(file_of(lives[:1], tmp_path))
    assert fold(file, "--as-of", "soon").exit_code == 2
    assert fold(file, "--indicator", "happiness").exit_code == 2
    assert fold(file, "--agency", "x").exit_code == 2
    assert fold(file, "--period", "soon").exit_code == 2


def test_the_terminal_shows_the_provinces_figures(lives: Lives, tmp_path: Path) -> None:
    shown = fold(str(file_of(lives[:30], tmp_path)), "--period", "2026")
    assert shown.exit_code == 0, shown.output
    assert "Giải quyết" in shown.output
