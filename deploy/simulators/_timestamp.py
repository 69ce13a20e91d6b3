"""Time-stamp tokens (RFC 3161) signed by the test authority; the proof that a signature existed at a time."""

from collections.abc import Sequence
from datetime import UTC, datetime
from hashlib import sha256
from secrets import randbits
from typing import Annotated

from cryptography import x509
from cryptography.hazmat import asn1
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding

from deploy.simulators._authority import Holder


class StampRefusedError(ValueError):
    """The request cannot be read, or asks for a digest that is not accepted."""


def _oid(dotted: str) -> x509.ObjectIdentifier:
    return x509.ObjectIdentifier(dotted)


POLICY = _oid("1.3.6.1.4.1.32473.1559")  # under the number that RFC 5612 reserves for examples
STAMP_INFO = _oid("1.2.840.113549.1.9.16.1.4")
SIGNED_DATA = _oid("1.2.840.113549.1.7.2")
CONTENT_TYPE = _oid("1.2.840.113549.1.9.3")
MESSAGE_DIGEST = _oid("1.2.840.113549.1.9.4")
SIGNING_CERTIFICATE = _oid("1.2.840.113549.1.9.16.2.47")
DIGEST_BYTES = {
    _oid("2.16.840.1.101.3.4.2.1"): 32,
    _oid("2.16.840.1.101.3.4.2.2"): 48,
    _oid("2.16.840.1.101.3.4.2.3"): 64,
}
"""SHA-256, SHA-384, SHA-512."""


@asn1.sequence
class Algorithm:
    algorithm: x509.ObjectIdentifier
    parameters: asn1.Null | None = None


@asn1.sequence
class Imprint:
    algorithm: Algorithm
    digest: bytes


@asn1.sequence
class Request:
    version: int
    imprint: Imprint
    policy: x509.ObjectIdentifier | None = None
    nonce: int | None = None
    wants_certificate: Annotated[bool, asn1.Default(value=False)] = False


@asn1.sequence
class StampInfo:
    version: int
    policy: x509.ObjectIdentifier
    imprint: Imprint
    serial_number: int
    at: asn1.GeneralizedTime
    nonce: int | None


@asn1.sequence
class Attribute:
    type: x509.ObjectIdentifier
    values: asn1.SetOf[asn1.TLV]


@asn1.sequence
class CertificateId:
    """ESSCertIDv2 (RFC 5035) with its default digest, SHA-256."""

    digest: bytes


@asn1.sequence
class SigningCertificate:
    certificates: list[CertificateId]


@asn1.sequence
class IssuerAndSerial:
    issuer: x509.Name
    serial_number: int


@asn1.sequence
class SignerInfo:
    version: int
    certificate: IssuerAndSerial
    digest_algorithm: Algorithm
    attributes: Annotated[asn1.SetOf[Attribute], asn1.Implicit(0)]
    signature_algorithm: Algorithm
    signature: bytes


@asn1.sequence
class Content:
    type: x509.ObjectIdentifier
    content: Annotated[bytes, asn1.Explicit(0)]


@asn1.sequence
class SignedData:
    version: int
    digest_algorithms: asn1.SetOf[Algorithm]
    content: Content
    certificates: Annotated[asn1.SetOf[x509.Certificate] | None, asn1.Implicit(0)]
    signers: asn1.SetOf[SignerInfo]


@asn1.sequence
class Token:
    type: x509.ObjectIdentifier
    content: Annotated[SignedData, asn1.Explicit(0)]


@asn1.sequence
class Status:
    status: int


@asn1.sequence
class Answer:
    status: Status
    token: Token


DIGEST = Algorithm(algorithm=_oid("2.16.840.1.101.3.4.2.1"))
SIGNATURE = Algorithm(algorithm=_oid("1.2.840.10045.4.3.2"))


def stamp(request: bytes, holder: Holder, chain: Sequence[x509.Certificate]) -> bytes:
    """DER TimeStampReq → DER TimeStampResp, second precision, with the chain when the request wants it.

    Raises: StampRefusedError.
    """
    try:
        asked = asn1.decode_der(Request, request)
    except ValueError as error:
        raise StampRefusedError("not a time-stamp request") from error
    if DIGEST_BYTES.get(asked.imprint.algorithm.algorithm) != len(asked.imprint.digest):
        raise StampRefusedError("digest must be SHA-256, SHA-384 or SHA-512")
    info = StampInfo(
        version=1,
        policy=POLICY,
        imprint=asked.imprint,
        serial_number=randbits(63),
        at=asn1.GeneralizedTime(datetime.now(UTC).replace(microsecond=0)),
        nonce=asked.nonce,
    )
    token = _sign(asn1.encode_der(info), holder, chain if asked.wants_certificate else ())
    return asn1.encode_der(Answer(status=Status(status=0), token=token))


def _sign(content: bytes, holder: Holder, embedded: Sequence[x509.Certificate]) -> Token:
    identity = CertificateId(digest=sha256(holder.certificate.public_bytes(Encoding.DER)).digest())
    attributes = asn1.SetOf(
        [
            _attribute(CONTENT_TYPE, asn1.encode_der(STAMP_INFO)),
            _attribute(MESSAGE_DIGEST, asn1.encode_der(sha256(content).digest())),
            _attribute(SIGNING_CERTIFICATE, asn1.encode_der(SigningCertificate(certificates=[identity]))),
        ]
    )
    signer = SignerInfo(
        version=1,
        certificate=IssuerAndSerial(issuer=holder.certificate.issuer, serial_number=holder.certificate.serial_number),
        digest_algorithm=DIGEST,
        attributes=attributes,
        signature_algorithm=SIGNATURE,
        signature=holder.key.sign(asn1.encode_der(attributes), ec.ECDSA(SHA256())),
    )
    signed = SignedData(
        version=3,
        digest_algorithms=asn1.SetOf([DIGEST]),
        content=Content(type=STAMP_INFO, content=content),
        certificates=asn1.SetOf(list(embedded)) if embedded else None,
        signers=asn1.SetOf([signer]),
    )
    return Token(type=SIGNED_DATA, content=signed)


def _attribute(kind: x509.ObjectIdentifier, value: bytes) -> Attribute:
    return Attribute(type=kind, values=asn1.SetOf([asn1.decode_der(asn1.TLV, value)]))
