"""The workflow worker process: the lives of dossiers and feedback, and the way of its facts to Kafka."""

from __future__ import annotations

from datetime import timedelta
from typing import Final

from temporalio.worker import UnsandboxedWorkflowRunner, Worker
from temporalio.worker.workflow_sandbox import SandboxedWorkflowRunner

from shared.contracts.publication import TASK_QUEUE
from shared.platform import kafka, process, telemetry, temporal
from shared.platform.settings import load
from shared.web.app import application
from workflows.dossier import DossierWorkflow
from workflows.feedback import FeedbackWorkflow
from workflows.publication import FactsPublication
from workflows.settings import Settings

GRACE: Final = timedelta(seconds=8)


async def main() -> int:
    """Connect, work until SIGTERM, answer the exit code."""
    settings = load(Settings)
    telemetry.configure("workflows")
    client = await temporal.connect(settings)
    producer = kafka.producer(settings)
    await producer.start()
    publication = FactsPublication(producer)
    worker = Worker(
        client,
        task_queue=TASK_QUEUE,
        workflows=[DossierWorkflow, FeedbackWorkflow],
        activities=[publication.publish_facts, publication.publish_feedback],
        workflow_runner=SandboxedWorkflowRunner() if settings.sandbox else UnsandboxedWorkflowRunner(),
        max_cached_workflows=settings.workflow_cache,
        graceful_shutdown_timeout=GRACE,
    )
    app = application(
        title="Một Cửa – workflows",
        version="1.0.0",
        readiness={"temporal": lambda: temporal.answers(client)},
        environment=settings.environment,
    )
    try:
        return await process.serve(app, host=settings.host, port=settings.port, alongside=[worker])
    finally:
        await producer.stop()


if __name__ == "__main__":
    process.run(main)
