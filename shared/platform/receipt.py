"""The secret part printed in the receipt's QR code: with the dossier code it opens public tracking (SR-07)."""

from __future__ import annotations

import base64
import hashlib
import hmac
from typing import Final

LENGTH: Final = 10
"""Base32 characters, 50 bits: enough beside a rate limit, short enough to read out on the phone."""


def secret_of(key: bytes, dossier_code: str) -> str:
    """The dossier's secret: HMAC-SHA256, first ten base32 characters in lower case."""
    digest = hmac.digest(key, b"receipt:" + dossier_code.encode(), hashlib.sha256)
    return base64.b32encode(digest).decode().lower()[:LENGTH]


def fits(key: bytes, dossier_code: str, given: str) -> bool:
    """Whether `given` is the dossier's secret; takes the same time for every wrong one, unknown codes included."""
    return hmac.compare_digest(secret_of(key, dossier_code).encode(), given.strip().lower().encode())
