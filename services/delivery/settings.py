"""Settings of the delivery process, read by its `__main__` only."""

from __future__ import annotations

from typing import Self

from pydantic import AnyHttpUrl, Field, SecretStr, model_validator

from shared.platform.settings import ServiceSettings, TemporalSettings


class DeliverySettings(ServiceSettings, TemporalSettings):
    """What this process needs beyond every service's settings."""

    intake_url: AnyHttpUrl
    """Whose private door tells where a result goes."""
    carrier_url: AnyHttpUrl
    """The public post."""
    carrier_user: str = "motcua"
    """Our name at the carrier."""
    carrier_secret: SecretStr
    """Our password there, and the key of its webhook's signatures (HMAC-SHA256)."""
    sender_phone: str = Field(default="02723000000", pattern=r"^0\d{9,10}$")
    """Telephone of the one-stop desks on parcels (sample)."""
    sender_province_id: str = Field(default="85", pattern=r"^\d{2}$")
    """The carrier's postal id of our province (sample; it numbers places in its own way)."""

    @model_validator(mode="after")
    def _carrier_is_safe(self) -> Self:
        if self.production and self.carrier_url.scheme != "https":
            raise ValueError("CARRIER_URL must be https in production")
        return self
