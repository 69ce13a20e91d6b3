"""Settings of a process, read once by its `__main__`: environment variables, then secret files of SECRETS_DIR.

A secret file is named like its setting in lower case. Everything below `__main__` receives plain values.
"""

from __future__ import annotations

import os
import ssl
import sys
from pathlib import Path
from typing import Literal, Self

from pydantic import AnyHttpUrl, Field, SecretStr, ValidationError, field_validator, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict, SettingsError

from shared.platform.addresses import Network, networks
from shared.platform.tokens import DEMO_KEY


class _Settings(BaseSettings):
    model_config = SettingsConfigDict(
        frozen=True,
        extra="ignore",
        env_ignore_empty=True,
        hide_input_in_errors=True,
    )

    environment: Literal["local", "production"] = "local"
    """`production` refuses demo identities and clear-text transport (SR-19, SR-26, SR-27)."""

    @property
    def production(self) -> bool:
        return self.environment == "production"


class ProcessSettings(_Settings):
    """What every HTTP process of ours has: where it listens and its broker."""

    host: str = "127.0.0.1"
    """Address to bind; a reverse proxy stands in front in production."""
    port: int = Field(ge=1, le=65535)
    """TCP port to bind."""

    trusted_proxies: str = ""
    """Addresses or networks of our reverse proxies, separated by commas: X-Forwarded-For is believed from them alone.

    Behind a proxy that is not named here all callers have one address, and share what limits allow an address.
    """

    kafka_bootstrap_servers: str
    """`host:port`, several separated by commas."""
    kafka_security_protocol: Literal["PLAINTEXT", "SSL", "SASL_SSL"] = "PLAINTEXT"
    """PLAINTEXT on loopback only (SR-26)."""
    kafka_username: str = ""
    """SCRAM-SHA-512 principal of this process, with SASL_SSL."""
    kafka_password: SecretStr = SecretStr("")
    """Its password."""
    kafka_ca_file: str = ""
    """Certificate authority of the brokers; empty = the system's."""

    @property
    def proxies(self) -> tuple[Network, ...]:
        return networks(self.trusted_proxies)

    @field_validator("trusted_proxies")
    @classmethod
    def _are_addresses(cls, given: str) -> str:
        networks(given)
        return given

    @model_validator(mode="after")
    def _broker_is_safe(self) -> Self:
        if self.production and self.kafka_security_protocol == "PLAINTEXT":
            raise ValueError("KAFKA_SECURITY_PROTOCOL must not be PLAINTEXT in production")
        if self.kafka_security_protocol == "SASL_SSL" and not self.kafka_username:
            raise ValueError("KAFKA_USERNAME is needed with SASL_SSL")
        return self

    def kafka_ssl(self) -> ssl.SSLContext | None:
        """TLS 1.3 context of the brokers; None on PLAINTEXT. Reads the CA file."""
        if self.kafka_security_protocol == "PLAINTEXT":
            return None
        context = ssl.create_default_context(cafile=self.kafka_ca_file or None)
        context.minimum_version = ssl.TLSVersion.TLSv1_3
        return context


class TemporalSettings(_Settings):
    """Mixed into the settings of processes that work for workflows (all but metrics)."""

    temporal_address: str
    """`host:port` of the front end."""
    temporal_namespace: str = "default"
    """One namespace per environment."""
    temporal_tls_ca_file: str = ""
    """Certificate authority of the front end; with the two below it turns mutual TLS on (SR-27)."""
    temporal_tls_certificate_file: str = ""
    """Client certificate (PEM)."""
    temporal_tls_key_file: str = ""
    """Its private key (PEM)."""

    @model_validator(mode="after")
    def _front_end_is_safe(self) -> Self:
        if self.production and not self.temporal_tls_certificate_file:
            raise ValueError("TEMPORAL_TLS_CERTIFICATE_FILE is needed in production")
        return self


class ServiceSettings(ProcessSettings):
    """What each of the five services has besides: its schema, the keys of tokens, its siblings."""

    database_url: SecretStr
    """`postgresql+asyncpg://<service>:<password>@host:port/motcua`; the role owns the schema of its own name."""
    token_jwks: SecretStr
    """Public keys of every issuer of tokens, as a JWK Set."""
    token_key: SecretStr
    """This service's private key (JWK, Ed25519, kid `service:<name>`)."""

    intake_url: AnyHttpUrl | None = None
    processing_url: AnyHttpUrl | None = None
    payment_url: AnyHttpUrl | None = None
    delivery_url: AnyHttpUrl | None = None
    metrics_url: AnyHttpUrl | None = None

    @model_validator(mode="after")
    def _no_demo_identity(self) -> Self:
        if self.production and f'"{DEMO_KEY}"' in self.token_jwks.get_secret_value():
            raise ValueError(f"TOKEN_JWKS must not hold the demo issuer's key {DEMO_KEY} in production")
        return self


def load[S: BaseSettings](cls: type[S]) -> S:
    """The settings of this process. What is missing or wrong becomes one line on stderr and exit code 2."""
    secrets = Path(os.environ.get("SECRETS_DIR", ""))
    try:
        return cls(_secrets_dir=secrets if "SECRETS_DIR" in os.environ and secrets.is_dir() else None)
    except ValidationError as wrong:
        missing = [str(e["loc"][0]).upper() for e in wrong.errors() if e["type"] == "missing"]
        other = [
            f"{'.'.join(str(part) for part in e['loc']).upper()} {e['msg']}".strip()
            for e in wrong.errors(include_input=False, include_url=False)
            if e["type"] != "missing"
        ]
        parts = [f"missing: {', '.join(missing)} (environment variable or file in SECRETS_DIR)"] if missing else []
        line = "; ".join(parts + other)
    except SettingsError as wrong:
        line = str(wrong)
    sys.stderr.write(f"settings: {' '.join(line.split())}\n")
    raise SystemExit(2)
