"""The delivery process: settings → store → adapters → doors. `python -m services.delivery`."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any, Final

from fastapi import FastAPI
from temporalio.client import Client

from services.delivery import api, callbacks, store
from services.delivery.activities import Activities
from services.delivery.acts.door import Door, Sender
from services.delivery.adapters.applicant_file import IntakeFile
from services.delivery.adapters.carrier import EmsCarrier
from services.delivery.consumer import GROUP, CarrierEvents, Follower
from services.delivery.settings import DeliverySettings
from shared.contracts.delivery import TASK_QUEUE, TOPIC
from shared.platform import database, http, kafka, process, telemetry, temporal
from shared.platform.catalogue import load_catalogue
from shared.platform.settings import load
from shared.platform.tokens import ServiceToken
from shared.web.app import Check, application
from shared.web.counting import Limits
from shared.web.identity import Identity
from workflows.desk import DossierDesk

HERE: Final = Path(__file__).parent


@dataclass(frozen=True)
class Parts:
    """What the process is made of."""

    door: Door
    client: Client
    consumers: kafka.Consumers
    relay: callbacks.Relay
    readiness: dict[str, Check]


@asynccontextmanager
async def parts(settings: DeliverySettings) -> AsyncIterator[Parts]:
    """Everything long-lived, connected; closed at the end."""
    url = settings.database_url.get_secret_value()
    await database.migrate(url, store.SCHEMA, HERE / "migrations")
    engine = database.engine(url)
    client = await temporal.connect(settings)
    token = ServiceToken(settings.token_key.get_secret_value())
    async with (
        http.client(str(settings.carrier_url), where="carrier") as to_carrier,
        http.client(str(settings.intake_url), where="intake", token=token) as to_intake,
    ):
        door = Door(
            sessions=database.sessions(engine),
            desk=DossierDesk(client),
            carrier=EmsCarrier(to_carrier, user=settings.carrier_user, key=settings.carrier_secret.get_secret_value()),
            applicants=IntakeFile(to_intake),
            catalogue=load_catalogue(),
            sender=Sender(settings.sender_phone, settings.sender_province_id),
            now=lambda: datetime.now(UTC),
            scanned=asyncio.Event(),
            due=asyncio.Event(),
        )
        broker = kafka.broker(settings)
        events = CarrierEvents(door, kafka.DeadLetters(broker, GROUP))
        kafka.subscribe(broker, TOPIC, events.handle, group=GROUP)
        consumers = kafka.Consumers(broker)
        readiness: dict[str, Check] = {
            "database": partial(database.answers, engine),
            "temporal": partial(temporal.answers, client),
            "broker": consumers.check,
        }
        yield Parts(door, client, consumers, callbacks.Relay(door, kafka.producer(settings)), readiness)
    await engine.dispose()


def app_of(
    door: Door,
    *,
    identity: Identity | None,
    readiness: dict[str, Check],
    environment: Any,
    limits: Limits | None = None,
) -> FastAPI:
    """The web application over a door."""
    app = application(
        title=api.TITLE,
        version=api.VERSION,
        readiness=readiness,
        environment=environment,
        identity=identity,
        limits=limits,
    )
    app.include_router(api.routes(door))
    app.include_router(callbacks.routes(door))
    return app


async def serve() -> int:
    """The whole process."""
    settings = load(DeliverySettings)
    async with parts(settings) as made:
        identity = Identity(settings.token_jwks.get_secret_value(), production=settings.production)
        limits = Limits.of(settings, made.door.sessions, store.rate, made.door.now)
        return await process.serve(
            app_of(
                made.door,
                identity=identity,
                readiness=made.readiness,
                environment=settings.environment,
                limits=limits,
            ),
            host=settings.host,
            port=settings.port,
            alongside=[
                made.relay,
                made.consumers,
                Follower(made.door),
                limits.duty(),
                temporal.activity_worker(made.client, TASK_QUEUE, [Activities(made.door).book_parcel]),
            ],
        )


if __name__ == "__main__":
    telemetry.configure("delivery")
    process.run(serve)
