"""A form whose author has to sign in elsewhere first: kept for minutes, readable with the key of that browser alone.

A typed form may name a citizen; so what lies in the database is sealed and its key is never stored (SR-15).
"""

from __future__ import annotations

import hashlib
import secrets
from datetime import datetime, timedelta
from typing import Final

import orjson
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from services.processing.adapters.provider import FLOW_SECONDS
from services.processing.store import interrupted
from shared.platform.database import Sessions

type Typed = dict[str, list[str]]

_KEPT: Final = timedelta(seconds=FLOW_SECONDS)
_NONCE: Final = bytes(12)
"""Each key seals one text, so one nonce is enough."""


async def keep(sessions: Sessions, typed: Typed, now: datetime) -> str:
    """The key that opens it again; an empty text for an empty form."""
    if not typed:
        return ""
    key = secrets.token_bytes(32)
    sealed = AESGCM(key).encrypt(_NONCE, orjson.dumps(typed), None)
    async with sessions.begin() as session:
        await interrupted.keep(session, _hash(key), sealed, now, now - _KEPT)
    return key.hex()


async def take(sessions: Sessions, key_hex: str, now: datetime) -> Typed:
    """What that key opens, once; nothing when it is too late. Raises ValueError for what is no key."""
    key = bytes.fromhex(key_hex)
    if not key:
        return {}
    async with sessions.begin() as session:
        sealed = await interrupted.take(session, _hash(key), now - _KEPT)
    try:
        typed: Typed = orjson.loads(AESGCM(key).decrypt(_NONCE, sealed, None)) if sealed else {}
    except InvalidTag as error:
        raise ValueError("key") from error
    return typed


def _hash(key: bytes) -> str:
    return hashlib.sha256(key).hexdigest()
