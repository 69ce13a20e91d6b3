"""Points, classes and ratings at their edges, and colours that are repainted from their day only."""

from __future__ import annotations

from datetime import date
from fractions import Fraction

import pytest

from services.metrics.rules.band import Colour, bands_for, colour
from services.metrics.rules.points import grade, points
from services.metrics.rules.rating import Online, answers, index, online, publicity, share_of_task, total
from services.metrics.rules.services import counted, offered
from services.metrics.rules.value import reduced, reported, rounded, value_of
from services.metrics.views import figures
from shared.catalogue.indicator import ColourRule, Reported
from shared.catalogue.lookup import competent_agencies, indicators_on, procedures_on
from shared.catalogue.model import AgencyKind, Bands
from tests.rules.metrics.january import CATALOGUE

INDICATORS = {row.id: row for row in CATALOGUE.indicators}
CARDS = {row.id: row for row in CATALOGUE.scorecards}
ON = date(2023, 1, 31)
PROVINCE = next(row.code for row in CATALOGUE.agencies if row.kind is AgencyKind.PROVINCE)


@pytest.mark.parametrize(
    ("parts", "cap", "expected"),
    [
        ((27, 100), (50, 100), Fraction(324, 100)),
        ((50, 100), (50, 100), Fraction(6)),
        ((90, 100), (50, 100), Fraction(6)),
        ((90, 100), None, Fraction(540, 100)),
        ((0, 100), None, Fraction(0)),
        ((0, 0), None, None),
    ],
)
def test_points_rise_to_the_cap(parts: tuple[int, int], cap: tuple[int, int] | None, expected: Fraction | None) -> None:
    assert points(parts, 6, cap) == expected


@pytest.mark.parametrize(
    ("card", "total_", "name"),
    [
        ("qd766", 90, "Xuất sắc"), ("qd766", Fraction(8999, 100), "Tốt"), ("qd766", 80, "Tốt"), ("qd766", 70, "Khá"),
        ("qd766", 50, "Trung bình"), ("qd766", Fraction(4999, 100), "Yếu"), ("qd766", 0, "Yếu"),
        ("tt01", 15, "Xuất sắc"), ("tt01", Fraction(149, 10), "Tốt"), ("tt01", 12, "Tốt"), ("tt01", 9, "Khá"),
        ("tt01", 6, "Trung bình"), ("tt01", Fraction(59, 10), "Yếu"),
    ],
)  # fmt: skip
def test_classes_begin_at_their_points(card: str, total_: Fraction | int, name: str) -> None:
    assert grade(CARDS[card], Fraction(total_)) == name


def test_the_indices_of_an_agency() -> None:
    assert [publicity(on_board=a, online=b) for a, b in ((True, True), (True, False), (False, False))] == [2, 1, 0]
    assert [answers(parts) for parts in ((10, 10), (9, 10), (89, 100), (0, 0))] == [2, 1, 0, None]
    assert [index(parts) for parts in ((5, 4), (0, 4), (0, 0))] == [Fraction(13, 10), 0, None]


@pytest.mark.parametrize(
    ("procedures", "dossiers", "lying", "expected"),
    [
        ((20, 100), (30, 100), 0, 2), ((20, 100), (30, 100), 1, 1), ((20, 100), (29, 100), 0, 1),
        ((20, 100), (15, 100), 0, 1), ((20, 100), (14, 100), 0, 0), ((19, 100), (90, 100), 0, 0),
        ((0, 0), (1, 1), 0, None),
    ],
)  # fmt: skip
def test_the_index_of_online_service(
    procedures: tuple[int, int], dossiers: tuple[int, int], lying: int, expected: int | None
) -> None:
    assert online(Online(procedures, dossiers, overdue=lying, unanswered=0)) == expected
    assert online(Online(procedures, dossiers, overdue=0, unanswered=lying)) == expected


def test_an_index_without_data_is_left_out_and_named() -> None:
    assert total({"1": Fraction(13, 10), "5": None, "9": Fraction(2)}) == (Fraction(33, 10), ("5",))
    assert [share_of_task(Fraction(n, 10)) for n in (50, 49, 35, 34)] == ["100%", "70-<100%", "70-<100%", "<70%"]


# --- how values are written -------------------------------------------------------------------------------------------


def test_values_are_written_as_their_indicator_says() -> None:
    assert value_of(INDICATORS["received"], 12, None) == "12"
    assert value_of(INDICATORS["online_share"], 1, 3) == "33.33"
    assert value_of(INDICATORS["online_share"], 0, 0) is None
    assert value_of(INDICATORS["mean_time"], 86_400 * 3, 2) == "1.50"
    assert [rounded(n, 1000, 2) for n in (4, 5, 14, 15)] == ["0.00", "0.01", "0.01", "0.02"]


def test_a_share_that_others_counted_is_summed_over_its_months_and_reduces_another() -> None:
    told = [
        Reported(indicator="sync_rate", agency_code=PROVINCE, period=month, numerator=n, denominator=10, source="x")
        for month, n in (("2023-01", 9), ("2023-02", 7))
    ]
    catalogue = CATALOGUE.model_copy(update={"reported": tuple(told)})
    assert reported(catalogue, "sync_rate", PROVINCE, "2023-01", "2023-03") == (16, 20)
    assert reported(catalogue, "sync_rate", PROVINCE, "2023-01", "2023-01") == (9, 10)
    assert reported(CATALOGUE, "sync_rate", PROVINCE, "2023-01", "2023-01") == (0, 0)
    assert reduced((3, 10), (9, 10)) == (27, 100)
    assert reduced((3, 10), (0, 0)) == reduced((3, 10), None) == (3, 10)


# --- colours with dates of effect -------------------------------------------------------------------------------------

STRICT = Bands(green=(1, 1), yellow=(99, 100), orange=(98, 100))
STRICTER = Bands(green=(1, 1), yellow=(999, 1000), orange=(998, 1000))


def test_a_new_rule_repaints_from_its_day_and_not_before() -> None:
    rule = ColourRule(bands=STRICT, decision="x", valid_from=date(2023, 2, 1))
    catalogue = CATALOGUE.model_copy(update={"colour_rules": (rule,)})
    row = INDICATORS["on_time_share"]
    painted = [
        colour(85, 100, row, bands_for(catalogue, row, AgencyKind.COMMUNE, on))
        for on in (date(2023, 1, 31), date(2023, 2, 1))
    ]
    assert painted == [Colour.YELLOW, Colour.RED]
    counts = {(row.numerator, "000.00.01.H39"): 85, (row.denominator or "", "000.00.01.H39"): 100}
    on_board = [
        figures(counts, catalogue, [row], ["000.00.01.H39"], on)[0].colour
        for on in (date(2023, 1, 31), date(2023, 2, 1))
    ]
    assert on_board == painted


def test_the_narrowest_rule_wins() -> None:
    day = date(2023, 1, 1)
    everyone = ColourRule(bands=STRICT, decision="x", valid_from=day)
    communes = ColourRule(bands=STRICTER, kinds=(AgencyKind.COMMUNE,), decision="x", valid_from=day)
    mine = ColourRule(indicator="online_share", bands=CATALOGUE.bands, decision="x", valid_from=day)
    catalogue = CATALOGUE.model_copy(update={"colour_rules": (everyone, communes, mine)})

    def bands(id_: str, kind: AgencyKind) -> Bands:
        return bands_for(catalogue, INDICATORS[id_], kind, ON)

    assert bands("on_time_share", AgencyKind.DISTRICT) == STRICT
    assert bands("on_time_share", AgencyKind.COMMUNE) == STRICTER
    assert bands("online_share", AgencyKind.COMMUNE) == CATALOGUE.bands
    own = INDICATORS["on_time_share"].model_copy(update={"bands": CATALOGUE.bands})
    assert bands_for(catalogue, own, AgencyKind.COMMUNE, ON) == CATALOGUE.bands


def test_a_new_target_holds_from_its_day() -> None:
    old = INDICATORS["online_share"].model_copy(update={"valid_to": date(2023, 1, 31)})
    new = INDICATORS["online_share"].model_copy(
        update={"version": 2, "valid_from": date(2023, 2, 1), "target": (70, 100)}
    )
    rest = tuple(row for row in CATALOGUE.indicators if row.id != "online_share")
    catalogue = CATALOGUE.model_copy(update={"indicators": (*rest, old, new)})

    def target(on: date) -> object:
        return next(row.target for row in indicators_on(catalogue, on) if row.id == "online_share")

    assert (target(date(2023, 1, 31)), target(date(2023, 2, 1))) == ((50, 100), (70, 100))


# --- services ---------------------------------------------------------------------------------------------------------


def test_services_are_counted_once_for_an_agency_and_all_above_it() -> None:
    told = counted(CATALOGUE, ON, {})
    rows = procedures_on(CATALOGUE, ON)
    decided = [row for row in rows if competent_agencies(CATALOGUE, row, ON)]
    assert told["services", PROVINCE] == len(decided)
    assert told["online_services", PROVINCE] == sum(row.is_online_service for row in decided)
    commune = next(row.code for row in CATALOGUE.agencies if row.kind is AgencyKind.COMMUNE and row.in_force(ON))
    assert told["services", commune] == len(offered(CATALOGUE, ON)[commune]) < len(decided)


def test_services_with_dossiers_are_those_of_their_kind() -> None:
    """A dossier of a procedure that is not offered online makes no online service used."""
    rows = procedures_on(CATALOGUE, ON)
    online_one = next(row.code for row in rows if row.is_online_service)
    other = next(row.code for row in rows if not row.is_online_service)
    told = counted(CATALOGUE, ON, {("received", "A"): {online_one, other}, ("received_online", "A"): {online_one}})
    assert told["online_services_with_dossier", "A"] == told["online_services_with_online_dossier", "A"] == 1
    free = next(row.code for row in rows if not any(fee.amount_for(1) for fee in row.fees))
    paying = next(row.code for row in rows if any(fee.amount_for(1) for fee in row.fees))
    told = counted(CATALOGUE, ON, {("paid_online", "A"): {free, paying}})
    assert told["fee_services_paid_online", "A"] == 1
