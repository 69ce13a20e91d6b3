"""The payment process: settings → store → adapters → doors. `python -m services.payment [sweep [--dry-run]]`."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any, Final

from fastapi import FastAPI
from temporalio.client import Client

from services.payment import api, callbacks, pages, store
from services.payment.activities import Activities
from services.payment.acts.door import Door
from services.payment.adapters.applicant_file import IntakeFile
from services.payment.adapters.payment_gateway import VnpayGateway
from services.payment.commands import reconcile
from services.payment.settings import PaymentSettings
from shared.contracts.payment import TASK_QUEUE
from shared.platform import database, http, process, telemetry, temporal
from shared.platform.catalogue import load_catalogue
from shared.platform.settings import load
from shared.platform.tokens import ServiceToken
from shared.web.app import Check, application
from shared.web.counting import Limits
from shared.web.html import Pages
from shared.web.identity import Identity
from workflows.desk import DossierDesk

HERE: Final = Path(__file__).parent


@dataclass(frozen=True)
class Parts:
    """What the process is made of."""

    door: Door
    client: Client
    readiness: dict[str, Check]


@asynccontextmanager
async def parts(settings: PaymentSettings) -> AsyncIterator[Parts]:
    """Everything long-lived, connected; closed at the end."""
    url = settings.database_url.get_secret_value()
    await database.migrate(url, store.SCHEMA, HERE / "migrations")
    engine = database.engine(url)
    client = await temporal.connect(settings)
    token = ServiceToken(settings.token_key.get_secret_value())
    async with (
        http.client(str(settings.gateway_url), where="gateway") as to_gateway,
        http.client(str(settings.intake_url), where="intake", token=token) as to_intake,
    ):
        door = Door(
            sessions=database.sessions(engine),
            desk=DossierDesk(client),
            gateway=VnpayGateway(
                to_gateway,
                page_url=str(settings.gateway_url),
                return_url=f"{str(settings.payment_url).rstrip('/')}/pay/return",
                merchant=settings.gateway_merchant,
                key=settings.gateway_secret.get_secret_value(),
                address=settings.gateway_our_address,
            ),
            applicants=IntakeFile(to_intake),
            catalogue=load_catalogue(),
            now=lambda: datetime.now(UTC),
            wake=asyncio.Event(),
            receipt_series=settings.receipt_series,
        )
        readiness: dict[str, Check] = {
            "database": partial(database.answers, engine),
            "temporal": partial(temporal.answers, client),
        }
        yield Parts(door, client, readiness)
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
    look = Pages(HERE / "templates", prefix="/pay")
    look.mount(app)
    app.include_router(api.routes(door))
    app.include_router(callbacks.routes(door))
    app.include_router(pages.routes(door, look))
    return app


async def serve() -> int:
    """The whole process."""
    settings = load(PaymentSettings)
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
                temporal.activity_worker(made.client, TASK_QUEUE, [Activities(made.door).refund_fee]),
                callbacks.Settler(made.door),
                limits.duty(),
            ],
        )


async def sweep() -> int:
    """One reconciliation round by hand: what was due, one order number a line."""
    async with parts(load(PaymentSettings)) as made:
        for attempt in await reconcile(made.door, dry_run="--dry-run" in sys.argv[2:]):
            sys.stdout.write(f"{attempt.txn_ref} {attempt.state} {attempt.amount_vnd}\n")
    return 0


if __name__ == "__main__":
    telemetry.configure("payment")
    process.run(sweep if sys.argv[1:2] == ["sweep"] else serve)
