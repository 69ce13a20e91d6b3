"""Patch ids in force: `<yyyy-mm>-<what>`, with why and when each may go. None yet: no released history differs."""
