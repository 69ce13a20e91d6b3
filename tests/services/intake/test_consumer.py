"""The read model follows the topic: newest facts win, whatever the order; the unreadable is put aside."""

from __future__ import annotations

from typing import Any

from aiokafka import ConsumerRecord

from services.intake.consumer import follower
from services.intake.store import dossiers
from shared.contracts.facts import TOPIC, event_of, value_of
from shared.dossier.lifecycle import Stage
from tests.builders import CODE, a_dossier
from tests.services.intake import fakes
from tests.services.intake.world import World


def record(value: bytes | None) -> Any:
    return ConsumerRecord(
        topic=TOPIC, partition=0, offset=0, timestamp=0, timestamp_type=0, key=None, value=value, checksum=None,
        serialized_key_size=0, serialized_value_size=0, headers=(),
    )  # fmt: skip


async def test_newest_facts_win_in_any_order(world: World) -> None:
    young, old = (value_of(event_of(a_dossier(stage))) for stage in (Stage.SUBMITTED, Stage.PROCESSING))
    follow = follower(world.door, fakes.FakeGrave())
    for batch in ((young, old, young), (old,), (young,)):
        await follow([record(value) for value in batch])
        async with world.door.sessions() as session:
            facts = await dossiers.facts_of(session, CODE)
        assert facts is not None
        assert facts.stage is Stage.PROCESSING


async def test_what_cannot_be_read_is_buried_and_the_rest_goes_on(world: World) -> None:
    grave = fakes.FakeGrave()
    good = value_of(event_of(a_dossier(Stage.SUBMITTED)))
    await follower(world.door, grave)([record(b"not json"), record(None), record(good)])
    assert grave.buried == [(b"not json", "not_an_event"), (None, "not_an_event")]
    assert await world.count("dossier") == 1
