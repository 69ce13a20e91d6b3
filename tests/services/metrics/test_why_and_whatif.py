"""`motcua kpi why` and `whatif` on the real database and log: lists as long as figures, hours that add up."""

from __future__ import annotations

import asyncio
import json
from collections import Counter
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from aiokafka import AIOKafkaProducer
from typer.testing import CliRunner

from services.metrics import commands
from services.metrics.commands import why as why_command
from services.metrics.rules.attribution import Holder
from shared.catalogue.lookup import calendar_for
from shared.catalogue.model import Catalogue
from shared.dossier.deadline import working_time_between
from shared.dossier.state import first_of
from shared.dossier.working_time import LOCAL
from tests.services.metrics.conftest import Log
from tests.services.metrics.lives import Told, province
from tests.services.metrics.test_doors import PROVINCE

type Lives = list[list[Told]]
type Kpi = Callable[..., Awaitable[tuple[int, str, str]]]
MONTH = ("--period", "2023-03")


@pytest.fixture(scope="module")
def lives(catalogue: Catalogue) -> Lives:
    """Sixty dossiers of March 2023, whatever day it is today: all but the open ones have ended."""
    return list(province(catalogue, 60, datetime(2023, 3, 1, 2, tzinfo=UTC)))


async def told(log: Log, lives: Lives, *, is_late: bool = False) -> None:
    """On the log and in the store, known as it happened or only now; the first event of each life twice."""
    records = [record for step in range(30) for life in lives for record in life[step : step + 1]]
    records += [life[0] for life in lives]
    producer = AIOKafkaProducer(bootstrap_servers=log.settings.kafka_bootstrap_servers, acks="all")
    async with producer:
        for key, value, event in records:
            at = None if is_late else round(event.change.at.timestamp() * 1000)
            await producer.send(log.topic, value, key=key, timestamp_ms=at)
        await producer.send(log.topic, b"no event", key=records[0].key)
        await producer.flush()
    async with log.folded_by(log.folding()):
        await log.all_folded(len(records) + 1)


@pytest.fixture
def kpi(log: Log, monkeypatch: pytest.MonkeyPatch) -> Kpi:
    """Exit code, stdout and stderr of `motcua kpi …`, which reads this test's topic."""
    monkeypatch.setattr("services.metrics.rules.stream.TOPIC", log.topic)

    async def run(*words: str) -> tuple[int, str, str]:
        result = await asyncio.to_thread(CliRunner().invoke, commands.kpi, list(words))
        assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
        return result.exit_code, result.stdout, result.stderr

    return run


async def answer(kpi: Kpi, *words: str) -> dict[str, Any]:
    code, out, err = await kpi(*words, "--json")
    assert code == 0, err
    body: dict[str, Any] = json.loads(out)
    return body


async def test_why_names_the_missing_dossiers_and_charges_every_hour_once(
    log: Log, lives: Lives, catalogue: Catalogue, kpi: Kpi
) -> None:
    await told(log, lives)
    body = await answer(kpi, "why", "--indicator", "on_time_share", "--agency", PROVINCE, *MONTH)
    missing = body["denominator"] - body["numerator"]
    assert 0 < missing == body["missing"] == len(body["dossiers"])
    assert body["least"]["count"] <= missing
    at = datetime.fromisoformat(body["judged_at"])
    last = {life[-1].event.facts.dossier_code: life[-1].event for life in lives}
    sums: Counter[str] = Counter()
    for row in body["dossiers"]:
        event = last[row["dossier_code"]]
        facts = event.facts
        calendar = calendar_for(catalogue, facts.agency_competent, facts.submitted_at.astimezone(LOCAL).date())
        worked = working_time_between(facts.submitted_at, event.change.at if facts.ended else at, calendar)
        assert row["elapsed_s"] == worked.total_seconds()
        assert sum(row["holders_s"].values()) == pytest.approx(worked.total_seconds(), abs=1e-5)
        assert sum(row["late_holders_s"].values()) == pytest.approx(row["late_s"], abs=1e-5)
        assert facts.due_at
        late = working_time_between(facts.due_at, first_of(facts.portal_times, 9, 10) or at, calendar)
        assert row["late_s"] == late.total_seconds()  # 0 for the one that was issued on a Saturday, due on Friday
        sums.update(row["holders_s"])
    charges = body["attribution"]
    assert (charges["dossiers"], charges["uncharged"]) == (missing, 0)
    assert charges["holders_s"] == pytest.approx({holder: sums[holder] for holder in Holder}, abs=1e-3)
    assert sum(charges["holders_s"].values()) == pytest.approx(charges["elapsed_s"], abs=1e-3)
    assert charges["holders_s"][Holder.OFFICER] > charges["holders_s"][Holder.LATE_DATA]


async def test_why_lists_few_counts_all_and_speaks_of_an_agency_only(
    log: Log, lives: Lives, kpi: Kpi, monkeypatch: pytest.MonkeyPatch
) -> None:
    await told(log, lives, is_late=True)
    monkeypatch.setattr(why_command, "LISTED", 2)
    body = await answer(kpi, "why", "--indicator", "online_share", *MONTH)
    assert body["denominator"] - body["numerator"] == body["missing"] > len(body["dossiers"]) == 2
    assert body["attribution"]["dossiers"] == body["missing"]
    hours = body["attribution"]["holders_s"]
    assert {holder for holder, seconds in hours.items() if seconds} == {Holder.LATE_DATA}
    one = lives[0][0].event.facts.agency_competent
    part = await answer(kpi, "why", "--indicator", "online_share", "--agency", one, *MONTH)
    assert part["denominator"] - part["numerator"] == part["missing"] < body["missing"]
    code, out, _ = await kpi("why", "--indicator", "online_share", *MONTH)
    assert code == 0
    assert f"Chưa đạt: {body['missing']} hồ sơ" in out
    assert f"và {body['missing'] - 2} hồ sơ nữa" in out
    assert "Dữ liệu báo muộn" in out


async def test_why_counts_apart_what_the_log_does_not_tell_whole(log: Log, lives: Lives, kpi: Kpi) -> None:
    """Of each life one event in the middle never came."""
    await told(log, [[*life[:2], *life[3:]] for life in lives[:20]])
    body = await answer(kpi, "why", "--indicator", "online_share", *MONTH)
    charges = body["attribution"]
    assert charges["uncharged"] > 0
    assert charges["dossiers"] + charges["uncharged"] == body["missing"]
    assert sum(row["elapsed_s"] is None for row in body["dossiers"]) == charges["uncharged"]


async def test_nothing_changed_equals_the_stored_figures_and_a_change_shows(
    log: Log, lives: Lives, catalogue: Catalogue, kpi: Kpi
) -> None:
    await told(log, lives)
    same = await answer(kpi, "whatif", *MONTH)
    assert (same["rows"], same["equals_stored"]) == ([], True)
    assert same["figures"] > 20
    code, out, _ = await kpi("whatif", *MONTH)
    assert (code, out.startswith("Nothing changes")) == (0, True)

    limits = {life[0].event.facts.procedure_code: life[0].event.facts.limit for life in lives}
    real = [word for each in limits.items() for word in ("--limit", "=".join(each))]
    assert (await answer(kpi, "whatif", *real, *MONTH))["rows"] == []

    short = [word for each in limits for word in ("--limit", f"{each}=1wh")]
    rows = (await answer(kpi, "whatif", *short, "--agency", PROVINCE, *MONTH))["rows"]
    assert {row["agency"] for row in rows} == {PROVINCE}
    changed = {row["indicator"]: row for row in rows}
    on_time = changed["on_time_share"]
    assert on_time["was"]["denominator"] == on_time["would_be"]["denominator"]
    assert on_time["was"]["numerator"] > on_time["would_be"]["numerator"]
    assert "online_share" not in changed
    stored = await answer(kpi, "why", "--indicator", "on_time_share", *MONTH)
    assert on_time["was"] == {name: stored[name] for name in ("numerator", "denominator", "value", "colour")}


async def test_another_target_changes_colours_only_and_a_day_off_rescues(log: Log, lives: Lives, kpi: Kpi) -> None:
    await told(log, lives)
    rows = (await answer(kpi, "whatif", "--target", "online_share=1", *MONTH))["rows"]
    assert rows
    for row in rows:
        assert row["indicator"] == "online_share"
        assert row["was"] | {"colour": row["would_be"]["colour"]} == row["would_be"]
        assert row["would_be"]["colour"] == "green" != row["was"]["colour"]
    late = await answer(kpi, "why", "--indicator", "on_time_share", *MONTH)
    dates = [f"--day-off=2023-03-{day:02d}" for day in range(2, 32)]
    [rescued] = [
        row
        for row in (await answer(kpi, "whatif", *dates, "--agency", PROVINCE, *MONTH))["rows"]
        if row["indicator"] == "on_time_share"
    ]
    assert late["missing"] > rescued["would_be"]["denominator"] - rescued["would_be"]["numerator"]


async def test_figures_that_are_not_the_facts_are_not_compared_with(log: Log, lives: Lives, kpi: Kpi) -> None:
    await told(log, lives[:10])
    await log.run("UPDATE metrics.kpi_cell SET received_online = received_online + 1 WHERE received_online > 0")
    code, out, err = await kpi("whatif", *MONTH, "--json")
    assert (code, out) == (1, "")
    assert "motcua verify" in err


@pytest.mark.parametrize(
    "words",
    [
        ("why", "--indicator", "none"),
        ("why", "--indicator", "services_offered"),
        ("why", "--indicator", "online_share", "--agency", "000.00.99.H99"),
        ("why", "--indicator", "online_share", "--period", "soon"),
        ("whatif", "--limit", "2.000488"),
        ("whatif", "--limit", "2.000488=soon"),
        ("whatif", "--limit", "9.999999=3wd"),
        ("whatif", "--target", "on_time_share=much"),
        ("whatif", "--target", "on_time_share=101"),
        ("whatif", "--target", "mean_time=3"),
        ("whatif", "--target", "none=3"),
        ("whatif", "--day-off", "20.11.2026"),
        ("whatif", "--agency", "000.00.99.H99"),
        ("whatif", "--period", "2026-13"),
    ],
)
def test_wrong_use_is_one_line_and_needs_no_server(words: tuple[str, ...], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("DATABASE_URL", raising=False)
    result = CliRunner().invoke(commands.kpi, list(words))
    assert (result.exit_code, result.stdout) == (2, "")
    assert len(result.stderr.splitlines()) == 1


def test_a_database_that_is_away_is_one_line(settings: object, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATABASE_URL", "postgresql+asyncpg://metrics:x@127.0.0.1:9/motcua")
    result = CliRunner().invoke(commands.kpi, ["whatif"])
    assert (result.exit_code, len(result.stderr.splitlines())) == (1, 1)
