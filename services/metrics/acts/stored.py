"""The newest facts behind stored figures, in one snapshot with the figures and their position on the log."""

from __future__ import annotations

from collections.abc import Callable

from services.metrics import store
from services.metrics.rules.fold import Stream
from services.metrics.rules.seen import Seen
from services.metrics.store import Question, Reading
from services.metrics.store.lists import Listed, each
from shared.platform import database
from shared.platform.settings import ServiceSettings


async def through(
    settings: ServiceSettings, stream: Stream, asked: Question, whose: Listed, take: Callable[[Seen], None]
) -> Reading:
    """Gives each of these dossiers to `take`, one after the other; what the cells say of the question. Changes nothing.

    Raises what `database.AWAY` lists while the database is away.
    """
    engine = database.engine(settings.database_url.get_secret_value(), pool_size=1)
    try:
        async with database.sessions(engine)() as session:
            reading = await store.standing(session, stream, asked)
            async for seen in each(session, stream, whose):
                take(seen)
    finally:
        await engine.dispose()
    return reading
