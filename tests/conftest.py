"""Fixtures that several rooms share: where the real servers come from. A missing one fails with how to get it."""

from __future__ import annotations

import pytest

from deploy.local import temporal


@pytest.fixture(scope="session")
def temporal_binary() -> str:
    """The official Temporal CLI with its development server, found or built once into the cache."""
    return str(temporal.find())
