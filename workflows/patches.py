"""How the story changed while dossiers were living by it: one name per telling, the newest last.

A dossier keeps the telling it was opened with (`Opening.story`): the number travels in the workflow's input, so a
changed order of commands needs no marker in any history. Recorded histories of every release are replayed by the tests.
"""

from __future__ import annotations

from typing import Final

DUE_TIME_ONLY: Final = 1
"""Release 0.1.0: the due time was the only timer."""

NOW: Final = 2
"""Warnings, limits of patience, consulted agencies and uncollected results have timers too."""
