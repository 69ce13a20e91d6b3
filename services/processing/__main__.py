"""The process: settings → store → adapters → doors, all made here by constructors and ended together."""

from __future__ import annotations

from functools import partial
from pathlib import Path

from services.processing import api, consumer, pages
from services.processing.activities import Signatures
from services.processing.acts import Door
from services.processing.acts.accounts import Staff, seed
from services.processing.acts.operations import Operations
from services.processing.adapters.applicant_file import IntakeApplicantFile
from services.processing.adapters.engine_watch import TemporalEngineWatch, pages_of_engine
from services.processing.adapters.intake_desk import HttpIntakeDesk
from services.processing.adapters.log_watch import KafkaLogWatch
from services.processing.adapters.press import Press
from services.processing.adapters.provider import Provider
from services.processing.adapters.siblings import HttpSiblings
from services.processing.adapters.signature_service import RemoteSignatureService
from services.processing.settings import Settings
from services.processing.store.pulse import Pulse
from services.processing.store.tables import rate
from shared.contracts.processing import TASK_QUEUE
from shared.platform import database, temporal
from shared.platform.catalogue import load_catalogue
from shared.platform.http import Client, client
from shared.platform.kafka import Consumers, broker
from shared.platform.objects import Objects
from shared.platform.process import run, serve
from shared.platform.settings import load
from shared.platform.telemetry import configure
from shared.platform.tokens import ServiceToken
from shared.web.counting import Limits
from shared.web.identity import Identity
from workflows.desk import DossierDesk

SCHEMA = "processing"
PAPER_SECONDS = 15.0
"""A scan is read and cleaned before it is answered."""
PAPER_BYTES = 12 * 1024 * 1024
"""No stored paper is larger."""


async def main() -> int:
    """Serve until told to stop; the exit code."""
    settings = load(Settings)
    configure(SCHEMA)
    url = settings.database_url.get_secret_value()
    await database.migrate(url, SCHEMA, Path(__file__).parent / "migrations")
    engine = database.engine(url)
    workflows = await temporal.connect(settings)
    intake = client(str(settings.intake_url), where="intake", token=ServiceToken(settings.token_key.get_secret_value()))
    payment = client(str(settings.payment_url), where="payment")
    delivery = client(str(settings.delivery_url), where="delivery")
    papers = Client(str(settings.intake_url), "intake", timeout=PAPER_SECONDS, limit=PAPER_BYTES)
    console_key = settings.console_key.get_secret_value()
    door = Door(
        sessions=database.sessions(engine),
        desk=DossierDesk(workflows),
        catalogue=load_catalogue(),
        objects=Objects(settings.objects_dir, settings.objects_key.get_secret_value()),
        file=IntakeApplicantFile(intake),
        siblings=HttpSiblings(payment=payment, delivery=delivery, intake=intake, key_jwk=console_key),
        intake=HttpIntakeDesk(papers, console_key),
    )
    signing = client(str(settings.signing_url), where="signing", token=settings.signing_token.get_secret_value)
    press = Press()
    signatures = Signatures(door, door.file, RemoteSignatureService(signing), press)
    events = broker(settings)
    consumer.listen(events, door)
    consumers = Consumers(events)
    limits = Limits.of(settings, door.sessions, rate, door.now)
    identity_provider = _provider(settings)
    app = api.build(
        door,
        identity=Identity(settings.token_jwks.get_secret_value(), production=settings.production),
        limits=limits,
        readiness={
            "database": partial(database.answers, engine),
            "workflows": partial(temporal.answers, workflows),
            "events": consumers.check,
        },
        environment=settings.environment,
        uploads=pages.UPLOADS,
        leads_to=pages.leads_to(settings.board_url, identity_provider),
    )
    staff = Staff(door.sessions, door.now)
    if settings.accounts_file is not None:
        await seed(staff, settings.accounts_file.read_text())
    pulse = Pulse(url)
    console = pages.console(
        door,
        staff,
        secure=settings.secure_cookies,
        help_phone=settings.help_phone,
        board_url=settings.board_url,
        pulse=pulse,
        identity_provider=identity_provider,
        has_accounts=settings.accounts_file is not None,
        operations=Operations(door.sessions, KafkaLogWatch(settings), TemporalEngineWatch(workflows), door.now),
        temporal_ui=pages_of_engine(settings.temporal_ui, settings.temporal_namespace),
    )
    pages.attach(app, console)
    worker = temporal.activity_worker(workflows, TASK_QUEUE, [signatures.sign_result])
    try:
        return await serve(
            app, host=settings.host, port=settings.port, alongside=[worker, consumers, pulse, limits.duty()]
        )
    finally:
        press.close()
        for sibling in (intake, payment, delivery, papers):
            await sibling.aclose()
        await signing.aclose()
        await engine.dispose()


def _provider(settings: Settings) -> Provider | None:
    """Production's identity provider; none in a local stack."""
    if not settings.oidc_issuer:
        return None
    return Provider(
        issuer=settings.oidc_issuer,
        client_id=settings.oidc_client_id,
        client_secret=settings.oidc_client_secret.get_secret_value(),
        redirect_uri=f"{str(settings.public_url).rstrip('/')}/desk/sign-in/return",
        person_claim=settings.oidc_person_claim,
        grants_claim=settings.oidc_grants_claim,
    )


if __name__ == "__main__":
    run(main)
