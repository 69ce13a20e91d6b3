"""Whatever is wrong is said as a problem with a stable type, and leaves nothing behind: no code, no workflow."""

from __future__ import annotations

from collections.abc import Iterator
from io import BytesIO
from typing import Any
from uuid import uuid4
from zipfile import ZipFile

import httpx
import pikepdf
import pytest

from deploy.province.papers import a_pdf, a_scan
from shared.platform.tokens import ServiceToken
from tests.journeys.people import OANH, SON
from tests.journeys.town import COMMUNE, OTHER_COMMUNE, SERVICES, Filed, Town, until

AGENCY = "003.00.40.H39"
"""Only these journeys file here, so that codes and workflows can be counted."""
SINGLE = "1.004873"
"""Confirms the marital state: one declaration, a fee before acceptance."""
MARRIAGE = "1.000894"
"""Not by post, neither way."""


def is_problem(answer: httpx.Response, status: int, code: str) -> None:
    """RFC 9457 with our stable type, and nothing that a person typed."""
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    problem = answer.json()
    assert (problem["type"], problem["status"], problem["code"]) == (
        f"https://motcua.vn/problems/{code}",
        status,
        code,
    )
    assert problem["title"]
    assert not [mark for mark in OANH.marks() if mark in answer.text]


def number_of(filed: Filed) -> int:
    return int(filed.code.rpartition("-")[2])


@pytest.fixture(scope="module")
def standing(town: Town) -> Filed:
    """A dossier that was taken in rightly."""
    filed = town.file(OANH, SINGLE, ["TK-XNHN"], agency_code=AGENCY)
    until("it is known", lambda: filed.code in town.worklist("CLERK", AGENCY), bool)
    return filed


def test_a_filing_that_cannot_be_leaves_nothing(town: Town, standing: Filed) -> None:
    lives_before = town.workflows(f'AgencyCode = "{AGENCY}"')
    token = town.citizen(OANH)
    paper = town.upload(token, "TK-XNHN")
    good = town.form(OANH, SINGLE, {"TK-XNHN": paper}, agency_code=AGENCY)

    def post(token: str = token, **given: Any) -> httpx.Response:
        return town.ask("intake", "POST", "/api/dossiers", token, **({"key": str(uuid4())} | given))

    def changed(token: str = token, **fields: Any) -> httpx.Response:
        return post(token, json=good | fields)

    def declared(**fields: str) -> httpx.Response:
        return changed(applicant=OANH.as_declared() | fields)

    # what is no filing at all
    for body, status, code in (
        (b'{"procedure_code": "' + SINGLE.encode(), 400, "malformed_json"),
        (b"", 422, "invalid"),
        (b"[]", 422, "invalid"),
        (b'{"a": "\xff"}', 400, "malformed"),
        (b"[" * 100_000, 400, "malformed"),
        (b" " * 2_000_000, 413, "too_large"),
    ):
        answer = post(content=body, headers={"Content-Type": "application/json"})
        is_problem(answer, status, code)
    is_problem(changed(procedure_code=7), 422, "invalid")
    is_problem(changed(note=OANH.full_name), 422, "invalid")
    is_problem(declared(personal_id="999187731904"), 422, "invalid")
    is_problem(declared(phone="12"), 422, "invalid")
    is_problem(declared(full_name="Oanh\x00"), 422, "invalid")
    is_problem(declared(full_name="Oanh\u202e"), 422, "invalid")

    # what the catalogue does not offer
    is_problem(changed(procedure_code="9.999999"), 422, "unknown_procedure")
    is_problem(changed(agency_code="999.99.99.H39"), 422, "unknown_agency")
    is_problem(changed(agency_code="000.00.03.H39"), 422, "wrong_agency")
    is_problem(changed(documents=[]), 422, "components_missing")
    is_problem(changed(documents=good["documents"] * 2), 422, "document_twice")
    is_problem(changed(return_way="POST", applicant=OANH.as_declared() | {"address": ""}), 422, "address_missing")
    is_problem(changed(procedure_code=MARRIAGE, return_way="POST"), 422, "return_way_closed")
    someone_s = {"kind": "TK-XNHN", "document_id": town.upload(town.citizen(SON), "TK-XNHN")}
    is_problem(changed(documents=[someone_s]), 422, "document_unknown")

    # who may not
    is_problem(changed(""), 401, "not_signed_in")
    is_problem(changed("a.b.c"), 401, "not_signed_in")
    is_problem(changed(town.citizen(OANH, minutes=-10)), 401, "not_signed_in")
    is_problem(changed(channel="IN_PERSON"), 403, "channel_not_yours")
    for role, agency in (("SPECIALIST", AGENCY), ("CLERK", OTHER_COMMUNE)):
        is_problem(changed(town.staff(role, agency), channel="IN_PERSON"), 403, "channel_not_yours")

    # the key
    is_problem(post(key="", json=good), 422, "invalid")
    is_problem(post(key="k" * 300, json=good), 400, "idempotency_key_invalid")
    key = f"ours-{uuid4()}"
    first, again = (post(key=key, json=good) for _ in range(2))
    assert (first.status_code, first.json()) == (again.status_code, again.json())
    is_problem(post(key=key, json=good | {"assisted": True}), 409, "idempotency_key_reused")

    # nothing of all that used a number or started a life: the good one has the next number and is the only new one
    assert int(first.json()["dossier_code"].rpartition("-")[2]) == number_of(standing) + 1
    assert town.workflows(f'AgencyCode = "{AGENCY}"') == lives_before + 1


def test_a_file_that_is_no_paper_is_not_kept(town: Town) -> None:
    token = town.citizen(OANH)
    scripted, locked, archive = BytesIO(), BytesIO(), BytesIO()
    with pikepdf.open(BytesIO(a_pdf("TK-XNHN", 1))) as pdf:
        pdf.save(locked, encryption=pikepdf.Encryption(owner="o", user="u"))
        script = pikepdf.Dictionary(S=pikepdf.Name.JavaScript, JS="app.alert(1)")
        pdf.Root.OpenAction = script
        pdf.save(scripted)
    with ZipFile(archive, "w") as files:
        files.writestr("paper.txt", "paper")

    def send(
        data: bytes, name: str = f"{OANH.full_name}.pdf", kind: str = "TK-XNHN", who: str = token
    ) -> httpx.Response:
        return town.ask("intake", "POST", "/api/documents", who, files={"file": (name, data)}, data={"kind": kind})

    paper = a_pdf("TK-XNHN", 2)
    is_problem(send(paper + b"0" * (10 * 2**20)), 413, "file_too_large")
    is_problem(send(paper + b"0" * (12 * 2**20)), 413, "too_large")
    is_problem(send(archive.getvalue()), 415, "file_type")
    is_problem(send(b"GIF89a" + paper), 415, "file_type")
    is_problem(send(scripted.getvalue()), 422, "file_active")
    is_problem(send(locked.getvalue()), 422, "file_encrypted")
    is_problem(send(a_scan("TK-XNHN", 1)), 422, "file_disguised")
    is_problem(send(paper, kind="NO-SUCH-KIND"), 422, "unknown_document")
    is_problem(send(paper, who=town.staff("SIGNER")), 403, "not_your_role")
    is_problem(send(paper, who=""), 401, "not_signed_in")
    is_problem(town.ask("intake", "POST", "/api/documents", token, json={"kind": "TK-XNHN"}), 422, "invalid")

    def endless() -> Iterator[bytes]:
        yield b'--x\r\nContent-Disposition: form-data; name="file"; filename="a.pdf"\r\n\r\n'
        for _ in range(200):
            yield b"0" * 100_000

    counted = town.ask(
        "intake", "POST", "/api/documents", token, content=endless(),
        headers={"Content-Type": "multipart/form-data; boundary=x"},
    )  # fmt: skip
    is_problem(counted, 413, "too_large")


def test_an_act_that_is_not_lawful_now_names_those_that_are(town: Town, standing: Filed) -> None:
    code = standing.code

    def act(role: str, *actions: Any, agency: str = AGENCY, where: str = code) -> httpx.Response:
        return town.act(where, role, *actions, agency=agency)

    seen = town.ask("processing", "GET", f"/api/dossiers/{code}", town.staff("CLERK", AGENCY)).json()
    early = act("CLERK", "transfer")
    is_problem(early, 409, "not_allowed_now")
    assert early.json()["allowed"] == seen["allowed"]
    assert "accept" in early.json()["allowed"]
    is_problem(act("CLERK", "accept"), 409, "pre_fee_unpaid")
    is_problem(act("CLERK", "ask_completion"), 422, "invalid")
    is_problem(act("SPECIALIST", "accept"), 403, "not_your_role")
    is_problem(act("CLERK", {"kind": "fly"}), 422, "invalid")
    is_problem(act("CLERK", {"kind": "reject", "cause": OANH.full_name}), 422, "invalid")
    is_problem(act("CLERK", "accept", agency=COMMUNE), 404, "dossier_unknown")
    is_problem(act("CLERK", "accept", where=f"{AGENCY}-200101-0001"), 404, "dossier_unknown")

    path, clerk = f"/api/dossiers/{code}/acts", town.staff("CLERK", AGENCY)
    stale = {"actions": [{"kind": "reject", "cause": "wrong_agency"}], "seq": 1}
    is_problem(town.ask("processing", "POST", path, clerk, key=str(uuid4()), json=stale), 409, "moved_on")
    is_problem(town.ask("processing", "POST", path, clerk, json=stale), 422, "invalid")
    is_problem(town.ask("processing", "POST", path, "", key=str(uuid4()), json=stale), 401, "not_signed_in")
    is_problem(
        town.ask("processing", "POST", path, town.citizen(OANH), key=str(uuid4()), json=stale), 403, "kind_not_allowed"
    )
    # nothing of it happened
    after = town.ask("processing", "GET", f"/api/dossiers/{code}", town.staff("CLERK", AGENCY)).json()
    assert after == seen


def test_a_key_is_for_one_click(town: Town) -> None:
    filed, key = town.file(SON, SINGLE, ["TK-XNHN"], agency_code=AGENCY), str(uuid4())
    rejected = {"kind": "reject", "cause": "wrong_agency"}
    first, again = (town.act(filed.code, "CLERK", rejected, key=key, agency=AGENCY) for _ in range(2))
    assert first.status_code == 200, first.text
    assert first.json() == again.json()
    other = town.act(filed.code, "CLERK", {"kind": "reject", "cause": "other"}, key=key, agency=AGENCY)
    is_problem(other, 409, "idempotency_key_reused")
    events = town.told(filed.code, "rejected")
    assert [event["change"]["change"] for event in events].count("rejected") == 1


def test_what_is_another_s_is_not_there(town: Town, standing: Filed) -> None:
    code, son, key = standing.code, town.citizen(SON), str(uuid4())
    for method, path in (("GET", ""), ("GET", "/result"), ("POST", "/withdrawal")):
        answer = town.ask("intake", method, f"/api/dossiers/{code}{path}", son, key=key)
        is_problem(answer, 404, "dossier_unknown")
    assert standing.code not in town.ask("intake", "GET", "/api/dossiers", son).text

    wrong = town.ask("intake", "GET", f"/api/tracking/{code}", secret="x" * 26)
    unknown = town.ask("intake", "GET", f"/api/tracking/{AGENCY}-200101-0001", secret=standing.secret)
    assert wrong.content == unknown.content
    is_problem(wrong, 404, "dossier_unknown")
    for path in ("orders", "receipts"):
        method = "POST" if path == "orders" else "GET"
        is_problem(town.ask("payment", method, f"/api/dossiers/{code}/{path}", secret="x" * 26), 404, "dossier_unknown")

    names = {"purpose": "worklist", "dossier_codes": [code]}
    for token in (town.staff("CLERK", AGENCY), son):
        is_problem(town.ask("intake", "POST", "/private/names", token, json=names), 403, "kind_not_allowed")
    sibling = ServiceToken((town.stack.root / "secrets/delivery/token_key").read_text())()
    is_problem(town.ask("processing", "GET", f"/api/results/{code}", sibling), 404, "dossier_unknown")


def test_money_and_parcels_are_refused_alike(town: Town, standing: Filed) -> None:
    code = standing.code

    def cash(role: str, amount: object, agency: str = AGENCY) -> httpx.Response:
        path, token = f"/api/dossiers/{code}/cash", town.staff(role, agency)
        return town.ask("payment", "POST", path, token, key=str(uuid4()), json={"amount_vnd": amount})

    is_problem(cash("ACCOUNTANT", 9_000), 409, "amount_differs")
    for amount in (0, -1, 10_000.5, "10000", 10**30):
        is_problem(cash("ACCOUNTANT", amount), 422, "invalid")
    is_problem(cash("CLERK", 10_000), 403, "not_your_role")
    is_problem(cash("ACCOUNTANT", 10_000, OTHER_COMMUNE), 404, "dossier_unknown")
    assert town.receipts(standing) == []

    dispatch, parcel = f"/api/dossiers/{code}/dispatch", f"/api/parcels/{code}"
    token = town.staff("RETURN_CLERK", AGENCY)
    is_problem(town.ask("delivery", "POST", dispatch, token, key=str(uuid4())), 409, "not_allowed_now")
    is_problem(town.ask("delivery", "GET", parcel, token), 404, "no_parcel")
    is_problem(town.ask("delivery", "GET", parcel, town.staff("RETURN_CLERK")), 404, "dossier_unknown")


def test_what_is_no_door_is_a_problem_too(town: Town) -> None:
    for service in SERVICES:
        is_problem(town.ask(service, "GET", f"/api/{OANH.account}"), 404, "not_found")
        is_problem(town.ask(service, "DELETE", "/healthz"), 405, "method_not_allowed")
    is_problem(town.ask("metrics", "GET", "/api/kpi", params={"period": "soon"}), 422, "invalid")
    is_problem(town.ask("metrics", "GET", "/api/kpi", params={"indicator": "none"}), 404, "unknown_indicator")
    limitless = {"role": "CLERK", "limit": "100000"}
    is_problem(town.ask("processing", "GET", "/api/worklist", town.staff("CLERK"), params=limitless), 422, "invalid")
    lost = {"role": "CLERK", "cursor": "%%%"}
    assert town.ask("processing", "GET", "/api/worklist", town.staff("CLERK"), params=lost).status_code == 400
