"""What several rooms share: where the real servers come from. A missing one fails with how to get it, never skips."""

from __future__ import annotations

import signal

import pytest

from deploy.local import kafka, postgres, temporal

PURE = ("tests/dossier/", "tests/catalogue/", "tests/rules/", "tests/architecture/", "tests/web/")
"""Rooms that need no server."""


def pytest_configure() -> None:
    """A suite that was started in the background ignores Ctrl-C, and so would the commands that it interrupts."""
    signal.signal(signal.SIGINT, signal.default_int_handler)


def pytest_collection_finish(session: pytest.Session) -> None:
    """Servers are found or made before the first test's clock runs: building one takes minutes, once."""
    needed = [item for item in session.items if not item.nodeid.startswith(PURE)]
    if needed and not session.config.option.collectonly:
        for server in (postgres, kafka, temporal):
            server.find()


@pytest.fixture(scope="session")
def temporal_binary() -> str:
    """The official Temporal CLI with its development server, found or built once into the cache."""
    return str(temporal.find())
