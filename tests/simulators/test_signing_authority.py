"""The signing authority as a process: PAdES signatures made over HTTP, judged by pyHanko with revocation required."""

import asyncio
import base64
import hashlib
from collections.abc import AsyncIterator
from dataclasses import dataclass
from io import BytesIO

import httpx
import pikepdf
import pytest
from asn1crypto.x509 import Certificate
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509 import ocsp
from pyhanko.keys import load_certs_from_pemder_data
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign.diff_analysis import ModificationLevel
from pyhanko.sign.validation import async_validate_pdf_signature
from pyhanko.sign.validation.status import PdfSignatureStatus, SignatureCoverageLevel
from pyhanko_certvalidator import ValidationContext

from tests.simulators.conftest import Simulator, Start
from tests.simulators.pades import SigningAuthority, SigningOrder

TOKEN = {"authorization": "Bearer signing-test-token"}
PERSON, AGENCY = "STP-LD01", "000.00.06.H39"


@dataclass(frozen=True)
class Desk:
    """A client of the authority, as the processing service has it."""

    http: httpx.AsyncClient

    async def sign(self, pdf: bytes, kind: str, signer: str, field: str, key: str) -> bytes:
        authority = SigningAuthority(self.http)
        return await authority.sign_pdf(
            pdf, SigningOrder(kind, signer, field, key), await authority.chain(kind, signer)
        )

    async def verdicts(self, pdf: bytes) -> list[PdfSignatureStatus]:
        roots = list(load_certs_from_pemder_data((await self.http.get("/ca.pem")).content))
        lists = [(await self.http.get(path)).content for path in ("/crl.der", "/root.crl.der")]
        signatures = PdfFileReader(BytesIO(pdf)).embedded_signatures
        return [
            await async_validate_pdf_signature(
                signature,
                signer_validation_context=context(roots, lists),
                ts_validation_context=context(roots, lists),
            )
            for signature in signatures
        ]


def context(roots: list[Certificate], lists: list[bytes]) -> ValidationContext:
    return ValidationContext(trust_roots=roots, crls=lists, allow_fetching=False, revocation_mode="require")


@pytest.fixture(scope="module")
def authority(start: Start) -> Simulator:
    authority = start("signing_authority")
    authority.http.headers.update(TOKEN)
    return authority


@pytest.fixture
async def desk(authority: Simulator) -> AsyncIterator[Desk]:
    async with httpx.AsyncClient(base_url=authority.url, headers=TOKEN) as http:
        yield Desk(http)


@pytest.fixture(scope="module")
def result() -> bytes:
    """A small result as a PDF."""
    with pikepdf.new() as pdf:
        pdf.add_blank_page(page_size=(595, 842))
        file = BytesIO()
        pdf.save(file)
    return file.getvalue()


def digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def ask(authority: Simulator, **changed: str) -> httpx.Response:
    body = {
        "kind": "person",
        "signer": PERSON,
        "digest": digest("attributes"),
        "document_hash": digest("document"),
        "idempotency_key": "ask-1",
    }
    return authority.http.post("/sign", json=body | changed)


async def test_person_and_agency_sign_and_both_signatures_are_valid(desk: Desk, result: bytes) -> None:
    once = await desk.sign(result, "person", PERSON, "Signature", "two-person")
    twice = await desk.sign(once, "agency", AGENCY, "Seal", "two-agency")
    person, agency = await desk.verdicts(twice)
    assert person.bottom_line
    assert agency.bottom_line
    assert person.coverage == SignatureCoverageLevel.ENTIRE_REVISION
    assert person.modification_level == ModificationLevel.FORM_FILLING
    assert agency.coverage == SignatureCoverageLevel.ENTIRE_FILE
    assert person.timestamp_validity is not None
    assert person.timestamp_validity.trusted
    assert person.signing_cert.subject.native["common_name"] == PERSON
    assert "non_repudiation" in person.signing_cert.key_usage_value.native


async def test_a_changed_byte_is_invalid(desk: Desk, result: bytes) -> None:
    signed = await desk.sign(result, "person", PERSON, "Signature", "tampered")
    [verdict] = await desk.verdicts(signed.replace(b"595", b"594", 1))
    assert not verdict.bottom_line


async def test_a_revoked_signer_is_invalid(desk: Desk, authority: Simulator, result: bytes) -> None:
    signed = await desk.sign(result, "person", "STP-LD99", "Signature", "revoked")
    asked = {"kind": "person", "signer": "STP-LD99"}
    early = {**asked, "revoked_at": "2020-01-01T00:00:00Z"}
    authority.http.post("/revoke", json=early).raise_for_status()
    [verdict] = await desk.verdicts(signed)
    assert verdict.intact
    assert verdict.revoked
    assert not verdict.bottom_line
    refused = ask(authority, signer="STP-LD99", idempotency_key="after-revocation")
    assert (refused.status_code, refused.json()["type"]) == (409, "/problems/certificate-revoked")


async def test_many_documents_are_signed_at_once(desk: Desk, authority: Simulator, result: bytes) -> None:
    orders = [desk.sign(result, "person", PERSON, "Signature", f"many-{number}") for number in range(8)]
    for signed in await asyncio.gather(*orders):
        [verdict] = await desk.verdicts(signed)
        assert verdict.bottom_line
    keys = [entry["idempotency_key"] for entry in authority.ledger("signed")]
    assert sum(key.startswith("many-") for key in keys) == 8


def test_the_answer_is_a_signature_of_the_digest(authority: Simulator) -> None:
    answer = ask(authority, idempotency_key="raw-1").json()
    leaf, issuer = x509.load_pem_x509_certificates(answer["chain_pem"].encode())
    key = leaf.public_key()
    assert isinstance(key, ec.EllipticCurvePublicKey)
    key.verify(base64.b64decode(answer["signature"]), b"attributes", ec.ECDSA(SHA256()))
    leaf.verify_directly_issued_by(issuer)
    issuer.verify_directly_issued_by(x509.load_pem_x509_certificate(authority.http.get("/ca.pem").content))


def test_the_same_key_gets_the_same_signature(authority: Simulator) -> None:
    first, second = (ask(authority, idempotency_key="same-1").json() for _ in range(2))
    assert first == second
    assert sum(entry["idempotency_key"] == "same-1" for entry in authority.ledger("signed")) == 1


def test_attributes_made_again_after_a_lost_answer_are_signed_again(authority: Simulator) -> None:
    ask(authority, idempotency_key="lost-1")
    assert ask(authority, idempotency_key="lost-1", digest=digest("made again")).status_code == 200
    repeated = [entry["repeated"] for entry in authority.ledger("signed") if entry["idempotency_key"] == "lost-1"]
    assert repeated == [False, True]


@pytest.mark.parametrize("changed", [{"document_hash": digest("another")}, {"signer": "STP-LD02"}, {"kind": "agency"}])
def test_a_key_belongs_to_one_document_and_signer(authority: Simulator, changed: dict[str, str]) -> None:
    ask(authority, idempotency_key="bound-1")
    assert ask(authority, idempotency_key="bound-1", **changed).status_code == 409


@pytest.mark.parametrize(
    "changed", [{"digest": "00"}, {"signer": "../root"}, {"kind": "root"}, {"idempotency_key": ""}]
)
def test_a_malformed_request_is_refused(authority: Simulator, changed: dict[str, str]) -> None:
    answer = ask(authority, **changed)
    assert (answer.status_code, answer.headers["content-type"]) == (422, "application/problem+json")


@pytest.mark.parametrize("path", ["/sign", "/revoke"])
def test_a_stranger_gets_no_signature(authority: Simulator, path: str) -> None:
    body = {"kind": "person", "signer": PERSON}
    more = {"digest": digest("a"), "document_hash": digest("b"), "idempotency_key": "c"} if path == "/sign" else {}
    answer = authority.http.post(path, json=body | more, headers={"authorization": "Bearer guess"})
    assert answer.status_code == 401


@pytest.mark.parametrize("path", ["/tsa", "/ocsp"])
@pytest.mark.parametrize("body", [b"", b"\x30\x03\x02\x01\x01", b"no request"])
def test_a_request_that_cannot_be_read_is_refused(authority: Simulator, path: str, body: bytes) -> None:
    assert authority.http.post(path, content=body).status_code == 400


@pytest.mark.parametrize("is_revoked", [False, True])
def test_the_status_responder_knows_who_is_revoked(authority: Simulator, *, is_revoked: bool) -> None:
    asked = {"kind": "agency", "signer": f"status-{is_revoked}"}
    chain = authority.http.get(f"/certificates/agency/{asked['signer']}").content
    leaf, issuer = x509.load_pem_x509_certificates(chain)
    if is_revoked:
        authority.http.post("/revoke", json=asked).raise_for_status()
    request = ocsp.OCSPRequestBuilder().add_certificate(leaf, issuer, SHA256()).build()
    content = request.public_bytes(Encoding.DER)
    answer = ocsp.load_der_ocsp_response(authority.http.post("/ocsp", content=content).content)
    right = ocsp.OCSPCertStatus.REVOKED if is_revoked else ocsp.OCSPCertStatus.GOOD
    assert answer.certificate_status == right


def test_a_killed_authority_keeps_its_certificates_and_answers(authority: Simulator) -> None:
    root, chain = (authority.http.get(path).content for path in ("/ca.pem", f"/certificates/agency/{AGENCY}"))
    first = ask(authority, idempotency_key="kill-1").json()
    authority.kill()
    authority.start()
    assert authority.http.get("/ca.pem").content == root
    assert authority.http.get(f"/certificates/agency/{AGENCY}").content == chain
    assert ask(authority, idempotency_key="kill-1").json() == first
