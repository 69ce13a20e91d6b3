"""A PAdES signature's CMS container (RFC 5652, ETSI EN 319 142-1 B-T) written as DER, byte for byte.

Why not a library here: the container of one signer hardly changes, and building it object by object cost three
quarters of the whole act of signing. pyHanko still reads and writes the PDF, and validates what this file makes.
"""

from __future__ import annotations

from dataclasses import dataclass
from hashlib import sha256
from typing import Final

SEQUENCE: Final = 0x30
SET: Final = 0x31
INTEGER: Final = 0x02
OCTETS: Final = 0x04
NULL: Final = 0x05
OBJECT: Final = 0x06
BOOLEAN: Final = 0x01
CONTEXT_0: Final = 0xA0
CONTEXT_1: Final = 0xA1

_LONG_FORM: Final = 0x80


def der(tag: int, *parts: bytes) -> bytes:
    """One DER value: tag, length, contents."""
    body = b"".join(parts)
    if len(body) < _LONG_FORM:
        return bytes((tag, len(body))) + body
    length = len(body).to_bytes((len(body).bit_length() + 7) // 8)
    return bytes((tag, _LONG_FORM | len(length))) + length + body


def _oid(hexed: str) -> bytes:
    return der(OBJECT, bytes.fromhex(hexed))


_DATA: Final = _oid("2a864886f70d010701")
_SIGNED_DATA: Final = _oid("2a864886f70d010702")
_CONTENT_TYPE: Final = _oid("2a864886f70d010903")
_MESSAGE_DIGEST: Final = _oid("2a864886f70d010904")
_SIGNING_CERTIFICATE_V2: Final = _oid("2a864886f70d010910022f")
_TIME_STAMP_TOKEN: Final = _oid("2a864886f70d010910020e")
_SHA256: Final = der(SEQUENCE, _oid("608648016503040201"))
_ECDSA_SHA256: Final = der(SEQUENCE, _oid("2a8648ce3d040302"))
_VERSION_1: Final = der(INTEGER, b"\x01")


@dataclass(frozen=True)
class Certificates:
    """A signer's certificate and its issuers as DER, with the parts that every signature repeats."""

    chain: tuple[bytes, ...]
    """The signer's own first; never the root."""
    issuer: bytes
    """DER name of the issuer of the signer's certificate."""
    serial_number: int

    @property
    def signer_id(self) -> bytes:
        """IssuerAndSerialNumber."""
        number = self.serial_number
        return der(SEQUENCE, self.issuer, der(INTEGER, number.to_bytes(number.bit_length() // 8 + 1)))


def signed_attributes(document_digest: bytes, certificates: Certificates) -> bytes:
    """What the key signs: type, digest of the document's byte range (SHA-256) and which certificate signs.

    DER of the SET OF attributes, in DER order.
    """
    certificate_hash = der(SEQUENCE, der(OCTETS, sha256(certificates.chain[0]).digest()))
    attributes = (
        der(SEQUENCE, _CONTENT_TYPE, der(SET, _DATA)),
        der(SEQUENCE, _MESSAGE_DIGEST, der(SET, der(OCTETS, document_digest))),
        der(SEQUENCE, _SIGNING_CERTIFICATE_V2, der(SET, der(SEQUENCE, der(SEQUENCE, certificate_hash)))),
    )
    return der(SET, *sorted(attributes))


def signed_data(certificates: Certificates, attributes: bytes, signature: bytes, time_stamp_token: bytes) -> bytes:
    """The whole container: detached content, certificates, one signer, the time stamp over its signature."""
    time_stamp = der(SEQUENCE, _TIME_STAMP_TOKEN, der(SET, time_stamp_token))
    signer = der(
        SEQUENCE,
        _VERSION_1,
        certificates.signer_id,
        _SHA256,
        bytes((CONTEXT_0,)) + attributes[1:],  # signed as a SET, carried as [0]
        _ECDSA_SHA256,
        der(OCTETS, signature),
        der(CONTEXT_1, time_stamp),
    )
    content = der(
        SEQUENCE,
        _VERSION_1,
        der(SET, _SHA256),
        der(SEQUENCE, _DATA),
        der(CONTEXT_0, *sorted(certificates.chain)),
        der(SET, signer),
    )
    return der(SEQUENCE, _SIGNED_DATA, der(CONTEXT_0, content))


def time_stamp_request(signature: bytes, nonce: int) -> bytes:
    """RFC 3161 TimeStampReq over a signature's bytes; asks for the authority's certificates too."""
    imprint = der(SEQUENCE, _SHA256, der(OCTETS, sha256(signature).digest()))
    number = der(INTEGER, nonce.to_bytes(nonce.bit_length() // 8 + 1))
    return der(SEQUENCE, _VERSION_1, imprint, number, der(BOOLEAN, b"\xff"))
