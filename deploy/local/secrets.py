"""Makes the local stack's secrets at the first start: one file per secret and holder, never in the repository.

Layout: `<root>/secrets/<process>/<secret>`, readable by the owner alone.
"""

import base64
import json
import os
import secrets
import string
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final

from deploy.local import accounts, postgres
from deploy.local.site import Site

SERVICES: Final = ("intake", "processing", "payment", "delivery", "metrics")
CLI_ISSUER: Final = "local-idp"
CONSOLE_ISSUER: Final = "console"


def _word() -> str:
    return secrets.token_urlsafe(32)


def _merchant() -> str:
    """A terminal code as the gateway gives it: 8 capitals and digits."""
    return "".join(secrets.choice(string.ascii_uppercase + string.digits) for _ in range(8))


def _key_256() -> str:
    return base64.b64encode(secrets.token_bytes(32)).decode()


_SHARED: Final[Mapping[str, tuple[tuple[str, ...], Callable[[], str]]]] = {
    "gateway_secret": (("payment", "payment_gateway"), _word),
    "gateway_merchant": (("payment", "payment_gateway"), _merchant),
    "carrier_secret": (("delivery", "carrier"), _word),
    "population_token": (("intake", "population_database"), _word),
    "sms_token": (("intake", "mailbox"), _word),
    "signing_token": (("processing", "signing_authority"), _word),
    "objects_key": (("intake", "processing"), _key_256),
    "receipt_secret": (("intake",), _word),
    "admin_password": (("postgres",), postgres.new_password),
}
"""Secret → who holds the same value, and how it is made."""


def generate(site: Site) -> None:
    """Makes what is missing; what is there stays, so that tokens and sealed files of earlier starts remain good."""
    for name, (holders, make) in _SHARED.items():
        value = next((kept for holder in holders if (kept := _read(site, holder, name))), None) or make()
        for holder in holders:
            _keep(site, holder, name, value)
    for service in SERVICES:
        _keep(site, service, "database_password", _read(site, service, "database_password") or postgres.new_password())
    _token_keys(site)
    _keep(site, "processing", "accounts.json", accounts.text_of(_read(site, "processing", "accounts.json")))
    if setting := os.environ.get(postgres.OUTSIDE_SETTING):
        _keep(site, "postgres", "admin_url", setting)
    for name in ("workflows", "temporal", "kafka"):
        site.secrets(name).mkdir(parents=True, exist_ok=True, mode=0o700)


def _token_keys(site: Site) -> None:
    """One Ed25519 key per token issuer; the public halves of all go to every service."""
    from joserfc.jwk import KeyParameters, OKPKey

    public = []
    holders = [(f"service:{service}", service, "token_key") for service in SERVICES]
    holders += [(CLI_ISSUER, "cli", "token_key"), (CONSOLE_ISSUER, "processing", "console_key")]
    for issuer, holder, name in holders:
        kept = _read(site, holder, name)
        marks: KeyParameters = {"kid": issuer, "alg": "Ed25519", "use": "sig"}
        key = OKPKey.import_key(json.loads(kept)) if kept else OKPKey.generate_key("Ed25519", marks)
        _keep(site, holder, name, json.dumps(key.as_dict(private=True)))
        public.append(key.as_dict(private=False))
    for service in SERVICES:
        _keep(site, service, "token_jwks", json.dumps({"keys": public}))


def _read(site: Site, holder: str, name: str) -> str | None:
    path = site.secrets(holder) / name
    return path.read_text() if path.exists() else None


def _keep(site: Site, holder: str, name: str, value: str) -> None:
    if _read(site, holder, name) == value:
        return
    folder = site.secrets(holder)
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    path = folder / name
    Path(path).touch(mode=0o600)
    path.write_text(value)
