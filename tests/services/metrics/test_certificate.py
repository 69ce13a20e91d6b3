"""A published report: what it stands on, when it is refused, and that whoever changes one byte of it is found out."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from typer import Typer
from typer.testing import CliRunner

from services.metrics import commands, store
from services.metrics.__main__ import build
from services.metrics.rules.certificate import hash_of
from services.metrics.rules.fold import date_of, day_of
from services.metrics.rules.period import Period
from services.metrics.store import Past, Question, Reading
from services.metrics.views import Door
from shared.catalogue.model import Catalogue
from tests.services.metrics.conftest import Log
from tests.services.metrics.lives import Told
from tests.services.metrics.test_doors import NOW, PROVINCE, Cells, Everybody, app, get, shares

type Lives = list[list[Told]]


def told(lives: Lives) -> list[tuple[bytes | None, bytes | None]]:
    return [record[:2] for step in range(30) for life in lives for record in life[step : step + 1]]


async def test_a_certificate_says_what_it_stands_on_and_hashes_it(catalogue: Catalogue) -> None:
    answer = await get(app(catalogue, Cells(shares(5, 10))), "/api/certificate?period=2023-01")
    assert answer.status_code == 200, answer.text
    published = answer.json()
    assert published["position"] == {"0": 7, "1": 0}
    assert published["hash"] == hash_of(published)
    assert published["catalogue_version"] == catalogue.version
    assert {row["agency_code"] for row in published["rows"]} > {PROVINCE}
    again = await get(app(catalogue, Cells(shares(5, 10))), "/api/certificate?period=2023-01")
    assert again.content == answer.content


async def test_small_numbers_are_hidden_from_the_public_here_too(catalogue: Catalogue) -> None:
    answer = await get(app(catalogue, Cells(shares(1, 3)), hides_below=5), "/api/certificate?period=2023-01")
    rows = [row for row in answer.json()["rows"] if row["agency_code"] == "000.00.03.H39"]
    online = [row for row in rows if row["indicator"] == "online_share"]
    assert online
    assert all(row["is_hidden"] and row["numerator"] is None for row in online)


async def test_what_does_not_add_up_is_not_published(catalogue: Catalogue) -> None:
    cells = Cells(shares(5, 10))
    cells.reading = Reading(cells.reading.counts, {0: 7}, NOW, 0, (("000.00.03.H39", "2023-01"),))
    refused = await get(app(catalogue, cells), "/api/certificate?period=2023-01")
    assert refused.status_code == 409
    assert refused.json()["type"].endswith("unfair_count")
    assert "000.00.03.H39" in refused.json()["detail"]
    assert (await get(app(catalogue, cells), "/api/kpi?period=2023-01")).json()["fair"] is False


async def test_what_is_not_counted_yet_is_not_published(catalogue: Catalogue) -> None:
    refused = await get(app(catalogue, Cells(as_of=None)), "/api/certificate?period=2023-01")
    assert (refused.status_code, refused.json()["type"].rpartition("/")[2]) == (409, "not_counted_yet")


@pytest.mark.parametrize(
    ("query", "code"),
    [("as_of=2023-01-20", 200), ("known_at=2023-01-20T24:00", 422), ("as_of=2023-01-21T00:00", 200),
     ("as_of=2023-01-20T14:00", 422), ("as_of=soon", 422), ("as_of=2023-01-20&channel=2", 422),
     ("as_of=2023-01-20&known_at=2023-01-25", 200)],
)  # fmt: skip
async def test_the_past_is_asked_by_days(catalogue: Catalogue, query: str, code: int) -> None:
    cells = Cells(shares(5, 10))
    answer = await get(app(catalogue, cells), f"/api/kpi?period=2023-01&{query}")
    assert answer.status_code == code, answer.text
    if code == 200:
        [asked] = cells.asked
        assert asked.past is not None
        assert f"{date_of(asked.past.at_day)}" == "2023-01-20"
        assert all(row["as_of"] == "2023-01-20T17:00:00Z" for row in answer.json()["rows"])


async def test_the_topic_proves_a_certificate_and_whoever_changes_it_is_found(
    log: Log, lives: Lives, catalogue: Catalogue, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    await log.tell(told(lives[:40]))
    async with log.folded_by(log.folding()):
        await log.all_folded(len(told(lives[:40])))

    async def read(asked: Question) -> Reading:
        async with log.sessions() as session:
            return await store.standing(session, log.stream, asked, log.topic)

    at = lives[0][0].event.change.at + timedelta(days=20)
    to = build(Door(read, catalogue, lambda: at, 0), identity=Everybody())
    published = (await get(to, "/api/certificate?period=2026-10")).json()
    await log.tell(told(lives[40:60]))
    monkeypatch.setattr("services.metrics.rules.stream.TOPIC", log.topic)
    assert (await verified(published, tmp_path))[0] == 0
    for name, change in TAMPERED.items():
        code, said = await verified(change(published), tmp_path)
        assert code == 1, name
        assert said["equal"] is False, name
    assert (await verified(published | {"catalogue_version": "0"}, tmp_path))[0] == 1
    assert (await verified({"rows": []}, tmp_path))[0] == 2


def _other_number(published: dict[str, Any]) -> dict[str, Any]:
    rows = [row | {"numerator": row["numerator"] + 1} if row["numerator"] else row for row in published["rows"]]
    return published | {"rows": rows}


def _sealed_again(published: dict[str, Any]) -> dict[str, Any]:
    changed = _other_number(published)
    return changed | {"hash": hash_of(changed)}


TAMPERED: dict[str, Callable[[dict[str, Any]], dict[str, Any]]] = {
    "another number": _other_number,
    "another number under a new hash": _sealed_again,
    "a row less": lambda published: published | {"rows": published["rows"][:-1]},
    "another hash": lambda published: published | {"hash": "0" * 64},
    "an earlier position": lambda published: published | {"position": dict.fromkeys(published["position"], 3)},
}


async def verified(published: dict[str, Any], folder: Path) -> tuple[int, dict[str, Any]]:
    """Exit code and answer of `motcua verify FILE --json`."""
    file = folder / "certificate.json"
    file.write_text(json.dumps(published))
    app = Typer()
    app.command("verify")(commands.verify)
    result = await asyncio.to_thread(CliRunner().invoke, app, [str(file), "--json"])
    return result.exit_code, json.loads(result.stdout) if result.stdout else {}


async def test_the_store_answers_for_the_past_what_was_true_and_what_we_showed(log: Log, lives: Lives) -> None:
    """Twenty dossiers are known today, though all of it happened weeks ago: we showed nothing then."""
    await log.tell(told(lives[:20]))
    async with log.folded_by(log.folding()):
        await log.all_folded(len(told(lives[:20])))
    first = day_of(lives[0][0].event.change.at)
    today = 10**5

    async def counts(at_day: int, known_day: int) -> dict[str, int]:
        asked = Question(Period.parse("2026"), NOW, past=Past(at_day, known_day))
        async with log.sessions() as session:
            reading = await store.standing(session, log.stream, asked, log.topic)
        found: dict[str, int] = {}
        for (measure, _, _), count in reading.counts.items():
            found[measure] = found.get(measure, 0) + count
        return found

    assert (await counts(first, today))["submitted"] == 20
    assert await counts(first - 1, today) == {}
    assert await counts(first + 300, first + 2) == {}
    later = await counts(first + 300, today)
    assert later["received"] == sum(any(each.event.facts.received_at for each in life) for life in lives[:20])
    assert later["on_time"] <= (await counts(first, today))["on_time"]
