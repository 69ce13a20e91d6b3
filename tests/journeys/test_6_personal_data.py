"""I10: after all these journeys nobody's name, number, telephone or address stands where it must not."""

from __future__ import annotations

import asyncio
import base64
import random
from collections import Counter
from urllib.parse import quote

import pytest
from aiokafka import AIOKafkaProducer

from deploy.local.topics import TOPICS
from shared.platform.tokens import ServiceToken
from tests.journeys.canaries import OUTSIDERS, disguises, everywhere, ledgers, search
from tests.journeys.people import OANH, PEOPLE, SON, Person
from tests.journeys.town import Filed, Town, until
from tests.local_stack.conftest import alive

CERTIFIED = "1.004873"
BIRTH_AGAIN = "1.004884"


@pytest.fixture(scope="module")
def lived(town: Town) -> list[Filed]:
    """Everybody files once more, and clumsy clients put people where only codes belong."""
    filed = [town.file(person, CERTIFIED, ["TK-XNHN"], return_way="POST") for person in PEOPLE]
    at_desk = town.file(OANH, BIRTH_AGAIN, ["TK-DKL", "BAN-SAO-CU"], channel="IN_PERSON")
    for person in PEOPLE:
        clumsy(town, person)
    for each in filed[:2]:
        town.pay(each)
        town.paid(each)
        town.take_in(each.code)
        town.decide(each.code)
        town.send_home(each.code)
        town.told(each.code, "delivered")
    town.take_in(at_desk.code)
    return [*filed, at_desk]


def clumsy(town: Town, person: Person) -> None:
    """Names in paths, queries, headers, keys, and in fields that hold no names."""
    token, name, browser = town.citizen(person), person.full_name, {"User-Agent": person.as_browser()}
    body = {"actions": [{"kind": "reject", "cause": name}], "note": person.address, name: person.phone}
    for where in ("intake", "processing", "payment", "delivery", "metrics"):
        for path in (f"/api/dossiers/{quote(name)}", f"/api/{person.personal_id}", "/api/dossiers", "/board"):
            town.ask(where, "GET", f"{path}?q={quote(name)}&phone={person.phone}", token, headers=browser)
        headers = {"Content-Type": "application/json"} | browser
        town.ask(
            where, "POST", "/api/dossiers", token, key=person.email, content=f'{{"{name}'.encode(), headers=headers
        )
        town.ask(where, "POST", "/api/dossiers", token, key=person.personal_id, json=body, headers=browser)
        forged = {"Authorization": b"Bearer " + name.encode(), "traceparent": name.encode()}
        town.ask(where, "GET", "/api/dossiers", headers=forged)
    town.ask("processing", "POST", f"/api/dossiers/{quote(name)}/acts", town.staff("CLERK"), key=name[:1], json=body)
    town.ask("payment", "GET", f"/callbacks/gateway?vnp_OrderInfo={quote(name)}&vnp_TxnRef={person.phone}")
    town.ask("delivery", "POST", "/callbacks/carrier", content=f"{name} {person.address}".encode(), headers=browser)


@pytest.mark.parametrize("disguise", disguises(OANH.full_name))
def test_the_search_finds_whom_it_looks_for(disguise: str) -> None:
    chance = random.Random(7)
    for mark in OANH.marks():
        for before in range(3):
            text = f"{'x' * before}{mark} và người khác"
            hidden = disguises(mark).get(disguise, mark.encode())
            if disguise.startswith("base64"):
                hidden = base64.b64encode(text.encode())
            noise = [chance.randbytes(5000), chance.randbytes(5000)]
            assert search([("a place", hidden.join(noise))], [OANH])
            assert not search([("a place", b"".join(noise))], [OANH])


def test_nobody_is_found_where_nobody_may_be(town: Town, lived: list[Filed]) -> None:
    places = list(everywhere(town))
    kinds = Counter(place.split()[0].split("/")[0] for place, _ in places)
    # An empty search must not pass: this much of each kind was looked at.
    assert kinds["history"] >= len(lived)
    assert kinds["topic"] == len(TOPICS)
    assert kinds["table"] >= 20
    assert kinds["log"] >= 13
    assert kinds["metrics"] == 5
    assert kinds["temporal"] >= 10
    assert sum(len(data) for _, data in places) > 1_000_000
    topics = b"".join(data for place, data in places if place == "topic dossier.facts.v1")
    assert all(each.code.encode() in topics for each in lived)

    found = search(places, PEOPLE)
    assert found == [], f"{len(found)} findings:\n" + "\n".join(found[:40])


def test_they_were_there_all_the_time(town: Town, lived: list[Filed]) -> None:
    """Intake's private door knows everybody; so do the two institutions that are told by law."""
    key = (town.stack.root / "secrets/processing/token_key").read_text()
    asked = {"purpose": "worklist", "dossier_codes": [each.code for each in lived]}
    names = town.ask("intake", "POST", "/private/names", ServiceToken(key)(), json=asked).raise_for_status().json()
    assert {each["dossier_code"]: each["full_name"] for each in names} == {
        each.code: each.owner.full_name for each in lived
    }
    reading = town.rows("intake", "SELECT reader, purpose FROM intake.reading WHERE reader = 'service:processing'")
    assert len(reading) >= len(lived)
    assert search(ledgers(town, ["carrier"]), [OANH])
    # The register's ledger keeps the end of a number only, as its own log should.
    assert len(list(ledgers(town, OUTSIDERS))) == 3


def test_a_message_holds_the_address_and_nothing_else_of_a_person(town: Town, lived: list[Filed]) -> None:
    """Whoever sees it on a strange screen does not learn whose dossier it is."""
    until("she was told", lambda: search(ledgers(town, ["mailbox"]), [OANH]), bool)
    found = search(ledgers(town, ["mailbox"]), PEOPLE)
    phone_and_email = {f"mark {OANH.marks().index(mark)} " for mark in (OANH.phone[1:], OANH.email)}
    assert {finding.partition(": ")[2].partition("of ")[0] for finding in found} == phone_and_email


async def plant(bootstrap: str, person: Person) -> None:
    """One leak on a topic: a name in a header, base64 inside a value."""
    async with AIOKafkaProducer(bootstrap_servers=bootstrap, compression_type="gzip") as producer:
        value = b'{"stack": "' + base64.b64encode(f"at {person.personal_id}:".encode()) + b'"}'
        await producer.send_and_wait(TOPICS[-1].name, value, headers=[("x-who", person.full_name.encode())])


def test_a_leak_would_have_been_seen(town: Town, lived: list[Filed]) -> None:
    asyncio.run(plant(town.stack.address("kafka"), SON))
    (town.stack.root / "log/planted.log").write_text(f"user={quote(SON.full_name)} phone=+84{SON.phone[1:]}\n")
    found = search(everywhere(town), PEOPLE)
    assert {finding.partition(":")[0] for finding in found} >= {f"topic {TOPICS[-1].name}", "log/planted.log"}
    assert all(SON.account in finding for finding in found)


def test_the_town_goes_to_sleep(town: Town) -> None:
    """The last journey: everything ends, nothing is left running."""
    assert town.stack.is_running()
    assert alive(town.stack.root)
    town.stack.down()
    until("nothing of it runs", lambda: alive(town.stack.root), lambda pids: not pids, seconds=20)
