"""Settings of the intake process."""

from __future__ import annotations

from pathlib import Path

from pydantic import AnyHttpUrl, SecretStr

from shared.platform.settings import ServiceSettings, TemporalSettings


class IntakeSettings(ServiceSettings, TemporalSettings):
    """Read once by `__main__`."""

    population_url: AnyHttpUrl
    """Base address of the population database."""
    population_token: SecretStr
    """Bearer token it gave us."""
    objects_dir: Path
    """Folder of the document store."""
    objects_key: SecretStr
    """Base64 of 32 bytes: key of the document store; the keys of columns are derived from it."""
    public_url: AnyHttpUrl = AnyHttpUrl("http://localhost")
    """Where applicants follow their dossier; printed on the receipt as QR."""
    mail_server: str | None = None
    """host:port of the mail relay; none = no mail is sent."""
    mail_from: str = "Một cửa điện tử <khong-tra-loi@motcua.example>"
    mail_user: str | None = None
    mail_password: SecretStr | None = None
    """Given a user, the relay is spoken to under TLS (STARTTLS) and logged in to."""
    sms_url: AnyHttpUrl | None = None
    """Base address of the SMS gateway; none = no SMS is sent."""
    sms_token: SecretStr | None = None
    receipt_secret: SecretStr
    """Key of the secret part of receipts: with it and a code anybody may follow a dossier's progress."""
