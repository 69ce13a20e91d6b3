"""The intake process: settings → store → adapters → doors."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Final

from services.intake import activities, api, consumer
from services.intake.acts import Door, finding
from services.intake.acts.notifying import send_due
from services.intake.adapters.messengers import MailRelay, Messenger, SmsGateway
from services.intake.adapters.population_database import PopulationClient
from services.intake.adapters.result_file import ResultClient
from services.intake.api.documents import UPLOADS
from services.intake.rules.notices import Way
from services.intake.settings import IntakeSettings
from services.intake.store.tables import SCHEMA, rate
from services.intake.store.vault import Vault
from shared.contracts import facts, feedback
from shared.contracts.intake import TASK_QUEUE
from shared.platform import database, http, kafka, objects, process, telemetry, temporal, tokens
from shared.platform.catalogue import load_catalogue
from shared.platform.duty import Duty
from shared.platform.settings import load
from shared.web.app import application
from shared.web.counting import Limits
from shared.web.identity import Identity
from workflows.desk import DossierDesk, FeedbackDesk

MIGRATIONS: Final = Path(__file__).with_name("migrations")
REST: Final = 10.0
"""Seconds between two looks for notices to try again; new ones wake the sender."""


async def main() -> int:
    """Runs until SIGTERM; the exit code."""
    settings = load(IntakeSettings)
    telemetry.configure(SCHEMA)
    url, key = settings.database_url.get_secret_value(), settings.objects_key.get_secret_value()
    await database.migrate(url, SCHEMA, MIGRATIONS)
    store = database.engine(url)
    client = await temporal.connect(settings)
    population = http.client(
        str(settings.population_url), where="population-database", token=settings.population_token.get_secret_value
    )
    own_token = tokens.ServiceToken(settings.token_key.get_secret_value())
    processing = http.client(str(settings.processing_url), where="processing", token=own_token)
    sms, relay = _sms(settings), _relay(settings)
    ways: Mapping[Way, Messenger] = ({Way.MAIL: relay} if relay else {}) | ({Way.SMS: SmsGateway(sms)} if sms else {})
    door = Door(
        sessions=database.sessions(store),
        desk=DossierDesk(client),
        feedback_desk=FeedbackDesk(client),
        catalogue=load_catalogue(),
        objects=objects.Objects(settings.objects_dir, key),
        vault=Vault(key),
        receipt_key=settings.receipt_secret.get_secret_value().encode(),
        population=PopulationClient(population),
        results=ResultClient(processing),
        now=partial(datetime.now, UTC),
        site=str(settings.public_url).rstrip("/"),
        phone=settings.desk_phone,
        messengers=ways,
    )
    await finding.fill(door)
    broker = kafka.broker(settings)
    grave = kafka.DeadLetters(broker, SCHEMA)
    kafka.subscribe(broker, facts.TOPIC, consumer.follower(door, grave), group=SCHEMA)
    kafka.subscribe(broker, feedback.TOPIC, consumer.feedback_follower(door, grave), group=f"{SCHEMA}.feedback")
    consumers = kafka.Consumers(broker)
    work = activities.IntakeWork(door)
    telling = [Duty(f"notices {way}", partial(send_due, door, way), door.wake[way], rest=REST) for way in ways]
    worker = temporal.activity_worker(client, TASK_QUEUE, [work.digitize, work.reuse])
    limits = Limits.of(settings, door.sessions, rate, door.now)
    app = application(
        title=api.TITLE,
        version=api.VERSION,
        readiness={
            "database": partial(database.answers, store),
            "temporal": partial(temporal.answers, client),
            "events": consumers.check,
        },
        environment=settings.environment,
        identity=Identity(settings.token_jwks.get_secret_value(), production=settings.production),
        limits=limits,
        uploads=UPLOADS,
    )
    try:
        return await process.serve(
            api.attach(app, door),
            host=settings.host,
            port=settings.port,
            alongside=[consumers, *telling, worker, limits.duty()],
        )
    finally:
        door.press.close()
        if relay:
            relay.close()
        await population.aclose()
        await processing.aclose()
        if sms:
            await sms.aclose()
        await store.dispose()


def _sms(settings: IntakeSettings) -> http.Client | None:
    if settings.sms_url is None or settings.sms_token is None:
        return None
    return http.client(str(settings.sms_url), where="sms-gateway", token=settings.sms_token.get_secret_value)


def _relay(settings: IntakeSettings) -> MailRelay | None:
    if settings.mail_server is None:
        return None
    password = settings.mail_password.get_secret_value() if settings.mail_password else None
    return MailRelay(settings.mail_server, settings.mail_from, settings.mail_user, password)


if __name__ == "__main__":
    process.run(main)
