"""Events: known ones move the worklist, unreadable ones are buried and hold nobody up."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from services.processing import acts
from services.processing.acts import Door
from services.processing.consumer import Reader
from shared.contracts.facts import event_of, value_of
from shared.dossier.lifecycle import Stage
from shared.dossier.permission import Actor, Kind
from tests import builders

SOMEBODY = Actor(person_code="service:intake", kind=Kind.SERVICE)


@dataclass
class Record:
    """The part of a Kafka record that is read."""

    value: bytes | None


@dataclass
class Graveyard:
    """Dead letters as a list."""

    buried: list[tuple[Any, str]] = field(default_factory=list)

    async def bury(self, record: Any, reason: str) -> None:
        self.buried.append((record, reason))


async def test_a_record_that_is_no_event_is_buried_and_the_rest_is_read(door: Door) -> None:
    dossier = builders.a_dossier(Stage.PROCESSING)
    good, bad, empty = Record(value_of(event_of(dossier))), Record(b'{"facts": 1}'), Record(None)
    graveyard = Graveyard()
    reader: Any = Reader(door, graveyard)  # type: ignore[arg-type]  # the double has the one method that is used

    await reader.read([bad, good, empty])

    assert [(each.value, reason) for each, reason in graveyard.buried] == [
        (bad.value, "not_facts"),
        (None, "not_facts"),
    ]
    assert (await acts.read(door, SOMEBODY, builders.CODE)).stage is Stage.PROCESSING
