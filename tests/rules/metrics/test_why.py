"""The list behind a figure is the figure, and the stated number turns its colour while one fewer does not."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.metrics.rules.band import Colour, colour
from services.metrics.rules.seen import Paper, Seen
from services.metrics.rules.why import behind, least
from shared.catalogue.model import Bands, Comparator, Indicator
from shared.dossier.actions import Channel, PaidVia
from tests.rules.metrics.january import CATALOGUE, END_OF_FEBRUARY, EVENTS, MEASURES, figure, newest

SEENS = list(newest(EVENTS).values())
INDICATORS = {row.id: row for row in CATALOGUE.indicators}
ORDER = (Colour.RED, Colour.ORANGE, Colour.YELLOW, Colour.GREEN)


def fixed_in_time(seen: Seen) -> Seen:
    return msgspec.structs.replace(
        seen, supplements_asked=0, portal_times={9: seen.due_at or seen.received_at}, pauses=()
    )


def fixed_digitized(seen: Seen) -> Seen:
    at = seen.ended_at or seen.submitted_at
    papers = tuple(Paper(digitized=True, reused=paper.reused) for paper in seen.components)
    return msgspec.structs.replace(seen, components=papers, result_signed_at=at, portal_times={9: at})


FIXES: dict[str, Callable[[Seen], Seen]] = {
    "on_time_share": fixed_in_time,
    "digitized_share": fixed_digitized,
    "online_share": lambda seen: msgspec.structs.replace(seen, channel=Channel.ONLINE),
    "online_payment_share": lambda seen: msgspec.structs.replace(seen, paid_via=PaidVia.PROVINCE_GATEWAY),
    "supplemented_again_share": lambda seen: msgspec.structs.replace(seen, supplements_asked=1),
}


def folded(id_: str, seens: list[Seen]) -> tuple[int, int]:
    row = INDICATORS[id_]
    counts = [MEASURES.counts_at(seen, END_OF_FEBRUARY) for seen in seens]
    return tuple(sum(count[MEASURES.names.index(name or "")] for count in counts)  # type: ignore[return-value]
                 for name in (row.numerator, row.denominator))  # fmt: skip


@pytest.mark.parametrize("id_", [row.id for row in CATALOGUE.indicators if row.numerator in MEASURES.names])
def test_the_list_behind_a_figure_has_as_many_dossiers_as_the_figure_says(id_: str) -> None:
    row = INDICATORS[id_]
    shown = behind(MEASURES, row, SEENS, END_OF_FEBRUARY)
    if row.shown in ("PERCENT", "COUNT") and row.numerator != "papers_saved":
        assert len(shown.numerator) == figure(id_)[0]
    if row.denominator is not None:
        assert len(shown.denominator) == figure(id_)[1]


def test_why_january_is_not_in_time() -> None:
    shown = behind(MEASURES, INDICATORS["on_time_share"], SEENS, END_OF_FEBRUARY)
    assert [code[-2:] for code in shown.to_fix] == ["03", "06", "12"]


@settings(max_examples=200, deadline=None)
@given(id_=st.sampled_from(sorted(FIXES)), picked=st.lists(st.sampled_from(SEENS), min_size=1, max_size=60))
def test_a_refold_with_so_many_put_right_turns_the_colour_and_one_fewer_does_not(id_: str, picked: list[Seen]) -> None:
    row = INDICATORS[id_]
    codes = [f"{seen.dossier_code[:-4]}{number:04d}" for number, seen in enumerate(picked)]
    seens = [
        msgspec.structs.replace(seen, dossier_code=code, root_code=code)
        for seen, code in zip(picked, codes, strict=True)
    ]
    now = folded(id_, seens)
    answer = least(*now, row, CATALOGUE.bands)
    before = colour(*now, row, CATALOGUE.bands)
    if answer is None:
        assert before in (Colour.NONE, Colour.GREEN)
        return
    wrong = behind(MEASURES, row, seens, END_OF_FEBRUARY).to_fix
    for count, expected in ((answer.count, answer.colour), (answer.count - 1, before)):
        put_right = set(wrong[:count])
        after = [FIXES[id_](seen) if seen.dossier_code in put_right else seen for seen in seens]
        assert folded(id_, after)[1] == now[1]
        assert colour(*folded(id_, after), row, CATALOGUE.bands) is expected


def an_indicator(comparator: Comparator, target: tuple[int, int]) -> Indicator:
    return Indicator(
        id="x", code="X", name="x", name_en="x", numerator="a", denominator="b", source="test",
        comparator=comparator, target=target, valid_from=date(2022, 1, 1),
    )  # fmt: skip


@settings(max_examples=1000, deadline=None)
@given(
    comparator=st.sampled_from(Comparator),
    target=st.tuples(st.integers(0, 100), st.just(100)),
    denominator=st.integers(1, 200),
    share=st.integers(0, 100),
    bands=st.sampled_from(
        [Bands(green=(1, 1), yellow=(4, 5), orange=(1, 2)), Bands(green=(1, 1), yellow=(98, 100), orange=(95, 100)),
         Bands(green=(9, 10), yellow=(1, 3), orange=(1, 7))]
    ),
)  # fmt: skip
def test_the_least_number_is_what_trying_one_after_the_other_finds(
    comparator: Comparator, target: tuple[int, int], denominator: int, share: int, bands: Bands
) -> None:
    row, numerator = an_indicator(comparator, target), denominator * share // 100
    step = -1 if comparator is Comparator.AT_MOST else 1
    most = numerator if step < 0 else denominator - numerator
    now = colour(numerator, denominator, row, bands)
    levels = [ORDER.index(colour(numerator + step * k, denominator, row, bands)) for k in range(most + 1)]
    found = next((k for k, level in enumerate(levels) if level > levels[0]), None)
    answer = least(numerator, denominator, row, bands)
    if now is Colour.GREEN or found is None:
        assert answer is None
    else:
        assert answer == (found, ORDER[levels[found]])
