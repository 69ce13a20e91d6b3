"""Settings of the processing service, read by its `__main__` only."""

from __future__ import annotations

from pathlib import Path

from pydantic import AnyHttpUrl, SecretStr

from shared.platform.settings import ServiceSettings, TemporalSettings


class Settings(ServiceSettings, TemporalSettings):
    """What this process needs beyond every service's settings."""

    intake_url: AnyHttpUrl
    """Whose private door tells the name that a result is made out to."""
    signing_url: AnyHttpUrl
    """The remote signing service: certificates, signatures, time stamps."""
    signing_token: SecretStr
    """Bearer token of this service at the signing service."""
    objects_dir: Path
    """The document store, shared with intake."""
    objects_key: SecretStr
    """Key of the document store: base64 of 32 bytes."""
