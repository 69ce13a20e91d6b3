"""The document store: content-addressed files, encrypted at rest, bound to their dossier (SR-15).

Layout: `<root>/<first two hex digits>/<address>`; a file is `MC1` + 12 bytes nonce + AES-256-GCM ciphertext. Addresses
are keyed and hold the dossier code, so equal papers of two people cannot be linked and no file is shared.
"""

from __future__ import annotations

import asyncio
import base64
import hashlib
import hmac
import os
import re
import tempfile
from pathlib import Path
from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

_MARK: Final = b"MC1"
_NONCE_BYTES: Final = 12
_ADDRESS: Final = re.compile(r"[0-9a-f]{64}")


class ObjectMissing(Exception):
    """No file at this address, or the text is no address at all."""


class ObjectDamaged(Exception):
    """The file was changed, moved, or belongs to another dossier or key."""


class Objects:
    """Files of dossiers. `key` is base64 of 32 bytes; subkeys for addresses and for each dossier are derived."""

    def __init__(self, root: Path, key: str) -> None:
        """Raises ValueError when the key has another length. Opens nothing."""
        secret = base64.b64decode(key, validate=True)
        if len(secret) != 32:  # noqa: PLR2004 - AES-256
            raise ValueError("the document store's key must be 32 bytes in base64")
        self._root = root
        self._secret = secret
        self._address_key = self._derive(b"address")

    async def put(self, dossier_code: str, data: bytes) -> str:
        """Stores the bytes and answers their address; storing the same bytes again changes nothing."""
        return await asyncio.to_thread(self._put, dossier_code, data)

    async def get(self, dossier_code: str, address: str) -> bytes:
        """The bytes. Raises ObjectMissing, ObjectDamaged."""
        return await asyncio.to_thread(self._get, dossier_code, address)

    def address_of(self, dossier_code: str, data: bytes) -> str:
        """64 hex digits: keyed HMAC-SHA256 of dossier code and content."""
        content = hashlib.sha256(data).digest()
        return hmac.digest(self._address_key, dossier_code.encode() + b"\0" + content, hashlib.sha256).hex()

    def _put(self, dossier_code: str, data: bytes) -> str:
        address = self.address_of(dossier_code, data)
        path = self._path(address)
        if path.exists():
            return address
        nonce = os.urandom(_NONCE_BYTES)
        sealed = self._cipher(dossier_code).encrypt(nonce, data, _bound(address, dossier_code))
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        _write_atomically(path, _MARK + nonce + sealed)
        return address

    def _get(self, dossier_code: str, address: str) -> bytes:
        try:
            stored = self._path(address).read_bytes()
        except FileNotFoundError as error:
            raise ObjectMissing("no such file") from error
        mark, nonce, sealed = stored[:3], stored[3 : 3 + _NONCE_BYTES], stored[3 + _NONCE_BYTES :]
        if mark != _MARK:
            raise ObjectDamaged("not a file of this store")
        try:
            return self._cipher(dossier_code).decrypt(nonce, sealed, _bound(address, dossier_code))
        except (InvalidTag, ValueError) as error:
            raise ObjectDamaged("the file does not open for this dossier") from error

    def _path(self, address: str) -> Path:
        if not _ADDRESS.fullmatch(address):
            raise ObjectMissing("not an address")
        return self._root / address[:2] / address

    def _cipher(self, dossier_code: str) -> AESGCM:
        return AESGCM(self._derive(b"dossier:" + dossier_code.encode()))

    def _derive(self, purpose: bytes) -> bytes:
        return HKDF(algorithm=SHA256(), length=32, salt=None, info=purpose).derive(self._secret)


def _bound(address: str, dossier_code: str) -> bytes:
    """Associated data: a ciphertext opens only at its own address and for its own dossier."""
    return f"{address}\0{dossier_code}".encode()


def _write_atomically(path: Path, content: bytes) -> None:
    """A reader sees the whole file or none, also after a power cut."""
    descriptor, name = tempfile.mkstemp(prefix=".incoming-", dir=path.parent)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        Path(name).replace(path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
