"""The metrics process: settings → store → fold and doors. Runs until SIGTERM."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from platform import node
from types import MappingProxyType
from typing import Literal

from aiokafka import AIOKafkaConsumer
from fastapi import FastAPI

from services.metrics import store
from services.metrics.acts.rebuild import is_far_behind, rebuild
from services.metrics.adapters.desk import Desk, HttpDesk
from services.metrics.adapters.topic import Cemetery, reader
from services.metrics.api import INTERFACE, TITLE, add_api
from services.metrics.consumer import GROUP, Folding
from services.metrics.consumer import complaints as complaints_consumer
from services.metrics.pages import add_pages
from services.metrics.pages.hours import Find, Found, Wanted, found, no_log
from services.metrics.rules.complaints import Complaints
from services.metrics.rules.days import Days
from services.metrics.rules.measures import Measures
from services.metrics.rules.seen import Seen
from services.metrics.rules.stream import dossiers
from services.metrics.settings import MetricsSettings
from services.metrics.store import complaints, lists
from services.metrics.store.pulse import Pulse
from services.metrics.store.tables import rate
from services.metrics.views import Door
from shared.contracts.feedback import TOPIC as FEEDBACK
from shared.platform import database, kafka, process, telemetry
from shared.platform.catalogue import load_catalogue
from shared.platform.http import client
from shared.platform.settings import load
from shared.platform.tokens import ServiceToken
from shared.web.app import Check, application
from shared.web.counting import Limits
from shared.web.identity import Identity
from shared.web.sessions import Cookie

CONSOLE_SECONDS = 2.0
"""A page does not wait longer to learn who looks at it."""


async def main() -> int:
    settings = load(MetricsSettings)
    telemetry.configure("metrics")
    url = settings.database_url.get_secret_value()
    await database.migrate(url, store.SCHEMA, Path(__file__).parent / "migrations")
    engine = database.engine(url)
    sessions = database.sessions(engine)
    catalogue = load_catalogue()
    stream = dossiers(catalogue)
    cemetery = Cemetery(kafka.broker(settings), GROUP)

    def consumer() -> AIOKafkaConsumer:
        return reader(settings, group=GROUP, instance=f"{GROUP}-{node()}-{settings.port}")

    async def catch_up() -> None:
        if await is_far_behind(settings, sessions, stream):
            telemetry.log.info("rebuilding", topic=stream.topic)
            await rebuild(settings, stream)

    folding = Folding(consumer, cemetery, sessions, stream, batch_records=settings.batch_records, catch_up=catch_up)

    broker = kafka.broker(settings)
    follow = complaints_consumer.follower(sessions, kafka.DeadLetters(broker, complaints_consumer.GROUP))
    kafka.subscribe(broker, FEEDBACK, follow, group=complaints_consumer.GROUP)
    consumers = kafka.Consumers(broker)
    measures = Complaints.of(catalogue)

    async def read(asked: store.Question) -> store.Reading:
        async with sessions() as session:
            reading = await store.standing(session, stream, asked)
            if asked.past or asked.procedure_code or asked.channel:
                return reading
            counts = await complaints.counts(session, measures, asked.period, asked.at)
        return replace(reading, counts={**reading.counts, **counts})

    async def listed(asked: lists.Listed, keeps: lists.Keeps) -> tuple[list[Seen], bool]:
        async with sessions() as session:
            return await lists.listed(session, stream, asked, keeps)

    async def read_days(spans: Sequence[Days], at: datetime) -> list[store.Reading]:
        async with sessions() as session:
            return await lists.of_days(session, stream, Measures.of(catalogue), spans, at)

    pulse = Pulse(url)
    token = ServiceToken(settings.token_key.get_secret_value())
    console = client(str(settings.processing_url), where="processing", timeout=CONSOLE_SECONDS, token=token)
    door = Door(
        read,
        catalogue,
        lambda: datetime.now(UTC),
        settings.hides_below,
        pulse.after,
        listed,
        read_days,
        desk=settings.console_url,
    )
    identity = Identity(settings.token_jwks.get_secret_value(), production=settings.production)

    async def hours(wanted: Wanted) -> Found:
        return await found(settings, catalogue, wanted)

    async def database_answers() -> None:
        await database.answers(engine)

    limits = Limits.of(settings, sessions, rate, door.now)
    app = build(
        door,
        hours=hours,
        identity=identity,
        limits=limits,
        desk=HttpDesk(console),
        environment=settings.environment,
        readiness={"database": database_answers, "fold": folding.check, "complaints": consumers.check},
    )
    try:
        return await process.serve(
            app, host=settings.host, port=settings.port, alongside=[folding, consumers, pulse, limits.duty()]
        )
    finally:
        await cemetery.close()
        await console.aclose()
        await engine.dispose()


def build(
    door: Door,
    *,
    hours: Find = no_log,
    identity: Identity | None = None,
    limits: Limits | None = None,
    desk: Desk | None = None,
    environment: Literal["local", "production"] = "local",
    readiness: Mapping[str, Check] = MappingProxyType({}),
) -> FastAPI:
    """The application with all its doors. `desk`: knows colleagues by their cookie; None: tokens only."""
    app = application(
        title=TITLE,
        version=INTERFACE,
        readiness=readiness,
        environment=environment,
        identity=identity,
        limits=limits,
    )
    app.state.desk = desk
    app.state.cookie = Cookie(secure=environment == "production")
    add_api(app, door)
    add_pages(app, door, hours)
    return app


if __name__ == "__main__":
    process.run(main)
