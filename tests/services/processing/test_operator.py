"""What operators see and mend: stuck dossiers, dead letters, lag and workers; and that nobody else does."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator, Sequence
from dataclasses import replace
from datetime import timedelta

import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer
from temporalio.client import Client
from temporalio.contrib.pydantic import pydantic_data_converter

from deploy.local.stack import Stack
from services.processing import acts
from services.processing.acts import Door
from services.processing.acts.operations import SHORTEST_REASON, Operations
from services.processing.adapters.engine_watch import TemporalEngineWatch, Trying, Worker
from services.processing.adapters.log_watch import REPLAYED, DeadLetter, KafkaLogWatch, Lag, Place
from shared.contracts.facts import DEAD_LETTERS, TOPIC, event_of, facts_of, value_of
from shared.dossier.lifecycle import Stage
from shared.platform.http import Away
from shared.platform.settings import ServiceSettings, load
from tests import builders
from tests.services.processing.conftest import NOW, Clock, Site
from tests.services.processing.fakes import NAME, FakeDesk
from tests.services.processing.test_pages import CODE, hold

LETTER = DeadLetter(Place(DEAD_LETTERS, 0, 3), NOW, "metrics", "not_facts", Place(TOPIC, 1, 18377), b"key", b"{broken")
ONE = f"/desk/ops/dead-letters/{DEAD_LETTERS}/0/3"
REASON = "Bộ đọc bản 2 đã sửa, thử lại."


class FakeLog:
    """A broker with one dead letter; while `away`, it does not answer."""

    def __init__(self) -> None:
        self.held = [LETTER]
        self.replayed: list[DeadLetter] = []
        self.away = False

    async def letters(self) -> Sequence[DeadLetter]:
        return self._asked(self.held)

    async def letter(self, place: Place) -> DeadLetter | None:
        return next((each for each in self.held if each.place == place), None)

    async def replay(self, letter: DeadLetter) -> None:
        self.replayed += self._asked([letter])

    async def lags(self) -> Sequence[Lag]:
        return self._asked([Lag("metrics", TOPIC, 1_234)])

    def _asked[T](self, answer: list[T]) -> list[T]:
        if self.away:
            raise Away("broker", "test")
        return answer


class FakeEngine:
    """One activity that is tried again and again."""

    async def trying(self, dossier_code: str) -> Sequence[Trying]:
        return [Trying("sign_result", 22, NOW, "TimeoutError")] if dossier_code == CODE else []

    async def workers(self) -> Sequence[Worker]:
        return [Worker("dossier", "workflow", "4711@host", "0.9", NOW)]

    async def version(self) -> str:
        return "1.32.0"


@pytest.fixture
def log(site: Site, door: Door, clock: Clock) -> FakeLog:
    fake = FakeLog()
    operations = Operations(door.sessions, fake, FakeEngine(), clock)
    ui = "http://temporal/namespaces/default/workflows"
    site.app.state.console = replace(site.app.state.console, operations=operations, temporal_ui=ui)
    return fake


async def test_what_stands_still_is_listed_with_who_is_waited_for_and_the_way_to_temporal(
    site: Site, door: Door, desk: FakeDesk, clock: Clock, log: FakeLog
) -> None:
    await hold(door, desk, Stage.PROCESSING)
    due = facts_of(desk.dossiers[CODE]).due_at
    assert due is not None
    clock.at = due + timedelta(days=1)
    browser = await site.browser("operator")
    clock.at = due - timedelta(days=1)
    assert CODE not in (await (await site.browser("operator")).get("/desk/ops")).text, "not due: nothing is wrong"
    clock.at = due + timedelta(days=30)
    browser = await site.browser("operator")
    page = (await browser.get("/desk/ops")).text
    assert CODE in page
    assert f"http://temporal/namespaces/default/workflows/{CODE}" in page
    assert "sign_result: TimeoutError" in page
    assert ">22<" in page
    assert NAME not in page, "operators see no name"
    assert f'href="/desk/{CODE}"' not in page


async def test_a_machine_that_keeps_a_dossier_a_quarter_of_an_hour_is_seen(
    site: Site, door: Door, clock: Clock, log: FakeLog
) -> None:
    known = facts_of(builders.a_dossier(Stage.PROCESSING))
    moved = {"stage": Stage.NUMBERING, "due_at": NOW + timedelta(days=9), "submitted_at": NOW - timedelta(minutes=16)}
    waiting = known.model_copy(update=moved)
    await acts.learn(door, [waiting])
    browser = await site.browser("operator")
    page = (await browser.get("/desk/ops")).text
    assert waiting.dossier_code in page
    assert ">hệ thống<" in page
    signed = waiting.model_copy(update={"seq": waiting.seq + 1, "result_signed_at": NOW})
    await acts.learn(door, [signed])
    assert waiting.dossier_code not in (await browser.get("/desk/ops")).text


async def test_a_dead_letter_goes_back_once_with_a_reason_and_who_decided(site: Site, log: FakeLog) -> None:
    browser = await site.browser("operator")
    page = await browser.get(ONE)
    assert "vẫn không đọc được" in page.text, "the dry run says what a replay would do"
    assert "{broken" not in page.text, "a payload is shown to nobody"
    short = await browser.send(page, ONE, verdict="replayed", reason="vì")
    assert short.status_code == 409
    assert f"Nêu lý do, ít nhất {SHORTEST_REASON} ký tự." in short.text
    await browser.get("/desk/ops?lang=en")
    english = await browser.send(page, ONE, verdict="replayed", reason="vì")
    assert "Give a reason of at least 10 characters." in english.text
    await browser.get("/desk/ops?lang=vi")
    for _ in range(2):  # a double click
        done = await browser.send(page, ONE, verdict="replayed", reason=REASON)
    assert log.replayed == [LETTER]
    assert done.status_code == 409
    shown = (await browser.get("/desk/ops")).text
    assert "Đã phát lại" in shown
    settled = (await browser.get(ONE)).text
    assert REASON in settled
    assert 'name="verdict"' not in settled


async def test_a_replay_whose_outcome_is_not_known_may_be_sent_again_after_a_while(
    site: Site, log: FakeLog, clock: Clock
) -> None:
    browser = await site.browser("operator")
    page = await browser.get(ONE)
    log.away = True
    assert (await browser.send(page, ONE, verdict="replayed", reason=REASON)).status_code == 503
    log.away = False
    assert (await browser.send(page, ONE, verdict="replayed", reason=REASON)).status_code == 409
    clock.at += timedelta(minutes=2)
    assert (await browser.send(page, ONE, verdict="replayed", reason=REASON)).status_code == 303
    assert log.replayed == [LETTER]


async def test_a_letter_that_was_discarded_is_never_replayed(site: Site, log: FakeLog) -> None:
    browser = await site.browser("operator")
    page = await browser.get(ONE)
    assert (await browser.send(page, ONE, verdict="discarded", reason=REASON)).status_code == 303
    assert (await browser.send(page, ONE, verdict="replayed", reason=REASON)).status_code == 409
    assert log.replayed == []


async def test_a_readable_letter_says_so(site: Site, log: FakeLog) -> None:
    log.held = [LETTER._replace(value=value_of(event_of(builders.a_dossier(Stage.SUBMITTED))))]
    assert "đọc được bản ghi này." in (await (await site.browser("operator")).get(ONE)).text


async def test_parts_that_are_away_are_said_and_the_rest_is_shown(site: Site, log: FakeLog) -> None:
    log.away = True
    page = await (await site.browser("operator")).get("/desk/ops")
    assert page.status_code == 200
    assert "Không hỏi được máy chủ sự kiện." in page.text
    assert "4711@host" in page.text


async def test_operators_see_no_dossier(site: Site, door: Door, desk: FakeDesk, log: FakeLog) -> None:
    await hold(door, desk, Stage.PROCESSING)
    browser = await site.browser("operator")
    assert (await browser.get(f"/desk/{CODE}")).status_code == 404
    for path in ("/desk", "/desk?q=7", "/desk/export.csv"):
        assert CODE not in (await browser.get(path)).text, path


async def test_clerks_have_a_way_to_look_at_the_execution(site: Site, door: Door, desk: FakeDesk, log: FakeLog) -> None:
    await hold(door, desk, Stage.SUBMITTED)
    page = (await (await site.browser("clerk")).get(f"/desk/{CODE}?tab=history")).text
    assert f"http://temporal/namespaces/default/workflows/{CODE}" in page


# --- on the real broker and the real engine ---------------------------------------------------------------------------


@pytest.fixture(scope="module")
def servers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    with Stack(tmp_path_factory.mktemp("servers"), processes={"kafka", "temporal", "postgres"}) as running:
        yield running


@pytest.fixture
def settings(servers: Stack, monkeypatch: pytest.MonkeyPatch) -> ServiceSettings:
    for name, value in servers.environment("processing").items():
        monkeypatch.setenv(name, value)
    return load(ServiceSettings)


@pytest.fixture
async def sender(servers: Stack) -> AsyncIterator[AIOKafkaProducer]:
    made = AIOKafkaProducer(bootstrap_servers=servers.address("kafka"))
    await made.start()
    yield made
    await made.stop()


async def test_a_real_dead_letter_is_read_with_its_reason_and_comes_back_to_its_topic(
    servers: Stack, settings: ServiceSettings, sender: AIOKafkaProducer
) -> None:
    raw = b"\xff no utf-8, kept byte for byte"
    told = {"reader": "metrics", "reason": "not_facts", "topic": TOPIC, "partition": "2", "offset": "41"}
    headers = [(name, value.encode()) for name, value in told.items()]
    sent = await sender.send_and_wait(DEAD_LETTERS, raw, key=b"a-key", headers=headers)
    watch = KafkaLogWatch(settings)
    letters = await watch.letters()
    assert [(each.reason, each.reader, each.source) for each in letters] == [
        ("not_facts", "metrics", Place(TOPIC, 2, 41))
    ]
    letter = await watch.letter(Place(DEAD_LETTERS, 0, sent.offset))
    assert letter == letters[0]
    assert await watch.letter(Place(DEAD_LETTERS, 0, sent.offset + 1)) is None
    assert await watch.letter(Place(DEAD_LETTERS, 9, 0)) is None
    assert await watch.letter(Place(TOPIC, 0, 0)) is None, "only dead letters"
    await watch.replay(letter)
    consumer = AIOKafkaConsumer(
        TOPIC, bootstrap_servers=servers.address("kafka"), auto_offset_reset="earliest", group_id="late",
        enable_auto_commit=False,
    )  # fmt: skip
    await consumer.start()
    try:
        async with asyncio.timeout(20):
            record = await consumer.getone()
        assert (record.value, record.key) == (raw, b"a-key")
        assert dict(record.headers) == {REPLAYED: f"{DEAD_LETTERS}/0/{sent.offset}".encode()}
        await consumer.commit()
        await sender.send_and_wait(TOPIC, b"more", key=b"a-key")
        assert Lag("late", TOPIC, 1) in await watch.lags()
    finally:
        await consumer.stop()


async def test_a_broker_that_is_away_is_away(settings: ServiceSettings) -> None:
    nowhere = settings.model_copy(update={"kafka_bootstrap_servers": "127.0.0.1:1"})
    for ask in (KafkaLogWatch(nowhere).letters, KafkaLogWatch(nowhere).lags):
        with pytest.raises(Away):
            await ask()


async def test_the_real_engine_tells_versions_and_knows_no_stranger(servers: Stack) -> None:
    client = await Client.connect(servers.address("temporal"), data_converter=pydantic_data_converter)
    watch = TemporalEngineWatch(client)
    assert await watch.trying("000.00.00.H39-000000-0000") == ()
    assert (await watch.version()).startswith("1.")
    assert list(await watch.workers()) == []
