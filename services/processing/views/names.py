"""Names on pages: when intake is away the page works and says so in the cell."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, NamedTuple

MISSING: Final = "— (chưa tải được tên)"


class Named(NamedTuple):
    """Names by dossier code; none: intake did not answer."""

    names: Mapping[str, str] | None

    @property
    def is_away(self) -> bool:
        """Whether the page says that names are missing."""
        return self.names is None

    def of(self, dossier_code: str) -> str:
        """The name, or the words that it could not be fetched."""
        return (self.names or {}).get(dossier_code, MISSING)
