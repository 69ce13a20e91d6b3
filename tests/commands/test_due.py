"""`motcua due` as a clerk or another program uses it: no server, one answer for one question, no line lost."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest


def motcua(*words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "deploy.cli", *words], capture_output=True, text=True, timeout=60, check=False
    )


def answer(*words: str) -> dict[str, Any]:
    done = motcua("due", "--json", *words)
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert isinstance(found, dict)
    return found


def test_a_due_time_comes_with_steps_that_lead_there() -> None:
    found = answer("--received", "2023-01-16T10:00", "--limit", "5wd")
    assert found["due_at"] == "2023-01-30T17:00:00+07:00"
    assert found["calendar_version"]
    steps = found["steps"]
    assert steps[0]["from"] == "2023-01-16T10:00:00+07:00"
    assert [step["from"] for step in steps[1:]] == [step["to"] for step in steps[:-1]]
    assert steps[-1]["to"] == found["due_at"]
    assert sum(step["counts"] for step in steps) == 5
    assert all(step["law"] for step in steps)


@pytest.mark.parametrize(
    ("supplement", "due_at"), [("pause", "2023-06-26T17:00:00+07:00"), ("restart", "2023-06-28T17:00:00+07:00")]
)
def test_a_pause_adds_and_a_restart_counts_anew(supplement: str, due_at: str) -> None:
    found = answer(
        *("--received", "2023-06-05T09:00+07:00", "--limit", "10wd", "--supplement", supplement),
        *("--pause", "2023-06-08T10:00/2023-06-14T14:30"),
    )
    assert (found["due_at"], found["base_due_at"]) == (due_at, "2023-06-19T17:00:00+07:00")


def test_an_open_pause_has_no_due_time_but_what_is_left() -> None:
    found = answer("--received", "2023-06-05T09:00", "--limit", "10wd", "--pause", "2023-06-08T10:00/")
    assert (found["due_at"], found["paused"], found["remaining_minutes"]) == (None, True, 61 * 60)


def test_a_procedure_brings_its_own_limit() -> None:
    found = answer("--received", "2022-06-01T09:00", "--procedure", "2.000720")
    assert found["due_at"] == "2022-06-06T17:00:00+07:00"


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("--received", "2023-02-30T10:00", "--limit", "5wd"), "2023-02-30T10:00"),
        (("--received", "2023-01-16T10:00", "--limit", "0wd"), "a time limit is written"),
        (("--received", "2023-01-16T10:00"), "say the limit"),
        (("--limit", "5wd"), "--received"),
        (("--received", "2031-01-16T10:00", "--limit", "5wd"), "2031"),
        (("--received", "9999-12-31T23:59", "--limit", "5wd"), "9999"),
        (("--received", "2023-01-16T10:00", "--limit", "5wd", "--pause", "2023-01-18T10:00/2023-01-17T10:00"), "ends"),
        (("--received", "2023-01-16T10:00", "--limit", "5wd", "--supplement", "maybe"), "pause or restart"),
        (("--received", "2023-01-16T10:00", "--limit", "5wd", "--agency", "nobody"), "nobody"),
        (("--received", "2023-01-16T10:00", "--procedure", "9.999999"), "9.999999"),
    ],
)
def test_a_wrong_question_is_one_line(words: tuple[str, ...], says: str) -> None:
    done = motcua("due", *words)
    assert done.returncode == 2
    assert says in done.stderr
    assert len(done.stderr.strip().splitlines()) == 1
    assert not done.stdout


def test_a_batch_answers_every_line_in_order(tmp_path: Path) -> None:
    lines = [
        b'{"id": 1, "received": "2023-01-16T10:00", "limit": "5wd"}',
        b"",
        b'{"id": "two", "received": "2023-06-05T09:00", "limit": "10wd", "pauses": [["2023-06-08T10:00", "2023-06-14T14:30"]], "supplement": "restart"}',  # noqa: E501
        b"not json",
        b'{"id": 4, "received": "2023-01-16T10:00", "limit": "five days"}',
        b"[1, 2]",
        b'{"id": 6, "limit": "5wd"}',
        b'{"id": 7, "received": 5, "limit": "5wd"}',
        b'{"id": 8, "received": "2023-01-16T10:00", "limit": "5wd", "pauses": [["2023-01-18"]]}',
        b"\xff\xfe",
        b'{"id": 10, "received": "2023-01-16T10:00", "limit": "5wd", "pauses": null}',
        b'{"id": 11, "received": "2023-06-05T09:00", "limit": "10wd", "pauses": [["2023-06-08T10:00", null]]}',
    ]
    file = tmp_path / "asked.jsonl"
    file.write_bytes(b"\n".join(lines))
    done = motcua("due", "--batch", str(file), "--json")
    assert done.returncode == 0, done.stderr
    found = [json.loads(line) for line in done.stdout.splitlines()]
    assert [row.get("id") for row in found] == [1, "two", None, 4, None, 6, 7, 8, None, 10, 11]
    assert [bool(row.get("error")) for row in found] == [
        *(False, False, True, True, True, True, True, True, True, False, False)
    ]
    assert found[1]["due_at"] == "2023-06-28T17:00:00+07:00"
    assert found[10]["due_at"] is None


def test_a_batch_is_asked_for_as_json_and_must_exist(tmp_path: Path) -> None:
    assert motcua("due", "--batch", str(tmp_path / "none.jsonl"), "--json").returncode == 2
    assert motcua("due", "--batch", str(tmp_path / "none.jsonl")).returncode == 2
