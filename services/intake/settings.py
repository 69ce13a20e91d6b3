"""Settings of the intake process."""

from __future__ import annotations

from pathlib import Path
from typing import Self

from pydantic import AnyHttpUrl, Field, SecretStr, model_validator

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
    desk_phone: str = Field(default="02723000000", pattern=r"^0\d{9,10}$")
    """Telephone of the one-stop desks, on forms and in letters (sample)."""
    mail_server: str | None = Field(default=None, pattern=r"^\S+:\d{1,5}$")
    """host:port of the mail relay; none = no mail is sent."""
    mail_from: str = Field(
        default="Một cửa điện tử <khong-tra-loi@motcua.example>", pattern=r"^([^<>\r\n]+ )?<[^\s@<>]+@[^\s@<>]+>$"
    )
    """Whom mails come from: `Name <address>`."""
    mail_user: str | None = None
    mail_password: SecretStr | None = None
    """Given a user, the relay is spoken to under TLS (STARTTLS) and logged in to."""
    sms_url: AnyHttpUrl | None = None
    """Base address of the SMS gateway; none = no SMS is sent."""
    sms_token: SecretStr | None = None
    receipt_secret: SecretStr
    """Key of the secret part of receipts: with it and a code anybody may follow a dossier's progress."""

    @model_validator(mode="after")
    def _messengers_are_safe(self) -> Self:
        if self.production and self.mail_server and not self.mail_user:
            raise ValueError("MAIL_USER is needed in production: without it mails travel in clear text")
        if self.production and self.sms_url and self.sms_url.scheme != "https":
            raise ValueError("SMS_URL must be https in production")
        if self.sms_url and not self.sms_token:
            raise ValueError("SMS_TOKEN is needed with SMS_URL")
        return self
