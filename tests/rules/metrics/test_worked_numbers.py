"""Every worked number of domain/kpi.md §9: twelve dossiers of judicial records, January 2023."""

from __future__ import annotations

from fractions import Fraction
from random import Random

import msgspec
import pytest

from services.metrics.rules.band import Colour, colour
from services.metrics.rules.points import points, rated
from services.metrics.rules.rating import index
from services.metrics.rules.value import reduced, rounded, value_of
from tests.rules.metrics.january import (
    CATALOGUE,
    END_OF_FEBRUARY,
    END_OF_JANUARY,
    EVENTS,
    LIVES,
    MEASURES,
    Told,
    counted,
    figure,
    local,
    newest,
)

INDICATORS = {row.id: row for row in CATALOGUE.indicators}


def value(id_: str, parts: tuple[int, int]) -> str | None:
    return value_of(INDICATORS[id_], *parts)


def late(at_end: bool) -> set[str]:  # noqa: FBT001
    at = END_OF_FEBRUARY if at_end else END_OF_JANUARY
    index_ = MEASURES.names.index("late")
    return {code[-2:] for code, seen in newest(EVENTS, at).items() if MEASURES.counts_at(seen, at)[index_]}


def test_ten_of_twelve_are_accepted() -> None:
    assert (counted()["submitted"], counted()["received"]) == (12, 10)


def test_half_online_does_not_meet_more_than_half_and_is_yellow() -> None:
    parts = figure("online_share")
    assert (parts, value("online_share", parts)) == ((5, 10), "50.00")
    assert colour(*parts, INDICATORS["online_share"], CATALOGUE.bands) is Colour.YELLOW


def test_on_time_at_the_end_of_january() -> None:
    """d05 is running: 31/01 23:59:59 less 4 days is early; d07 is judged at its open request; d12 is late silently."""
    assert late(at_end=False) == {"06", "12"}
    parts = figure("on_time_share", at=END_OF_JANUARY)
    assert (parts, value("on_time_share", parts)) == ((8, 10), "80.00")


def test_on_time_at_the_end_of_february() -> None:
    """d05 ended on 02/02 08:00 less 4 days; d02 in the very second it was due."""
    assert late(at_end=True) == {"03", "06", "12"}
    parts = figure("on_time_share")
    assert (parts, value("on_time_share", parts)) == ((7, 10), "70.00")
    assert counted()["just_on_time"] == 1


def test_an_exempt_dossier_leaves_the_denominator_of_online_payment() -> None:
    parts = figure("online_payment_share")
    assert (parts, value("online_payment_share", parts)) == ((3, 9), "33.33")


def test_online_with_its_electronic_result_times_the_sync_rate() -> None:
    parts = figure("online_complete_share")
    assert (parts, value("online_complete_share", parts)) == ((3, 10), "30.00")
    synced = reduced(parts, (9, 10))
    assert value("online_complete_share", synced) == "27.00"
    assert points(synced, 6, INDICATORS["online_complete_share"].cap) == Fraction(324, 100)


def test_electronic_results_digitized_and_reused() -> None:
    assert value("e_result_share", figure("e_result_share")) == "40.00"
    assert value("digitized_share", figure("digitized_share")) == "40.00"
    assert points(figure("digitized_share"), 4, INDICATORS["digitized_share"].cap) == 2
    assert value("reused_share", figure("reused_share")) == "10.00"
    assert points(figure("reused_share"), 2, INDICATORS["reused_share"].cap) == Fraction(1, 4)


def test_the_mean_time_of_the_eight_finished() -> None:
    seconds = MEASURES.counts_at(LIVES[5][-1].seen, END_OF_FEBRUARY)[MEASURES.names.index("handling_seconds")]
    assert rounded(seconds, 86_400, 3) == "19.986"
    assert (figure("mean_time")[1], value("mean_time", figure("mean_time"))) == (8, "22.99")


def test_a_late_fact_changes_the_month_it_belongs_to() -> None:
    """On 05/03 d03's electronic result arrives: January's 3.3 and 4.1 change, D2 does not."""
    last = LIVES[3][-1].seen
    at = local("05/03", "10:00")
    linked = msgspec.structs.replace(last, seq=last.seq + 1, result_signed_at=at, result_code="3/lltp")
    events = [*EVENTS, Told(at, linked)]
    later = local("06/03")
    assert figure("online_complete_share", events, later) == (4, 10)
    assert figure("e_result_share", events, later) == (5, 10)
    assert figure("online_share", events, later) == figure("online_share")
    assert figure("e_result_share", events, END_OF_FEBRUARY) == (4, 10)


@pytest.mark.parametrize("seed", range(20))
def test_duplicates_and_any_order_give_the_same_numbers(seed: int) -> None:
    chance = Random(seed)
    events = [*EVENTS, *chance.choices(EVENTS, k=40)]
    chance.shuffle(events)
    assert counted(events) == counted()


def test_a_dossier_that_moves_to_a_successor_counts_once_for_who_holds_it() -> None:
    """Until 20/01 the old agency's, then the successor's: each view has every dossier exactly once."""
    successor, at = "000.00.04.H39", local("20/01", "08:00")
    *before, ended = LIVES[12]
    moved = Told(at, msgspec.structs.replace(before[-1].seen, seq=3, agency_competent=successor))
    end = Told(ended.at, msgspec.structs.replace(ended.seen, seq=4, agency_competent=successor))
    events = [told for number, life in LIVES.items() if number != 12 for told in life] + [*before, moved, end]
    for at, mine, theirs in ((local("19/01"), 10, 0), (END_OF_FEBRUARY, 9, 1)):
        assert counted(events, at, agency="000.00.03.H39")["received"] == mine
        assert counted(events, at, agency=successor)["received"] == theirs
    assert counted(events)["on_time"] == counted()["on_time"]


def test_parts_are_summed_and_then_divided() -> None:
    assert rounded(100 * (1 + 9), 2 + 98, 2) == "10.00"


@pytest.mark.parametrize(
    ("numerator", "denominator", "id_", "expected"),
    [
        (41, 100, "online_services_used", "orange"),
        (32, 100, "online_share", "orange"),
        (64, 100, "online_services_used", "yellow"),
        (80, 100, "online_services_used", "green"),
        (1999, 10_000, "online_payment_share", "red"),
        (0, 0, "online_share", "none"),
    ],
)
def test_colours(numerator: int, denominator: int, id_: str, expected: str) -> None:
    assert colour(numerator, denominator, INDICATORS[id_], CATALOGUE.bands) == expected


def test_an_index_of_points_rounds_halves_up() -> None:
    """Four dossiers with 2, 1, 0 and 2 points; binary `round` would give 1.2."""
    assert value_of(INDICATORS["index_total_time"], 2 + 1 + 0 + 2, 4) == "1.3"
    assert index((5, 4)) == Fraction(13, 10)


def test_the_scorecard_adds_up_what_has_data() -> None:
    card = next(card for card in CATALOGUE.scorecards if card.id == "qd766")
    named = {part.indicator for group in card.groups for part in group.parts if part.indicator}
    have = {"on_time_share", "online_complete_share", "e_result_share", "digitized_share", "reused_share"}
    figures = {id_: figure(id_) for id_ in named & have}
    figures["online_complete_share"] = reduced(figures["online_complete_share"], (9, 10))
    result = rated(card, figures, INDICATORS)
    assert [group.words for group, _ in result.groups] == [None, "14.00", "3.24", "4.65", None, None]
    assert (result.points, result.possible, result.grade) == (Fraction(2189, 100), 38, "Yếu")
    assert sum(group.points for group in card.groups) == 100


def test_every_submitted_dossier_has_exactly_one_fate() -> None:
    for at in (END_OF_JANUARY, END_OF_FEBRUARY):
        january = counted(at=at)
        fates = [january[name] for name in ("open", "finished", "refused", "withdrawn", "stopped")]
        assert sum(fates) == january["submitted"] == 12
    assert fates == [1, 8, 1, 2, 0]
