"""Whatever a record says: it is refused by a stable reason, or it can be counted, now and later."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any, Final

import orjson
from hypothesis import example, given
from hypothesis import strategies as st

from services.metrics.rules.fold import Fold
from services.metrics.rules.seen import FIRST_YEAR, LAST_YEAR, Unreadable, read
from services.metrics.rules.stream import dossiers
from services.metrics.rules.vector import unpacked
from shared.platform.catalogue import load_catalogue
from tests.services.metrics.lives import province

CATALOGUE: Final = load_catalogue()
STREAM: Final = dossiers(CATALOGUE)
FACTS: Final = [orjson.loads(life[-1].value) for life in province(CATALOGUE, 12, datetime(2026, 10, 1, 2, tzinfo=UTC))]
ENDS: Final = ("0001-01-01T00:00:00Z", f"{FIRST_YEAR}-01-01T00:00:00Z", f"{LAST_YEAR}-12-31T23:59:59.999999Z",
               "9999-12-31T23:59:59.999999Z", "2026-10-05T08:00:00+07:00")  # fmt: skip
TIMES: Final = ("submitted_at", "received_at", "due_at", "due_at_original", "answer_due_at", "ended_at", "overdue_at")
LIMITS: Final = ("", "9999wd", "9999mo", "9999d", "9999wh", "same-day", "1wd")

instants = st.sampled_from(ENDS)
pauses = st.fixed_dictionaries(
    {"reason": st.just("SUPPLEMENT"), "start_at": instants, "completes": st.booleans()},
    optional={"end_at": instants, "due_at": instants},
)
changes = st.fixed_dictionaries(
    {},
    optional={
        **dict.fromkeys(TIMES, st.none() | instants),
        "pauses": st.lists(pauses, max_size=3) | st.lists(pauses, min_size=29, max_size=31),
        "portal_times": st.dictionaries(st.sampled_from("1234567890"), instants, max_size=4),
        "limit": st.sampled_from(LIMITS),
        "clock": st.sampled_from(["IDLE", "RUNNING", "PAUSED", "STOPPED"]),
        "fee_total_vnd": st.integers(0, 10**12 + 1),
        "supplements_asked": st.integers(0, 3),
    },
)
LONGEST: Final = {"start_at": ENDS[1], "end_at": ENDS[2], "completes": True, "reason": "SUPPLEMENT"}


@given(st.sampled_from(FACTS), changes, instants)
@example(
    FACTS[0], {"received_at": ENDS[2], "due_at": ENDS[2], "due_at_original": ENDS[2], "pauses": [LONGEST] * 30}, ENDS[4]
)
@example(FACTS[0], {"received_at": ENDS[2], "due_at": None, "limit": "9999mo", "pauses": [LONGEST] * 30}, ENDS[4])
def test_a_record_is_refused_or_counted(record: dict[str, Any], change: dict[str, Any], at: str) -> None:
    facts = {**record["facts"], **change}
    value = orjson.dumps({"change": {**record["change"], "at": at}, "facts": facts})
    fold = Fold(STREAM)
    try:
        fold.take(read(facts["dossier_code"].encode(), value), 0, 1_700_000_000_000)
    except Unreadable:
        return
    moved = fold.drain()
    assert [row.key for row in moved.rows] == [facts["dossier_code"]]
    length = len(STREAM.measures)
    settled = [unpacked(vector, length) for cell, vector in moved.cells.items() if cell.until.year == 9999]
    assert all(count >= 0 for counts in settled for count in counts)


def test_times_have_room() -> None:
    """What is allowed adds up to no more than a date can hold, the longest limit and all pauses together."""
    latest = datetime(LAST_YEAR, 12, 31, tzinfo=UTC)
    assert latest + timedelta(days=30 * 9999) + 30 * (
        latest - datetime(FIRST_YEAR, 1, 1, tzinfo=UTC)
    ) < datetime.max.replace(tzinfo=UTC)
