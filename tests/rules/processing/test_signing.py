"""What a result says."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest
from pydantic import TypeAdapter

from services.processing.rules import signing
from shared.catalogue.model import Catalogue
from shared.contracts.facts import facts_of
from shared.dossier.actions import Outcome
from shared.dossier.codes import ResultCode
from shared.dossier.lifecycle import Stage
from shared.platform.catalogue import load_catalogue
from tests import builders

ON = date(2026, 11, 23)
CODE: TypeAdapter[str] = TypeAdapter(ResultCode)


@pytest.fixture(scope="session")
def catalogue() -> Catalogue:
    return load_catalogue()


def test_every_procedures_number_is_a_result_code(catalogue: Catalogue) -> None:
    longest = max((agency.code for agency in catalogue.agencies), key=len)
    for offered in catalogue.procedures:
        symbol = signing.symbol_of(catalogue, offered.code, Outcome.GRANTED, ON)
        CODE.validate_python(signing.result_code(123_456, 2026, symbol, longest))


def test_a_refusal_is_numbered_as_a_notice(catalogue: Catalogue) -> None:
    assert signing.symbol_of(catalogue, "2.000635", Outcome.REFUSED, ON) == "TB"
    assert signing.result_code(7, 2026, "TB", "000.00.03.H39") == "7/2026/TB-000.00.03.H39"


def test_the_day_of_a_number_is_local() -> None:
    assert signing.local_day(datetime(2026, 12, 31, 17, 0, tzinfo=UTC)) == date(2027, 1, 1)


def test_the_sheet_speaks_of_the_province_of_that_day(catalogue: Catalogue) -> None:
    decision = signing.Decision(
        dossier_code=builders.CODE,
        procedure_code="2.000635",
        agency_code="000.00.03.H39",
        signer_code="ld-1",
        outcome=Outcome.GRANTED,
        decided_at=datetime(2023, 1, 10, 3, tzinfo=UTC),
    )
    old = signing.sheet_of(catalogue, decision, "1/2023/TL-X", "A", None)
    new = signing.sheet_of(
        catalogue, decision.model_copy(update={"decided_at": datetime(2026, 1, 5, tzinfo=UTC)}), "1", "A", None
    )
    assert (old.above, old.dated) == ("Ủy ban nhân dân tỉnh Long An", "Long An, ngày 10 tháng 01 năm 2023")
    assert new.dated.startswith("Tây Ninh, ")
    assert old.decided == "10:00:00 10/01/2023"


@pytest.mark.parametrize(
    ("cause", "says"), [("disputed", "tranh chấp"), ("x_1", "mã lý do: x_1"), (None, "không đủ điều kiện")]
)
def test_a_ground_is_a_sentence(cause: str | None, says: str) -> None:
    assert says in signing.ground_of(cause)


def test_a_file_is_nobodys_before_it_is_issued() -> None:
    assert not signing.is_issued(facts_of(builders.a_dossier(Stage.NUMBERING)))
    assert signing.is_issued(facts_of(builders.a_dossier(Stage.RESULT_READY)))
