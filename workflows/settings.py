"""What the workflow worker is told by its environment."""

from __future__ import annotations

from pydantic import PositiveInt

from shared.platform.settings import ProcessSettings, TemporalSettings


class Settings(ProcessSettings, TemporalSettings):
    """Read by `__main__` only."""

    sandbox: bool = False
    """Run workflow code in the SDK's sandbox. On in every test and replay; off here: it doubles the worker's CPU."""

    workflow_cache: PositiveInt = 2_000
    """Dossiers kept in memory between clicks. Smaller than the active set costs a replay per click (measured 3.6x)."""
