"""A citizen files from home, papers are reused, money is paid online, the signed result comes by post."""

from __future__ import annotations

import asyncio
from io import BytesIO

import httpx
from pyhanko.keys import load_certs_from_pemder_data
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign.validation import async_validate_pdf_signature
from pyhanko.sign.validation.status import PdfSignatureStatus, SignatureCoverageLevel
from pyhanko_certvalidator import ValidationContext

from tests.journeys.people import BORN, SON
from tests.journeys.town import Town, changes, until

BIRTH = "1.001193"


def verdicts(pdf: bytes, authority: str) -> list[PdfSignatureStatus]:
    """What an independent validator says of each signature, revocation lists of the authority required."""
    with httpx.Client(base_url=authority) as http:
        roots = list(load_certs_from_pemder_data(http.get("/ca.pem").content))
        lists = [http.get(path).content for path in ("/crl.der", "/root.crl.der")]

    def context() -> ValidationContext:
        return ValidationContext(trust_roots=roots, crls=lists, allow_fetching=False, revocation_mode="require")

    async def judge() -> list[PdfSignatureStatus]:
        return [
            await async_validate_pdf_signature(
                signature, signer_validation_context=context(), ts_validation_context=context()
            )
            for signature in PdfFileReader(BytesIO(pdf)).embedded_signatures
        ]

    return asyncio.run(judge())


def test_from_home_to_the_postman_s_hand(town: Town) -> None:
    # She brings a declaration only: the register holds the rest, so nobody may ask her for it.
    filed = town.file(BORN, BIRTH, ["TK-KS"], return_way="POST")
    assert filed.answer["facts"]["stage"] == "SUBMITTED"
    found = until(
        "the register has answered",
        lambda: town.ask("intake", "GET", f"/api/dossiers/{filed.code}", town.citizen(BORN)).json(),
        lambda seen: "facts" in seen and seen["facts"]["population_check"],
    )
    papers = {paper["kind"]: (paper["digitized"], paper["reused"]) for paper in found["facts"]["components"]}
    assert papers == {"TK-KS": (True, False), "GIAY-CHUNG-SINH": (False, True), "CCCD": (False, True)}
    assert [document["kind"] for document in found["documents"]] == ["TK-KS"]

    # She pays at the gateway; asking twice for an order gives the same order.
    assert town.order(filed).json()["txn_ref"] == town.pay(filed)["txn_ref"]
    [receipt] = town.paid(filed)
    assert (receipt["amount_vnd"], receipt["cancelled_at"]) == (8000, None)
    until("she sees nothing owed", lambda: town.progress(filed)["fee_owed_vnd"], lambda owed_vnd: owed_vnd == 0)

    # The desks do their work; then the parcel goes by itself.
    town.take_in(filed.code)
    ready = town.decide(filed.code)
    assert (ready["stage"], ready["outcome"]) == ("RESULT_READY", "GRANTED")
    assert town.send_home(filed.code)["stage"] == "ON_THE_WAY"
    until("the citizen sees it returned", lambda: town.progress(filed), lambda seen: seen["portal_status"] == 10)

    # What she was told is what stands on the topic: 1..n, each complete.
    events = town.told(filed.code, "delivered")
    assert changes(events)[0] == "submitted"
    assert len(set(changes(events))) == len(events)
    assert sorted(set(changes(events)) - {"overdue"}) == sorted(  # a same-day procedure may become late meanwhile
        [
            "submitted", "digitized", "reused", "fee_paid", "accepted", "transferred", "claimed", "proposed",
            "draft_approved", "signed", "signature_recorded", "issued", "parcel_booked", "dispatched", "delivered",
        ]
    )  # fmt: skip
    last = events[-1]["facts"]
    assert (last["stage"], last["portal_status"], last["paid_vnd"], last["paid_via"]) == ("RETURNED", 10, 8000, 2)
    assert last["result_code"] == ready["result_code"]

    # The parcel's timeline, as the return desk reads it.
    parcel = until(
        "the proof is written down",
        lambda: town.ask("delivery", "GET", f"/api/parcels/{filed.code}", town.staff("RETURN_CLERK")).json(),
        lambda seen: seen["proof_reference"],
    )
    scans = [scan["status"] for scan in parcel["timeline"]]
    assert scans[-4:] == ["PICKED_UP", "IN_TRANSIT", "OUT_FOR_DELIVERY", "DELIVERED"]
    assert {scan["fault"] for scan in parcel["timeline"]} == {""}

    # The result itself: hers alone, and valid for whoever checks it without us.
    path = f"/api/dossiers/{filed.code}/result"
    assert town.ask("intake", "GET", path, town.citizen(SON)).status_code == 404
    result = town.ask("intake", "GET", path, town.citizen(BORN))
    assert result.headers["content-type"] == "application/pdf"
    signatures = verdicts(result.content, town.url("signing_authority"))
    assert signatures
    assert all(signature.bottom_line for signature in signatures)
    assert signatures[-1].coverage == SignatureCoverageLevel.ENTIRE_FILE
