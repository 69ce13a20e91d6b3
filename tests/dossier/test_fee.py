"""Amounts of the circulars, exemptions that keep their item, online amounts between two dates."""

from __future__ import annotations

from datetime import date

import pytest

from shared.catalogue.lookup import terms
from shared.catalogue.model import Exemption, FeeTiming, Terms
from shared.dossier.fee import has_fee, is_exempt, total_due
from shared.platform.catalogue import load_catalogue

CATALOGUE = load_catalogue()
JUSTICE = "000.00.03.H39"
TRANSPORT = "000.00.08.H39"
TAN_AN, BEN_LUC = "000.01.30.H39", "000.10.30.H39"
WARD = "001.01.30.H39"


def judicial_record(*, exemption: str | None = None, quantity: int = 1) -> Terms:
    return terms(CATALOGUE, "2.000488", JUSTICE, 2, date(2023, 1, 10), exemption=exemption, quantity=quantity)


@pytest.mark.parametrize(("pages", "vnd"), [(1, 2000), (2, 4000), (3, 5000), (10, 12000), (250, 200000)])
def test_a_certified_copy_costs_by_page_and_is_capped(pages: int, vnd: int) -> None:
    assert total_due(terms(CATALOGUE, "2.000815", WARD, 1, date(2023, 1, 10), quantity=pages)) == vnd


def test_extra_copies_of_a_judicial_record_cost_from_the_third() -> None:
    assert [total_due(judicial_record(quantity=copies)) for copies in (1, 2, 3, 5)] == [200000, 200000, 205000, 215000]


@pytest.mark.parametrize(
    ("group", "vnd"), [("STUDENT", 100000), ("MERIT", 100000), ("CHILD", 0), ("POOR", 0), (None, 200000)]
)
def test_groups_pay_what_the_circular_grants_them(group: str | None, vnd: int) -> None:
    assert total_due(judicial_record(exemption=group)) == vnd


def test_an_exempt_item_stays_with_its_reason() -> None:
    pinned = judicial_record(exemption="CHILD")
    item = pinned.fees[0]
    assert (item.code, item.amount_vnd, item.exemption) == ("PHI-LLTP", 0, Exemption.CHILD)
    assert has_fee(pinned)
    assert is_exempt(pinned)
    assert not is_exempt(judicial_record())


def test_a_free_procedure_is_not_an_exempt_one() -> None:
    pinned = terms(CATALOGUE, "1.000894", WARD, 1, date(2023, 1, 10))
    assert not has_fee(pinned)
    assert not is_exempt(pinned)
    assert total_due(pinned) == 0


def test_a_birth_registered_on_time_is_free_and_a_late_one_is_not() -> None:
    late = terms(CATALOGUE, "1.001193", WARD, 1, date(2023, 1, 10))
    assert (total_due(late), total_due(late, FeeTiming.BEFORE), total_due(late, FeeTiming.AFTER)) == (8000, 0, 8000)
    assert is_exempt(terms(CATALOGUE, "1.001193", WARD, 1, date(2023, 1, 10), exemption="ON_TIME"))


def test_the_online_amount_holds_only_online_and_between_its_dates() -> None:
    def driving_licence(channel: int, on: date) -> int:
        return total_due(terms(CATALOGUE, "1.002809", TRANSPORT, channel, on))

    assert driving_licence(2, date(2023, 11, 30)) == 135000
    assert driving_licence(2, date(2023, 12, 1)) == 115000
    assert driving_licence(1, date(2023, 12, 1)) == 135000


def test_a_licence_costs_more_in_a_city_than_elsewhere() -> None:
    def wine(agency_code: str) -> int:
        return total_due(terms(CATALOGUE, "2.000620", agency_code, 1, date(2023, 1, 10)))

    assert (wine(TAN_AN), wine(BEN_LUC)) == (1200000, 600000)


def test_an_unknown_exemption_is_an_error() -> None:
    with pytest.raises(ValueError, match="RICH"):
        judicial_record(exemption="RICH")
