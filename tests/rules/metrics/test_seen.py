"""The fold's fast reading equals the contract's; what is no event of ours is refused by a stable reason."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import orjson
import pytest
from msgspec.structs import astuple

from services.metrics.rules.seen import Paper, Seen, Unreadable, read, seen_in, state_of
from shared.contracts.facts import Event
from shared.platform.catalogue import load_catalogue
from tests.services.metrics.lives import Told, province


@pytest.fixture(scope="module")
def told() -> list[Told]:
    return [told for life in province(load_catalogue(), 60, datetime(2026, 10, 1, 2, tzinfo=UTC)) for told in life]


def test_both_readings_of_a_record_are_equal(told: list[Told]) -> None:
    for record in told:
        event = read(record.key, record.value)
        contract = Event.model_validate_json(record.value)
        assert (event.change.change, event.change.at) == (contract.change.change, contract.change.at)
        for name in Seen.__struct_fields__:
            expected = getattr(contract.facts, name)
            if name == "components":
                expected = tuple(Paper(digitized=one.digitized, reused=one.reused) for one in expected)
            assert getattr(event.seen, name) == expected, name
        kept = seen_in(state_of(event.seen))
        assert astuple(kept) == astuple(event.seen)
        assert state_of(kept) == state_of(event.seen)


def test_defaults_of_old_events_are_the_contracts(told: list[Told]) -> None:
    from shared.contracts.facts import Facts

    for field in msgspec_fields():
        if field.required:
            assert Facts.model_fields[field.name].is_required(), field.name
        elif field.name != "components":
            assert field.default == Facts.model_fields[field.name].default or field.name == "portal_times"


def msgspec_fields() -> Any:
    import msgspec

    return msgspec.structs.fields(Seen)


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"seq": 0}, "wrong_shape"),
        ({"seq": "1"}, "wrong_shape"),
        ({"seq": 2**40}, "wrong_shape"),
        ({"stage": "ELSEWHERE"}, "wrong_shape"),
        ({"channel": 9}, "wrong_shape"),
        ({"fee_total_vnd": 10**13}, "wrong_shape"),
        ({"portal_times": {"100": "2026-10-01T09:00:00Z"}}, "wrong_shape"),
        ({"dossier_code": "x"}, "wrong_shape"),
        ({"root_code": "x"}, "wrong_shape"),
        ({"procedure_code": "1"}, "wrong_shape"),
        ({"dossier_code": "000.00.03.H39-230104-0001\n"}, "wrong_shape"),
        ({"agency_competent": "'; DROP TABLE"}, "wrong_shape"),
        ({"submitted_at": "2026-10-01T09:00:00"}, "wrong_shape"),
        ({"submitted_at": "9999-12-31T23:59:59Z"}, "wrong_time"),
        ({"received_at": "0001-01-01T00:00:00Z"}, "wrong_time"),
        ({"dossier_code": "000.00.03.H39-230104-0001"}, "wrong_key"),
    ],
)
def test_wrong_facts_are_refused(told: list[Told], change: dict[str, Any], reason: str) -> None:
    value = orjson.loads(told[-1].value)
    value["facts"] |= change
    with pytest.raises(Unreadable) as refused:
        read(told[-1].key, orjson.dumps(value))
    assert refused.value.reason == reason


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        (None, "empty"),
        (b"", "empty"),
        (b"{", "malformed"),
        (b"[]", "wrong_shape"),
        (b"{}", "wrong_shape"),
        (b"\xff", "malformed"),
    ],
)
def test_other_bytes_are_refused(value: bytes | None, reason: str) -> None:
    with pytest.raises(Unreadable) as refused:
        read(b"000.00.03.H39-230104-0001", value)
    assert refused.value.reason == reason


def test_unknown_fields_are_ignored(told: list[Told]) -> None:
    value = orjson.loads(told[-1].value)
    value["facts"]["new_field"] = {"deep": [1]}
    assert read(told[-1].key, orjson.dumps(value)).seen == read(*told[-1][:2]).seen
