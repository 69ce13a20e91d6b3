"""Who is competent on which day, what must be digitized from when, and what is pinned at reception."""

from __future__ import annotations

from datetime import date

import pytest

from shared.catalogue import lookup
from shared.catalogue.lookup import NotInCatalogue
from shared.catalogue.model import AgencyKind, Terms
from shared.platform.catalogue import load_catalogue

CATALOGUE = load_catalogue()
JUSTICE, POLICE = "000.00.03.H39", "000.00.21.H39"
TAN_AN, WARD, NEW_WARD = "000.01.30.H39", "001.01.30.H39", "001.00.40.H39"
BIRTH, MARITAL, HOUSEHOLD, JUDICIAL = "1.001193", "1.004873", "1.001612", "2.000488"


@pytest.mark.parametrize(
    ("code", "agency_code", "on", "required"),
    [
        (BIRTH, WARD, date(2022, 6, 30), False),
        (BIRTH, WARD, date(2022, 7, 1), True),
        (MARITAL, WARD, date(2023, 5, 31), False),
        (MARITAL, WARD, date(2023, 6, 1), True),
        (HOUSEHOLD, TAN_AN, date(2022, 11, 30), False),
        (HOUSEHOLD, TAN_AN, date(2022, 12, 1), True),
        (JUDICIAL, JUSTICE, date(2022, 5, 31), False),
        (JUDICIAL, JUSTICE, date(2022, 6, 1), True),
    ],
)
def test_digitization_starts_on_the_day_of_the_schedule(
    code: str, agency_code: str, on: date, *, required: bool
) -> None:
    agency, procedure = lookup.agency(CATALOGUE, agency_code, on), lookup.procedure(CATALOGUE, code, on)
    assert lookup.digitization_required(CATALOGUE, agency, procedure, on) is required
    assert lookup.terms(CATALOGUE, code, agency_code, 1, on).digitization_required is required


def test_the_tree_of_2022_has_fifteen_districts_and_about_sixty_agencies() -> None:
    on = date(2022, 6, 1)
    assert len(lookup.agencies_on(CATALOGUE, on, AgencyKind.DISTRICT)) == 15
    assert 55 <= len(lookup.agencies_on(CATALOGUE, on)) <= 65
    assert lookup.agency_path(CATALOGUE, WARD, on) == (WARD, TAN_AN, "000.00.00.H39")


def test_the_district_level_ends_on_30_june_2025() -> None:
    assert lookup.agency(CATALOGUE, TAN_AN, date(2025, 6, 30)).name == "UBND thành phố Tân An"
    with pytest.raises(NotInCatalogue) as closed:
        lookup.agency(CATALOGUE, TAN_AN, date(2025, 7, 1))
    assert closed.value.code == "unknown_agency"
    assert lookup.agencies_on(CATALOGUE, date(2025, 7, 1), AgencyKind.DISTRICT) == ()
    successors = lookup.agency(CATALOGUE, TAN_AN, date(2025, 6, 30)).successors
    assert all(lookup.agency(CATALOGUE, code, date(2025, 7, 1)) for code in successors)


def test_competence_moves_with_the_reorganisation() -> None:
    assert lookup.terms(CATALOGUE, HOUSEHOLD, TAN_AN, 1, date(2025, 6, 30)).rule_set == "ND61"
    after = lookup.terms(CATALOGUE, HOUSEHOLD, NEW_WARD, 1, date(2025, 7, 1))
    assert (after.rule_set, after.procedure_version) == ("ND118", 2)
    assert lookup.terms(CATALOGUE, "3.000333", POLICE, 2, date(2025, 3, 1)).e25
    with pytest.raises(NotInCatalogue, match="no procedure"):
        lookup.terms(CATALOGUE, JUDICIAL, JUSTICE, 2, date(2025, 3, 1))


@pytest.mark.parametrize(
    ("code", "agency_code", "channel", "on", "refusal"),
    [
        ("9.999999", WARD, 1, date(2023, 1, 10), "unknown_procedure"),
        (BIRTH, "999.00.00.H39", 1, date(2023, 1, 10), "unknown_agency"),
        (BIRTH, JUSTICE, 1, date(2023, 1, 10), "wrong_agency"),
        (JUDICIAL, "000.00.06.H39", 1, date(2023, 1, 10), "wrong_agency"),
        (BIRTH, WARD, 3, date(2023, 1, 10), "channel_closed"),
        ("1.001570", TAN_AN, 1, date(2023, 1, 1), "channel_closed"),
    ],
)
def test_what_is_not_offered_is_refused_with_a_stable_code(
    code: str, agency_code: str, channel: int, on: date, refusal: str
) -> None:
    with pytest.raises(NotInCatalogue) as refused:
        lookup.terms(CATALOGUE, code, agency_code, channel, on)
    assert refused.value.code == refusal


def test_online_only_begins_on_its_day() -> None:
    assert lookup.terms(CATALOGUE, "1.001570", TAN_AN, 1, date(2022, 12, 31)).online_only is False
    assert lookup.terms(CATALOGUE, "1.001570", TAN_AN, 2, date(2023, 1, 1)).online_only is True


def test_terms_are_small_and_survive_json() -> None:
    pinned = lookup.terms(CATALOGUE, JUDICIAL, JUSTICE, 2, date(2023, 1, 10))
    text = pinned.model_dump_json()
    assert Terms.model_validate_json(text) == pinned
    assert len(text) < 1500
    assert pinned.components == ("TK-LLTP", "CCCD")


def test_every_procedure_in_force_has_an_agency_on_every_day_of_change() -> None:
    days = sorted({row.valid_from for row in (*CATALOGUE.procedures, *CATALOGUE.agencies)} | {date(2026, 11, 23)})
    for on in days:
        for procedure in lookup.procedures_on(CATALOGUE, on):
            assert lookup.competent_agencies(CATALOGUE, procedure, on), (procedure.code, on)


def test_the_catalogue_holds_at_least_24_procedures_of_three_levels_at_any_time() -> None:
    for on in (date(2022, 6, 1), date(2024, 6, 1), date(2026, 11, 23)):
        offered = lookup.procedures_on(CATALOGUE, on)
        assert len(offered) >= 24
        assert len({level for procedure in offered for level in procedure.levels}) >= 3
    assert len(CATALOGUE.procedures_by_code) >= 35
    assert all(procedure.name and procedure.law for procedure in CATALOGUE.procedures)


def test_indicators_carry_the_directives_baselines_and_targets() -> None:
    rows = {row.id: row for row in lookup.indicators_on(CATALOGUE, date(2022, 12, 31))}
    assert (rows["online_services_used"].baseline, rows["online_services_used"].target) == ((41, 100), (80, 100))
    assert (rows["online_share"].baseline, rows["online_share"].comparator) == ((32, 100), ">")
    assert rows["received"].denominator is None


def test_a_district_that_is_closed_by_its_own_decision_closes_all_below_it() -> None:
    """Tân Hưng is closed on Wednesday 12/10/2022 and works on the Saturday; everybody else does not."""
    closed, made_up = date(2022, 10, 12), date(2022, 10, 15)
    for code, worked in (("000.03.30.H39", False), ("001.03.30.H39", False), ("001.01.30.H39", True)):
        calendar = lookup.calendar_for(CATALOGUE, code, closed)
        assert (calendar.is_worked(closed), calendar.is_worked(made_up)) == (worked, not worked)
    assert lookup.calendar_for(CATALOGUE, None, closed).is_worked(closed)


def test_all_25_essential_services_are_marked_and_nine_of_them_are_run_here() -> None:
    services = CATALOGUE.essential_services
    assert [row.number for row in services] == list(range(1, 26))
    here = {row.number for row in services if row.procedures}
    assert here == {12, 13, 14, 15, 16, 19, 20, 22, 23}
    marked = {row.e25 for row in CATALOGUE.procedures if row.e25}
    assert marked == here
    for row in services:
        assert {CATALOGUE.procedures_by_code[code][0].e25 for code in row.procedures} <= {row.number}


def test_a_linked_procedure_names_its_legs_within_the_published_total() -> None:
    legs = lookup.procedure(CATALOGUE, "2.002913", date(2026, 11, 23)).legs
    assert [leg.processing_time.amount for leg in legs] == [1, 1, 8]
