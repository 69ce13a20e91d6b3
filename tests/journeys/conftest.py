"""One town for all journeys, started once, with everything real but its outside partners."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from deploy.local.stack import Stack
from tests.journeys.town import Town


@pytest.fixture(scope="session")
def town(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Town]:
    """All processes in a folder of their own; parcels travel a day in a second."""
    folder: Path = tmp_path_factory.mktemp("town") / "var"
    with Stack(folder, extra={"carrier": {"SCAN_SECONDS": "0.2"}}) as stack:
        town = Town(stack)
        yield town
        town.close()
