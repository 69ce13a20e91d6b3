"""Settings of the processing service, read by its `__main__` only."""

from __future__ import annotations

from pathlib import Path
from typing import Self

from pydantic import AnyHttpUrl, SecretStr, model_validator

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
    payment_url: AnyHttpUrl
    """Who counts cash for the accountant at this console."""
    delivery_url: AnyHttpUrl
    """Who gives parcels to the postman for the return clerk at this console."""
    console_key: SecretStr
    """Private key (JWK, Ed25519, kid `console`) that speaks for the person at the keyboard, two minutes at a time."""
    secure_cookies: bool = False
    """Whether the console is reached over HTTPS, so that its cookie may be `__Host-`."""
    temporal_ui: str = ""
    """Address of the execution engine's pages as browsers know it; empty: no links to them."""
    board_url: str = ""
    """The address of the board as browsers know it; empty: the same origin as the console."""
    help_phone: str = "0272 3 555 555"
    """Whom a person calls who cannot sign in."""
    public_url: AnyHttpUrl | None = None
    """The address of the console as browsers know it, for the way back from the identity provider."""
    oidc_issuer: str = ""
    """Issuer of the identity provider; empty: embedded accounts only."""
    oidc_client_id: str = "motcua-desk"
    """Under what name it knows this console."""
    oidc_client_secret: SecretStr = SecretStr("")
    """What proves that it is this console."""
    oidc_person_claim: str = "preferred_username"
    """Which claim is our opaque person code."""
    oidc_grants_claim: str = "motcua_grants"
    """Which claim lists `ROLE:AGENCY`."""
    accounts_file: Path | None = None
    """Embedded accounts of a local stack (JSON), read at every start; production has an identity provider instead."""

    @model_validator(mode="after")
    def _production_has_a_provider(self) -> Self:
        if self.production and self.accounts_file is not None:
            raise ValueError("ACCOUNTS_FILE is for local stacks only")
        if self.production and not self.oidc_issuer:
            raise ValueError("OIDC_ISSUER is needed in production")
        if self.production and not self.oidc_issuer.startswith("https://"):
            raise ValueError("OIDC_ISSUER must be https in production")
        if self.oidc_issuer and self.public_url is None:
            raise ValueError("PUBLIC_URL is needed with OIDC_ISSUER")
        if self.production and not self.secure_cookies:
            raise ValueError("SECURE_COOKIES must be true in production")
        return self
