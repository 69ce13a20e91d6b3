"""A log line holds listed fields only, one line each, and no person (SR-16)."""

from __future__ import annotations

import json
import logging
import subprocess
import sys
from typing import Any

import pytest

from shared.platform.telemetry import current_traceparent, new_traceparent, redacted, trace_id, tracing

SCRIPT = """
import logging
from shared.platform.telemetry import configure, log, tracing
configure("intake")
with tracing("00-" + "a" * 32 + "-" + "b" * 16 + "-01"):
    log.info("paper_digitized", dossier_code="000.00.06.H39-230110-000712", full_name="Nguyễn Văn A", count=3)
    log.info("forged", reason='x\\n{"event": "second line"}')
    try:
        try:
            raise ValueError("Nguyễn Văn A has no paper")
        except ValueError as error:
            raise KeyError("079123456789") from error
    except KeyError:
        log.error("bug", exc_info=True)
    library = logging.getLogger("uvicorn.error")
    library.error("call 0912345678 or 079 123 456 789\\nNguyễn Văn A", exc_info=ValueError("x"))
    logging.getLogger("uvicorn.access").info("GET /?phone=0912345678")
"""


@pytest.fixture(scope="module")
def lines() -> list[dict[str, Any]]:
    done = subprocess.run([sys.executable, "-c", SCRIPT], capture_output=True, text=True, check=True, timeout=60)
    assert done.stderr == ""
    assert "Nguyễn" not in done.stdout
    return [json.loads(line) for line in done.stdout.splitlines()]


def test_a_line_has_its_listed_fields_and_no_other(lines: list[dict[str, Any]]) -> None:
    first = lines[0]
    assert first.pop("timestamp").endswith("Z")
    assert first == {
        "event": "paper_digitized",
        "level": "info",
        "process": "intake",
        "trace_id": "a" * 32,
        "dossier_code": "000.00.06.H39-230110-000712",
        "count": 3,
    }


def test_a_forged_line_break_makes_no_second_line(lines: list[dict[str, Any]]) -> None:
    assert [line["event"] for line in lines] == ["paper_digitized", "forged", "bug", "library"]


def test_an_exception_is_named_and_placed_but_not_quoted(lines: list[dict[str, Any]]) -> None:
    bug = lines[2]
    assert bug["error"] == "KeyError < ValueError"
    assert bug["where"].endswith("<string>:12")


def test_a_library_says_its_first_line_without_numbers_of_persons(lines: list[dict[str, Any]]) -> None:
    assert lines[3]["logger"] == "uvicorn.error"
    assert lines[3]["message"] == "call *** or ***"


@pytest.mark.parametrize(
    "person",
    ["079123456789", "079 123 456 789", "271234567", "0912345678", "+84912345678", "091.234.5678", "a.b@example.vn"],
)
def test_numbers_and_addresses_of_persons_are_blotted_out(person: str) -> None:
    assert redacted(f"x {person}, y ({person})") == "x ***, y (***)"


@pytest.mark.parametrize(
    "ours", ["000.00.06.H39-230110-000712", "H39.6.1-230110-0007", "1.001193", "14:05:59.123", "1764889200123"]
)
def test_our_own_codes_stay_readable(ours: str) -> None:
    assert redacted(ours) == ours


def test_a_trace_goes_on_where_one_was_given_and_begins_where_not() -> None:
    given = new_traceparent()
    with tracing(given) as current:
        assert current == given == current_traceparent()
        assert trace_id() == given.split("-")[1]
    for wrong in (None, "", "00-zz-yy-01", given + "\n"):
        with tracing(wrong) as current:
            assert current != wrong
            assert len(trace_id()) == 32
    assert trace_id() == ""


def test_the_process_that_runs_the_tests_was_not_configured() -> None:
    assert not any("motcua" in str(handler) for handler in logging.getLogger().handlers)
