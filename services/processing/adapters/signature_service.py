"""The remote signing service: certificates, signatures and time stamps. Private keys never enter our process.

Wire: `GET /certificates/person/{signer}` → PEM chain without the root; `POST /sign` {signer, kind, digest,
document_hash, idempotency_key} → base64 DER signature; `POST /tsa` RFC 3161.
"""

from __future__ import annotations

import base64
import secrets
from hashlib import sha256
from typing import Protocol

from asn1crypto import tsp
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509 import Certificate, load_pem_x509_certificates
from pydantic import BaseModel, ConfigDict

from services.processing.rules import cms
from shared.platform.http import Client


class SignatureRefused(Exception):
    """The service answered with a signature or time stamp that does not fit what was asked."""


class SigningOrder(BaseModel):
    """Who signs which document. The key is made from the step, so that a retry asks for the same signature."""

    model_config = ConfigDict(frozen=True)

    signer_code: str
    document_hash: str
    idempotency_key: str


class SignatureService(Protocol):
    """Signs digests; the document itself stays with us."""

    async def certificates_of(self, signer_code: str) -> cms.Certificates:
        """The signer's certificate and its issuers."""
        ...

    async def signature(self, order: SigningOrder, attributes: bytes) -> bytes:
        """DER ECDSA signature over the signed attributes. Raises SignatureRefused when it does not verify."""
        ...

    async def time_stamp(self, signature: bytes) -> bytes:
        """DER time-stamp token over that signature. Raises SignatureRefused."""
        ...


class RemoteSignatureService:
    """Certificates are kept per signer: they change once in two years; a signature that does not fit drops them."""

    def __init__(self, service: Client) -> None:
        """`service` carries the bearer token and the time limits."""
        self._service = service
        self._leaves: dict[str, Certificate] = {}
        self._known: dict[str, cms.Certificates] = {}

    async def certificates_of(self, signer_code: str) -> cms.Certificates:
        if signer_code not in self._known:
            answer = await self._service.get(f"/certificates/person/{signer_code}")
            chain = load_pem_x509_certificates(answer.content)
            self._leaves[signer_code] = chain[0]
            self._known[signer_code] = cms.Certificates(
                chain=tuple(certificate.public_bytes(Encoding.DER) for certificate in chain),
                issuer=chain[0].issuer.public_bytes(),
                serial_number=chain[0].serial_number,
            )
        return self._known[signer_code]

    async def signature(self, order: SigningOrder, attributes: bytes) -> bytes:
        asked = {
            "kind": "person",
            "signer": order.signer_code,
            "digest": sha256(attributes).hexdigest(),
            "document_hash": order.document_hash,
            "idempotency_key": order.idempotency_key,
        }
        answer = await self._service.post("/sign", json=asked)
        signature = base64.b64decode(answer.json()["signature"])
        if not _fits(self._leaves.get(order.signer_code), signature, attributes):
            self._leaves.pop(order.signer_code, None)
            self._known.pop(order.signer_code, None)
            raise SignatureRefused("the signature does not verify with the signer's certificate")
        return signature

    async def time_stamp(self, signature: bytes) -> bytes:
        nonce = secrets.randbits(63)
        answer = await self._service.post(
            "/tsa",
            content=cms.time_stamp_request(signature, nonce),
            headers={"content-type": "application/timestamp-query"},
        )
        return _token(answer.content, signature, nonce)


def _fits(leaf: Certificate | None, signature: bytes, attributes: bytes) -> bool:
    key = leaf.public_key() if leaf else None
    if not isinstance(key, ec.EllipticCurvePublicKey):
        return False
    try:
        key.verify(signature, attributes, ec.ECDSA(SHA256()))
    except InvalidSignature:
        return False
    return True


def _token(answer: bytes, signature: bytes, nonce: int) -> bytes:
    """The token of a granted answer to our very request; the rest of its trust is judged by whoever validates."""
    try:
        response = tsp.TimeStampResp.load(answer)
        token = response["time_stamp_token"]
        info = token["content"]["encap_content_info"]["content"].parsed
        is_ours = (
            response["status"]["status"].native in {"granted", "granted_with_mods"}
            and info["message_imprint"]["hashed_message"].native == sha256(signature).digest()
            and info["nonce"].native == nonce
        )
    except (ValueError, TypeError, KeyError) as error:
        raise SignatureRefused("not a time-stamp answer") from error
    if not is_ours:
        raise SignatureRefused("the time stamp is not for this signature")
    return bytes(token.dump())
