"""What metrics folds: one function per topic, and the same fold for each."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Final

from services.metrics.rules.fold import VERSION, Stream
from services.metrics.rules.measures import Measures
from services.metrics.rules.seen import read, seen_in, state_of
from shared.catalogue.model import Catalogue
from shared.contracts.facts import TOPIC


def dossiers(catalogue: Catalogue) -> Stream:
    """The facts of dossiers, counted by the measures of this catalogue."""
    measures = Measures.of(catalogue)
    return Stream(
        topic=TOPIC,
        table="facts",
        version=f"{VERSION}.{measures.version}",
        read=read,
        state_of=state_of,
        seen_in=seen_in,
        contribution=measures.contribution,
        measures=measures.names,
        services=tuple(sorted({row.having for row in catalogue.service_measures if row.having})),
    )


STREAMS: Final[Mapping[str, Callable[[Catalogue], Stream]]] = MappingProxyType({"facts": dossiers})
"""By the table of their newest facts; another process makes its own from its own catalogue."""
