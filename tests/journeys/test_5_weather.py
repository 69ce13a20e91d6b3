"""Kafka away while clerks click, a worker killed between two clicks: nobody waits, nothing is lost."""

from __future__ import annotations

import time
from signal import SIGKILL
from uuid import uuid4

import httpx
import pytest

from tests.journeys.people import OANH, SON, YEN
from tests.journeys.town import SERVICES, Filed, Json, Town, changes, until

SINGLE = "1.004873"
GUARDIAN = "1.004837"
"""No fee, two papers, three working days."""
PATIENT_S = 2.0
"""A clerk's click never waits for Kafka: this is far above its time and far below any time-out."""


def file(town: Town) -> Filed:
    return town.file(SON, GUARDIAN, ["TK-GH", "GIAY-CU-GH"])


def timed(click: Json, seconds: list[float], town: Town, code: str, role: str) -> httpx.Response:
    began = time.monotonic()
    answer = town.ask(
        "processing", "POST", f"/api/dossiers/{code}/acts", town.staff(role), key=str(uuid4()), json=click
    )
    seconds.append(time.monotonic() - began)
    return answer


def test_clerks_click_while_kafka_is_away(town: Town) -> None:
    waiting = [file(town) for _ in range(2)]
    for each in waiting:
        until("it is in the list", lambda code=each.code: code in town.worklist("CLERK"), bool)  # type: ignore[misc]
        town.told(each.code, "digitized")
    seconds: list[float] = []
    town.stack.stop("kafka")
    try:
        for each in waiting:
            for role, *acts in (
                ("CLERK", {"kind": "accept"}, {"kind": "transfer"}),
                ("SPECIALIST", {"kind": "claim"}, {"kind": "propose", "outcome": "GRANTED"}),
                ("UNIT_HEAD", {"kind": "approve_draft"}),
            ):
                answer = timed({"actions": acts}, seconds, town, each.code, role)
                assert answer.status_code == 200, answer.text
            assert answer.json()["facts"]["stage"] == "SIGNING"
            # A colleague's list is right all the same: it is written with the click.
            assert town.worklist("SIGNER", who="a-colleague")[each.code]["stage"] == "SIGNING"
        born_meanwhile = file(town)
    finally:
        town.stack.start("kafka")
    assert max(seconds) < PATIENT_S, seconds

    # It is back: everything is told, in order, without a gap; what was filed meanwhile appears for everybody.
    for each in waiting:
        assert changes(town.told(each.code, "draft_approved"))[-3:] == ["claimed", "proposed", "draft_approved"]
    assert changes(town.told(born_meanwhile.code, "digitized"))[0] == "submitted"
    until("the clerks see what was filed meanwhile", lambda: born_meanwhile.code in town.worklist("CLERK"), bool)
    path = f"/api/dossiers/{waiting[0].code}"
    until(
        "intake has heard of it too",
        lambda: town.ask("intake", "GET", path, town.citizen(SON)).json()["facts"]["stage"],
        lambda stage: stage == "SIGNING",
    )


def test_a_worker_dies_between_two_clicks(town: Town) -> None:
    filed = town.file(YEN, GUARDIAN, ["TK-GH", "GIAY-CU-GH"])
    town.take_in(filed.code)
    body, key = {"actions": [{"kind": "claim"}]}, str(uuid4())

    def click() -> httpx.Response:
        token = town.staff("SPECIALIST")
        return town.ask("processing", "POST", f"/api/dossiers/{filed.code}/acts", token, key=key, json=body)

    town.stack.stop("workflows")
    nobody = click()
    assert (nobody.status_code, nobody.headers["content-type"]) == (503, "application/problem+json"), nobody.text
    assert int(nobody.headers["retry-after"]) > 0
    town.stack.start("workflows")
    done = until("the same click, repeated", click, lambda answer: answer.status_code != 503)
    assert done.status_code == 200, done.text
    assert done.json()["facts"]["is_claimed"]
    assert changes(town.told(filed.code, "claimed")).count("claimed") == 1
    assert town.clicked(filed.code, "SPECIALIST", {"kind": "propose", "outcome": "GRANTED"})["stage"] == "REVIEW"


@pytest.mark.parametrize("server", ["temporal", "postgres"])
def test_a_filing_survives_a_server_s_absence(town: Town, server: str) -> None:
    """A reserved code stays with the key: whoever repeats the request goes on where it stopped."""
    token, key = town.citizen(YEN), str(uuid4())
    papers = {kind: town.upload(token, kind) for kind in ("TK-GH", "GIAY-CU-GH")}
    form = town.form(YEN, GUARDIAN, papers)

    def post() -> httpx.Response:
        return town.ask("intake", "POST", "/api/dossiers", token, key=key, json=form)

    town.stack.stop(server)
    try:
        answer = post()
        assert (answer.status_code, answer.headers["content-type"]) == (503, "application/problem+json"), answer.text
        assert int(answer.headers["retry-after"]) > 0
    finally:
        town.stack.start(server)
    filed = until("the same filing, repeated", post, lambda said: said.status_code != 503)
    assert filed.status_code == 201, filed.text
    code = filed.json()["dossier_code"]
    assert changes(town.told(code, "digitized")).count("submitted") == 1
    assert post().json()["dossier_code"] == code


@pytest.mark.timeout(300)
def test_each_service_dies_at_its_worst_moment(town: Town) -> None:
    """Killed in the middle of what it was asked for; the supervisor starts it again and it goes on by itself."""
    town.back(*SERVICES)
    filed = town.file(OANH, SINGLE, ["TK-XNHN"], return_way="POST")
    town.stack.send("intake", SIGKILL)  # while it reads the papers
    town.told(filed.code, "digitized")
    town.back("intake")
    town.pay(filed)
    town.stack.send("payment", SIGKILL)  # while the gateway tells it
    town.told(filed.code, "fee_paid")
    assert [receipt["amount_vnd"] for receipt in town.paid(filed)] == [10_000]
    town.take_in(filed.code)
    town.clicked(filed.code, "SPECIALIST", {"kind": "claim"}, {"kind": "propose", "outcome": "GRANTED"})
    town.clicked(filed.code, "UNIT_HEAD", "approve_draft")
    town.clicked(filed.code, "SIGNER", "sign")
    town.stack.send("processing", SIGKILL)  # while it signs
    town.stack.send("metrics", SIGKILL)  # in the middle of its fold
    town.told(filed.code, "signature_recorded")
    town.back("processing")
    town.clicked(filed.code, "RECORDS", "number_and_issue")
    town.send_home(filed.code)
    town.stack.send("delivery", SIGKILL)  # while the carrier tells it
    events = town.told(filed.code, "delivered")
    town.back("delivery", "metrics")

    # Everything happened, and everything once: at the desk, at the bank, at the post, in the drawer of results.
    assert len(set(changes(events))) == len(events) == 14
    assert len([entry for entry in town.ledger("carrier", "order") if filed.code.replace(".", "") in str(entry)]) == 1
    results = town.rows("processing", f"SELECT * FROM processing.result WHERE dossier_code = '{filed.code}'")  # noqa: S608
    assert len(results) == 1


def test_weather_ends_nobody(town: Town) -> None:
    """Only who was killed has started again: no process gave up because a server was away."""
    logs = {name: (town.stack.root / f"log/{name}.log").read_text() for name in (*SERVICES, "workflows")}
    gave_up = [line for text in logs.values() for line in text.splitlines() if '"part_ended"' in line]
    assert gave_up == []
