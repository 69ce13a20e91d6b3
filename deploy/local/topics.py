"""Every Kafka topic there is: the only place where one is declared. Automatic topics are off."""

from typing import NamedTuple

FOREVER_MS = -1
_WEEK_MS = 7 * 24 * 3600 * 1000


class Topic(NamedTuple):
    """A topic's name, its partitions (the most readers of one group) and how long records stay, in milliseconds."""

    name: str
    partitions: int
    retention_ms: int


_EVENTS = (
    Topic("dossier.facts.v1", 12, FOREVER_MS),  # key = dossier code; time travel and refold need every record
    Topic("feedback.facts.v1", 6, FOREVER_MS),  # key = feedback code
    Topic("delivery.carrier-events.v1", 6, 52 * _WEEK_MS),  # key = dossier code; what the carrier's scans said, a year
)
_DEAD_LETTERS = tuple(Topic(f"{topic.name}.dlq.v1", 1, FOREVER_MS) for topic in _EVENTS)

TOPICS = _EVENTS + _DEAD_LETTERS
