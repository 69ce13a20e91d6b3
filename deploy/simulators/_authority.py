"""The test certificate authority: root, issuing authority, signers' certificates, revocation. Keys stay in its folder.

Chain: root → issuing authority → person, agency or time stamp; all P-256 and SHA-256 (identity_and_documents.md
§3). Certificates point to the revocation list and the status responder, because a certificate without a pointer
passes lenient validators even when revoked. Subjects carry codes only, never a person's name.
"""

import json
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from pathlib import Path
from typing import Literal, NamedTuple

from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.x509.oid import AuthorityInformationAccessOID, ExtendedKeyUsageOID, NameOID


class Role(StrEnum):
    """Whom a certificate is for; decides what its key may do."""

    ROOT = "root"
    ISSUING = "issuing"
    STAMP = "stamp"
    PERSON = "person"
    AGENCY = "agency"

    @property
    def is_authority(self) -> bool:
        return self in (Role.ROOT, Role.ISSUING)


type Kind = Literal[Role.PERSON, Role.AGENCY]

LIST_LIFE = timedelta(days=7)
LIST_AGE = timedelta(hours=1)


class Holder(NamedTuple):
    """A certificate with its private key."""

    key: ec.EllipticCurvePrivateKey
    certificate: x509.Certificate

    def dump(self, file: Path) -> None:
        key = self.key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
        keep(file, key + pem(self.certificate))

    @classmethod
    def load(cls, file: Path) -> "Holder":
        content = file.read_bytes()
        key = serialization.load_pem_private_key(content, password=None)
        if not isinstance(key, ec.EllipticCurvePrivateKey):
            raise TypeError(f"{file} holds no elliptic-curve key")
        return cls(key, x509.load_pem_x509_certificate(content))


def keep(file: Path, content: bytes) -> None:
    """Whole or not at all, for the owner's eyes only."""
    file.parent.mkdir(parents=True, exist_ok=True)
    half_done = file.with_suffix(".new")
    half_done.touch(mode=0o600)
    half_done.write_bytes(content)
    half_done.rename(file)


def pem(*certificates: x509.Certificate) -> bytes:
    return b"".join(one.public_bytes(serialization.Encoding.PEM) for one in certificates)


def name(common_name: str, unit: str) -> x509.Name:
    return x509.Name(
        [
            x509.NameAttribute(NameOID.COUNTRY_NAME, "VN"),
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, "Chứng thư thử nghiệm, không có giá trị pháp lý"),
            x509.NameAttribute(NameOID.ORGANIZATIONAL_UNIT_NAME, unit),
            x509.NameAttribute(NameOID.COMMON_NAME, common_name),
        ]
    )


def key_usage(role: Role) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not role.is_authority,
        content_commitment=role in (Role.PERSON, Role.AGENCY),  # non-repudiation
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=role.is_authority,
        crl_sign=role.is_authority,
        encipher_only=False,
        decipher_only=False,
    )


class Authority:
    """Opens the authority kept in `folder`, or makes it on first use. `url` goes into the certificates' pointers."""

    def __init__(self, folder: Path, url: str) -> None:
        self._folder, self._url = folder, url
        self._revoked_file = folder / "revoked.json"
        self._revoked: dict[str, str] = (
            json.loads(self._revoked_file.read_text()) if self._revoked_file.exists() else {}
        )
        self._signers: dict[tuple[Role, str], Holder] = {}
        self._lists: dict[int, x509.CertificateRevocationList] = {}
        self.root = self._keep(Role.ROOT, "mot-cua-test-root", None, days=3650)
        self.issuing = self._keep(Role.ISSUING, "mot-cua-test-issuing", self.root, days=1825)
        self.stamp = self._keep(Role.STAMP, "mot-cua-test-time-stamp", self.issuing)

    def signer(self, kind: Kind, code: str) -> Holder:
        """The signer's certificate, issued on first demand."""
        if (kind, code) not in self._signers:
            self._signers[kind, code] = self._keep(kind, code, self.issuing)
        return self._signers[kind, code]

    def chain(self, holder: Holder) -> tuple[x509.Certificate, x509.Certificate]:
        """The certificate, then the issuing authority; never the root, which the verifier must already have."""
        return holder.certificate, self.issuing.certificate

    def revoke(self, holder: Holder, at: datetime) -> None:
        self._revoked.setdefault(str(holder.certificate.serial_number), at.isoformat())
        keep(self._revoked_file, json.dumps(self._revoked).encode())
        self._lists.clear()

    def revoked_at(self, serial_number: int) -> datetime | None:
        at = self._revoked.get(str(serial_number))
        return datetime.fromisoformat(at) if at else None

    def revocation_list(self, issuer: Holder) -> bytes:
        """DER list of what this issuer revoked, at most an hour old, valid for a week."""
        now = datetime.now(UTC)
        known = self._lists.get(issuer.certificate.serial_number)
        if known is None or known.last_update_utc < now - LIST_AGE:
            known = self._lists[issuer.certificate.serial_number] = self._list_of(issuer, now)
        return known.public_bytes(serialization.Encoding.DER)

    def _list_of(self, issuer: Holder, now: datetime) -> x509.CertificateRevocationList:
        builder = (
            x509.CertificateRevocationListBuilder()
            .issuer_name(issuer.certificate.subject)
            .last_update(now)
            .next_update(now + LIST_LIFE)
            .add_extension(x509.CRLNumber(int(now.timestamp() * 1000)), critical=False)
            .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer.key.public_key()), critical=False)
        )
        revoked: Mapping[str, str] = self._revoked if issuer is self.issuing else {}
        for serial_number, at in revoked.items():
            builder = builder.add_revoked_certificate(
                x509.RevokedCertificateBuilder()
                .serial_number(int(serial_number))
                .revocation_date(datetime.fromisoformat(at))
                .build()
            )
        return builder.sign(issuer.key, SHA256())

    def status(self, request: bytes) -> bytes:
        """OCSP (RFC 6960) answer in DER for one certificate of the issuing authority."""
        from cryptography.x509 import ocsp

        asked = ocsp.load_der_ocsp_request(request)
        now = datetime.now(UTC)
        revoked_at = self.revoked_at(asked.serial_number)
        answer = ocsp.OCSPResponseBuilder().add_response_by_hash(
            issuer_name_hash=asked.issuer_name_hash,
            issuer_key_hash=asked.issuer_key_hash,
            serial_number=asked.serial_number,
            algorithm=asked.hash_algorithm,
            cert_status=ocsp.OCSPCertStatus.REVOKED if revoked_at else ocsp.OCSPCertStatus.GOOD,
            this_update=now,
            next_update=now + LIST_AGE,
            revocation_time=revoked_at,
            revocation_reason=None,
        )
        answer = answer.responder_id(ocsp.OCSPResponderEncoding.NAME, self.issuing.certificate)
        return answer.sign(self.issuing.key, SHA256()).public_bytes(serialization.Encoding.DER)

    def _keep(self, role: Role, common_name: str, issuer: Holder | None, *, days: int = 730) -> Holder:
        path = self._folder / f"{role}-{common_name}.pem"
        if not path.exists():
            self._issue(role, common_name, issuer, timedelta(days=days)).dump(path)
        return Holder.load(path)

    def _issue(self, role: Role, common_name: str, issuer: Holder | None, life: timedelta) -> Holder:
        key = ec.generate_private_key(ec.SECP256R1())
        subject = name(common_name, role)
        signing_key = issuer.key if issuer else key
        now = datetime.now(UTC)
        builder = (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(issuer.certificate.subject if issuer else subject)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - timedelta(hours=1))  # verifiers' clocks may be behind
            .not_valid_after(now + life)
            .add_extension(x509.BasicConstraints(ca=role.is_authority, path_length=None), critical=True)
            .add_extension(key_usage(role), critical=True)
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
            .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(signing_key.public_key()), critical=False)
        )
        if role is Role.STAMP:
            builder = builder.add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.TIME_STAMPING]), critical=True)
        for extension in self._pointers(role):
            builder = builder.add_extension(extension, critical=False)
        return Holder(key, builder.sign(signing_key, SHA256()))

    def _pointers(self, role: Role) -> list[x509.ExtensionType]:
        if role is Role.ROOT:
            return []
        issuer_list = "root.crl.der" if role is Role.ISSUING else "crl.der"
        where = x509.UniformResourceIdentifier(f"{self._url}/{issuer_list}")
        pointers: list[x509.ExtensionType] = [
            x509.CRLDistributionPoints([x509.DistributionPoint([where], None, None, None)])
        ]
        if role is not Role.ISSUING:
            responder = x509.UniformResourceIdentifier(f"{self._url}/ocsp")
            access = x509.AccessDescription(AuthorityInformationAccessOID.OCSP, responder)
            pointers.append(x509.AuthorityInformationAccess([access]))
        return pointers
