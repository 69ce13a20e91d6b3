"""Encryption of personal columns: AES-256-GCM under a key per dossier, and keyed hashes for matching (SR-15).

A sealed column is `V1` + 12 bytes nonce + ciphertext; its table and dossier code are bound to it, so that it opens
nowhere else.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import os
from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

_MARK: Final = b"V1"
_NONCE_BYTES: Final = 12
_KEY_BYTES: Final = 32


class SealBroken(Exception):
    """The column was changed or moved, or belongs to another key."""


class Vault:
    """Seals and opens columns. `key` is base64 of 32 bytes; the keys used are derived from it."""

    def __init__(self, key: str) -> None:
        """Raises ValueError when the key has another length."""
        secret = base64.b64decode(key, validate=True)
        if len(secret) != _KEY_BYTES:
            raise ValueError("the key of personal columns must be 32 bytes in base64")
        self._secret = secret
        self._digest_key = self._derive(b"intake:digest")

    def seal(self, table: str, dossier_code: str, clear: bytes) -> bytes:
        nonce = os.urandom(_NONCE_BYTES)
        return _MARK + nonce + self._cipher(dossier_code).encrypt(nonce, clear, _bound(table, dossier_code))

    def open(self, table: str, dossier_code: str, sealed: bytes) -> bytes:
        """The clear bytes. Raises SealBroken."""
        mark, nonce, box = sealed[:2], sealed[2 : 2 + _NONCE_BYTES], sealed[2 + _NONCE_BYTES :]
        if mark != _MARK:
            raise SealBroken("the column was not sealed here")
        try:
            return self._cipher(dossier_code).decrypt(nonce, box, _bound(table, dossier_code))
        except (InvalidTag, ValueError) as error:
            raise SealBroken("the column does not open for this dossier") from error

    def digest(self, purpose: str, value: bytes) -> str:
        """64 hex digits: equal values of one purpose are equal, and nobody without the key can try them out."""
        return hmac.digest(self._digest_key, purpose.encode() + b"\0" + value, hashlib.sha256).hex()

    def clue(self, kind: str, text: str) -> bytes:
        """A keyed hash to find somebody by: 16 bytes keep millions of people apart."""
        return bytes.fromhex(self.digest(f"clue:{kind}", text.encode()))[:16]

    def _cipher(self, dossier_code: str) -> AESGCM:
        return AESGCM(self._derive(b"intake:columns:" + dossier_code.encode()))

    def _derive(self, purpose: bytes) -> bytes:
        return HKDF(algorithm=SHA256(), length=_KEY_BYTES, salt=None, info=purpose).derive(self._secret)


def _bound(table: str, dossier_code: str) -> bytes:
    return f"{table}\0{dossier_code}".encode()
