"""Results: typeset, signed at the authority, valid for a stranger, and made once however often the step runs."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime
from io import BytesIO

import httpx
import pypdf
import pytest
from asn1crypto import pem, x509
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign.validation import async_validate_pdf_signature
from pyhanko.sign.validation.status import PdfSignatureStatus, SignatureCoverageLevel
from pyhanko_certvalidator import ValidationContext

from deploy.local.stack import Stack
from services.processing import acts, store
from services.processing.activities import Signatures
from services.processing.acts import Door
from services.processing.adapters.press import Press, Unprintable
from services.processing.adapters.signature_service import RemoteSignatureService, SignatureRefused
from shared.contracts.facts import facts_of
from shared.contracts.processing import SignInput
from shared.dossier.actions import Outcome
from shared.dossier.lifecycle import Stage
from shared.dossier.permission import Kind
from shared.platform.http import Away, Client, client
from tests import builders
from tests.services.processing.conftest import NOW, People
from tests.services.processing.fakes import NAME, FakeApplicantFile, FakeDesk

PROMISED = builders.terms(procedure_code="2.000635")


def order(outcome: Outcome = Outcome.GRANTED, code: str = builders.CODE, **changes: object) -> SignInput:
    return SignInput(
        dossier_code=code,
        procedure_code="2.000635",
        agency_code="000.00.03.H39",
        signer_code="lanhdao-1",
        outcome=outcome,
        decided_at=NOW,
    ).model_copy(update=changes)


@pytest.fixture
async def authority(stack: Stack) -> AsyncIterator[Client]:
    token = (stack.root / "secrets/processing/signing_token").read_text().strip()
    async with client(stack.url("signing_authority"), where="signing", token=lambda: token) as connected:
        yield connected


@pytest.fixture
def press() -> Iterator[Press]:
    made = Press()
    yield made
    made.close()


@pytest.fixture
def applicants() -> FakeApplicantFile:
    return FakeApplicantFile()


@pytest.fixture
def signatures(door: Door, applicants: FakeApplicantFile, authority: Client, press: Press) -> Signatures:
    return Signatures(door, applicants, RemoteSignatureService(authority), press)


class SignsSomethingElse(httpx.AsyncHTTPTransport):
    """Swaps the digest on its way to the authority."""

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        if request.url.path != "/sign":
            return await super().handle_async_request(request)
        asked = json.loads(request.content) | {"digest": "0" * 64}
        headers = {"authorization": request.headers["authorization"]}
        return await super().handle_async_request(httpx.Request("POST", request.url, json=asked, headers=headers))


async def file_of(door: Door, code: str = builders.CODE) -> bytes:
    async with door.sessions() as session:
        signed = await store.signed_file(session, code)
    assert signed is not None
    return await door.objects.get(code, signed.address)


async def verdict(pdf: bytes, authority: Client) -> PdfSignatureStatus:
    """A stranger's judgement: the authority's root and revocation lists, nothing of ours."""
    root = x509.Certificate.load(pem.unarmor((await authority.get("/ca.pem")).content)[2])
    lists = [(await authority.get(path)).content for path in ("/crl.der", "/root.crl.der")]
    trust = ValidationContext(trust_roots=[root], revocation_mode="require", crls=lists, allow_fetching=False)
    embedded = PdfFileReader(BytesIO(pdf)).embedded_signatures
    assert len(embedded) == 1
    return await async_validate_pdf_signature(embedded[0], trust, trust)


async def test_a_result_is_valid_against_the_authoritys_root(
    signatures: Signatures, door: Door, authority: Client
) -> None:
    signed = await signatures.sign_result(order())
    assert signed.result_code == "1/2026/TL-000.00.03.H39"
    status = await verdict(await file_of(door), authority)
    assert status.bottom_line
    assert status.coverage is SignatureCoverageLevel.ENTIRE_FILE
    assert status.timestamp_validity is not None
    assert abs(status.timestamp_validity.timestamp - datetime.now(UTC)).total_seconds() < 60


async def test_a_changed_byte_is_noticed(signatures: Signatures, door: Door, authority: Client) -> None:
    await signatures.sign_result(order())
    pdf = await file_of(door)
    spoilt = pdf.replace(b"/Producer", b"/Producfr", 1) if b"/Producer" in pdf else pdf[:900] + b"X" + pdf[901:]
    assert not (await verdict(spoilt, authority)).bottom_line


async def test_the_page_says_who_what_and_by_whom(signatures: Signatures, door: Door) -> None:
    await signatures.sign_result(order())
    page = pypdf.PdfReader(BytesIO(await file_of(door))).pages[0].extract_text()
    words = " ".join(page.split())
    for expected in (
        "CỘNG HÒA XÃ HỘI CHỦ NGHĨA VIỆT NAM",
        "SỞ TƯ PHÁP",
        "ỦY BAN NHÂN DÂN TỈNH TÂY NINH",
        "Số: 1/2026/TL-000.00.03.H39",
        "Tây Ninh, ngày 23 tháng 11 năm 2026",
        NAME,
        builders.CODE,
        "Đồng ý giải quyết",
        "lanhdao-1",
    ):
        assert expected in words


async def test_a_refusal_is_a_notice_with_its_ground(signatures: Signatures, door: Door) -> None:
    await acts.learn(
        door,
        [facts_of(builders.a_dossier(Stage.NUMBERING, promised=PROMISED)).model_copy(update={"cause": "disputed"})],
    )
    signed = await signatures.sign_result(order(Outcome.REFUSED))
    assert signed.result_code.startswith("1/2026/TB-")
    words = " ".join(pypdf.PdfReader(BytesIO(await file_of(door))).pages[0].extract_text().split())
    assert "THÔNG BÁO TỪ CHỐI" in words
    assert "đang có tranh chấp" in words


async def test_running_twice_or_side_by_side_makes_one_file(
    signatures: Signatures, door: Door, applicants: FakeApplicantFile
) -> None:
    first = await asyncio.gather(*(signatures.sign_result(order()) for _ in range(4)))
    again = await signatures.sign_result(order())
    assert {*first} == {again}
    assert len(applicants.asked) <= 4
    assert (await signatures.sign_result(order(code="000.00.03.H39-261123-0008"))).result_code.startswith("2/2026/")


async def test_a_number_survives_an_attempt_that_failed(signatures: Signatures, authority: Client) -> None:
    await authority.put("/faults", json={"fail_p": 1.0})
    try:
        with pytest.raises(Away):
            await signatures.sign_result(order())
    finally:
        await authority.put("/faults", json={"fail_p": 0.0})
    assert (await signatures.sign_result(order())).result_code.startswith("1/2026/")


async def test_a_signature_that_does_not_fit_is_never_stored(
    stack: Stack, door: Door, press: Press, applicants: FakeApplicantFile
) -> None:
    token = (stack.root / "secrets/processing/signing_token").read_text().strip()
    confused = Client(stack.url("signing_authority"), "signing", token=lambda: token, transport=SignsSomethingElse())
    async with confused:
        with pytest.raises(SignatureRefused):
            await Signatures(door, applicants, RemoteSignatureService(confused), press).sign_result(order())
    async with door.sessions() as session:
        assert await store.signed_file(session, builders.CODE) is None


async def test_a_letter_that_the_font_does_not_hold_is_an_error_without_the_name(
    door: Door, authority: Client, press: Press
) -> None:
    signatures = Signatures(door, FakeApplicantFile("Nguyễn 字 A"), RemoteSignatureService(authority), press)
    with pytest.raises(Unprintable) as refused:
        await signatures.sign_result(order())
    assert "Nguyễn" not in str(refused.value)
    assert refused.value.__cause__ is None


async def test_every_vietnamese_letter_can_be_printed(door: Door, authority: Client, press: Press) -> None:
    letters = "".join(map(chr, (*range(0x1EA0, 0x1EFA), *map(ord, "ĂăÂâÊêÔôƠơƯưĐđĨĩŨũÀÁÃàáãÈÉèéÌÍìíÒÓÕòóõÙÚùúÝý₫"))))
    await Signatures(door, FakeApplicantFile(letters), RemoteSignatureService(authority), press).sign_result(order())
    found = set(pypdf.PdfReader(BytesIO(await file_of(door))).pages[0].extract_text())
    assert set(letters) <= found


async def test_intake_alone_gets_the_file_and_only_after_issue(
    signatures: Signatures, door: Door, desk: FakeDesk, people: People
) -> None:
    await signatures.sign_result(order())
    url = f"/api/results/{builders.CODE}"
    intake = people("service:intake", kind=Kind.SERVICE)
    desk.hold(builders.a_dossier(Stage.NUMBERING, promised=PROMISED))
    assert (await intake.get(url)).status_code == 404
    await acts.learn(door, [facts_of(builders.a_dossier(Stage.RESULT_READY, promised=PROMISED))])
    answer = await intake.get(url)
    assert (answer.status_code, answer.headers["content-type"]) == (200, "application/pdf")
    assert answer.content.startswith(b"%PDF-")
    assert (await people("CLERK").get(url)).status_code == 403
