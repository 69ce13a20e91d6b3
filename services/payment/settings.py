"""Settings of the payment process, read by its `__main__` only."""

from __future__ import annotations

from typing import Self

from pydantic import AnyHttpUrl, Field, SecretStr, model_validator

from shared.platform.settings import ServiceSettings, TemporalSettings


class PaymentSettings(ServiceSettings, TemporalSettings):
    """What this process needs beyond every service's settings."""

    intake_url: AnyHttpUrl
    """Whose tracking door checks the secret part of a receipt."""
    payment_url: AnyHttpUrl
    """Our own address as browsers reach it: payers come back to `/pay/return`."""
    gateway_url: AnyHttpUrl
    """The payment gateway, for browsers and for our own calls."""
    gateway_merchant: str = Field(min_length=8, max_length=8)
    """Terminal code that the gateway gave us."""
    gateway_secret: SecretStr
    """Key of its signatures and ours (HMAC-SHA512)."""
    gateway_our_address: str = "127.0.0.1"
    """IP address told to the gateway instead of the payer's, which is personal data and which it sees by itself."""
    receipt_series: str = Field(default="AA", pattern=r"^[A-Z]{2}$")
    """Series of fee receipts; a full or closed series is followed by the next one."""

    @model_validator(mode="after")
    def _gateway_is_safe(self) -> Self:
        if self.production and self.gateway_url.scheme != "https":
            raise ValueError("GATEWAY_URL must be https in production")
        return self
