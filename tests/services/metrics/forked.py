"""A fold in a process of its own, to be killed; forked from a server that has loaded everything, so it starts soon."""

from __future__ import annotations

import asyncio
import multiprocessing
import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from multiprocessing.process import BaseProcess
from typing import Final

from services.metrics.adapters.topic import reader
from services.metrics.consumer import Folding
from services.metrics.rules.stream import dossiers
from shared.platform import database
from shared.platform.catalogue import load_catalogue
from shared.platform.kafka import Record
from shared.platform.settings import ServiceSettings, load

_STREAM: Final = dossiers(load_catalogue())
_FORKS: Final = multiprocessing.get_context("forkserver")
_FORKS.set_forkserver_preload([__name__])


class Nobody:
    """Dead letters that these tests have none of."""

    async def bury(self, record: Record, reason: str) -> None:
        raise ValueError(f"record {record.offset} is {reason}")


@contextmanager
def members(environment: Mapping[str, str], topic: str, *, batch_records: int) -> Iterator[Callable[[], BaseProcess]]:
    """Starts one member after another while the block runs, and leaves none.

    Each has the name that outlives restarts, as the service's own: a killed one is replaced at once.
    """
    started: list[BaseProcess] = []

    def start() -> BaseProcess:
        member = _FORKS.Process(target=_run, args=(dict(environment), topic, batch_records), daemon=True)
        member.start()
        started.append(member)
        return member

    try:
        yield start
    finally:
        for member in started:
            member.kill()
            member.join(20)


def _run(environment: dict[str, str], topic: str, batch_records: int) -> None:
    os.environ |= environment
    asyncio.run(_fold(load(ServiceSettings), topic, batch_records))


async def _fold(settings: ServiceSettings, topic: str, batch_records: int) -> None:
    engine = database.engine(settings.database_url.get_secret_value())
    await Folding(
        lambda: reader(settings, group=topic, instance="fold"),
        Nobody(),
        database.sessions(engine),
        _STREAM,
        batch_records=batch_records,
        topic=topic,
    ).run()
