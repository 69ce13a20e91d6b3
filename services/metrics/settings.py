"""Settings of the metrics process."""

from __future__ import annotations

from pydantic import AnyHttpUrl, Field

from shared.platform.settings import ServiceSettings


class MetricsSettings(ServiceSettings):
    """Read once by `__main__` and by the commands `motcua kpi` and `motcua verify`."""

    processing_url: AnyHttpUrl
    """Where staff sign in: it says who holds a session."""
    public_min_dossiers: int = Field(default=5, ge=0)
    """Shares of fewer dossiers are hidden from callers without a token (kpi §6.13)."""
    console_url: str = ""
    """The address of the console as browsers know it; empty: the same origin as the board."""
    batch_records: int = Field(default=20_000, ge=1, le=100_000)
    """Most records folded in one transaction: larger is faster, smaller is fresher under load."""

    @property
    def hides_below(self) -> int:
        """On a developer's machine everything may be seen."""
        return self.public_min_dossiers if self.production else 0
