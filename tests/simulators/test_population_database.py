"""The population database as a process: the same question, the same answer; nothing for strangers."""

from datetime import date
from typing import Any

import httpx
import pytest

from deploy.simulators.population_database import PAPERS, document
from tests.simulators.conftest import Simulator, Start

WOMAN = "080190123456"
ASKED = {"owner": {"personal_id": WOMAN}, "kinds": list(PAPERS), "purpose": "reuse", "dossier_code": "000.00.06.H39-1"}


@pytest.fixture(scope="module")
def database(start: Start) -> Simulator:
    database = start("population_database")
    database.http.headers["authorization"] = "Bearer population-test-token"
    return database


@pytest.fixture(autouse=True)
def calm(database: Simulator) -> None:
    database.faults()


def look_up(database: Simulator, **changed: object) -> httpx.Response:
    return database.http.post("/lookup", json={**ASKED, **changed})


def test_the_same_question_gets_the_same_papers(database: Simulator) -> None:
    first, second = (look_up(database).json() for _ in range(2))
    assert first["documents"] == second["documents"] != []
    assert first["request_no"] != second["request_no"]
    assert first["match"]


def test_a_declaration_is_in_no_register(database: Simulator) -> None:
    assert look_up(database, kinds=["TK-KS", "DON-XD"]).json()["documents"] == []


def test_about_six_in_ten_papers_exist() -> None:
    people = [f"080190{number:06d}" for number in range(500)]
    found = sum(document(person, "GKS", date(2026, 11, 22)) is not None for person in people)
    assert 270 <= found <= 330


def test_a_paper_says_whether_it_still_holds() -> None:
    today = date(2026, 11, 22)
    papers = [paper for n in range(500) if (paper := document(f"080190{n:06d}", "XN-HN", today))]
    for paper in papers:
        assert paper.issued_on <= today
        assert paper.valid_to is not None
        assert paper.status == ("EXPIRED" if paper.valid_to < today else "ACTIVE")
    assert {paper.status for paper in papers} == {"ACTIVE", "EXPIRED"}


def test_the_right_name_is_confirmed(database: Simulator) -> None:
    person: dict[str, Any] = database.http.post("/person", json={"personal_id": WOMAN}).json()
    assert (person["sex"], person["birth_year"]) == ("FEMALE", 1990)
    answer = look_up(database, owner={"personal_id": WOMAN, "name": person["name"].upper()}).json()
    assert (answer["match"], answer["fields_confirmed"]) == (True, ["personal_id", "name"])


def test_another_name_is_shown_nothing(database: Simulator) -> None:
    answer = look_up(database, owner={"personal_id": WOMAN, "name": "Người Khác"}).json()
    assert (answer["match"], answer["documents"]) == (False, [])


@pytest.mark.parametrize("personal_id", ["000090123456", "08009012345", "08009012345x", "097090123456", ""])
def test_a_malformed_id_is_refused_without_repeating_it(database: Simulator, personal_id: str) -> None:
    answer = look_up(database, owner={"personal_id": personal_id})
    assert (answer.status_code, answer.headers["content-type"]) == (422, "application/problem+json")
    assert not personal_id or personal_id not in answer.text


@pytest.mark.parametrize("field", ["purpose", "dossier_code"])
def test_a_question_without_its_reason_is_refused(database: Simulator, field: str) -> None:
    assert look_up(database, **{field: ""}).status_code == 422


def test_a_stranger_is_refused(database: Simulator) -> None:
    answer = database.http.post("/lookup", json=ASKED, headers={"authorization": "Bearer guess"})
    assert answer.status_code == 401


def test_the_ledger_keeps_three_digits_of_an_id(database: Simulator) -> None:
    look_up(database)
    assert database.ledger("lookup")[-1]["owner_last_digits"] == WOMAN[-3:]
    assert WOMAN not in database.ledger_file.read_text()


def test_it_can_be_away(database: Simulator) -> None:
    database.faults(fail_p=1)
    assert look_up(database).status_code == 503
