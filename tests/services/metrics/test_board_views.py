"""What the board says, from counts made by hand: change, places, lines, words of two languages."""

from __future__ import annotations

import ast
import re
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

import services.metrics
from services.metrics.rules.band import Colour, colour
from services.metrics.rules.complaints import Complaints
from services.metrics.rules.measures import Measures
from services.metrics.rules.period import Period
from services.metrics.store import Reading
from services.metrics.views.asked import Asked
from services.metrics.views.board import board
from services.metrics.views.borders import Borders
from services.metrics.views.dossiers import duration
from services.metrics.views.figure import figure_page
from services.metrics.views.figures import roll_up
from services.metrics.views.language import VIETNAMESE, Words
from services.metrics.views.periods import choices, lately
from services.metrics.views.scene import Known, Scene, Then
from services.metrics.views.sheet import sheet
from services.metrics.views.sources import VIETNAMESE_SOURCES
from services.metrics.views.spans import following, parse, previous
from services.metrics.views.texts import ENGLISH
from services.metrics.views.tiles import Tile
from services.metrics.views.why import coming
from shared.catalogue.lookup import indicators_on
from shared.catalogue.model import AgencyKind, Catalogue
from shared.dossier.lifecycle import STAGES

HOUSE = Path(services.metrics.__file__).parent
NOW = datetime(2026, 11, 27, 3, tzinfo=UTC)
PROVINCE, JUSTICE, TRADE, FINANCE = "000.00.00.H39", "000.00.03.H39", "000.00.06.H39", "000.00.05.H39"
RECORD = "2.000488"

type Counts = Mapping[tuple[str, str, str], int]


def shares(numerator: int, denominator: int, agency: str = JUSTICE) -> dict[tuple[str, str, str], int]:
    """So many of so many dossiers came online."""
    return {("received_online", agency, RECORD): numerator, ("received", agency, RECORD): denominator}


def scene(catalogue: Catalogue, *months: Counts, hides_below: int = 0, **asked: object) -> Scene:
    """`months`: counts of each month up to November 2026, oldest first."""
    given = {"agency_code": PROVINCE, "is_root": True, "period": Period.parse("2026-11"), **asked}
    question = Asked(**given)  # type: ignore[arg-type]
    spans = lately(question.period, len(months))
    totals = [roll_up(counts, catalogue, NOW.date()) for counts in months]
    reading = Reading(months[-1], {0: 7}, NOW, 0)
    known = Known(reading, totals[-1], tuple(Then(*each) for each in zip(spans, totals, strict=True)))
    return Scene(known, catalogue, question, NOW, hides_below)


def the(tiles: tuple[Tile, ...], id_: str) -> Tile:
    return next(tile for tile in tiles if tile.id == id_)


def test_a_tile_says_how_far_it_moved_and_whether_that_is_good(catalogue: Catalogue) -> None:
    shown = board(scene(catalogue, shares(5, 10), shares(6, 10)))
    tile = the(shown.tiles, "online_share")
    assert (tile.value, tile.counts, tile.change, tile.way, tile.is_up) == (
        "60,00%", "6/10", "tăng 10,00 điểm", "better", True,
    )  # fmt: skip
    back = the(board(scene(catalogue, shares(6, 10), shares(5, 10))).tiles, "online_share")
    assert (back.change, back.way, back.is_up) == ("giảm 10,00 điểm", "worse", False)
    same = the(board(scene(catalogue, shares(6, 10), shares(6, 10))).tiles, "online_share")
    assert (same.change, same.way, same.is_up) == ("không đổi", "same", None)
    assert not the(board(scene(catalogue, {}, shares(6, 10))).tiles, "online_share").change


def test_the_directives_rates_come_first(catalogue: Catalogue) -> None:
    shown = board(scene(catalogue, shares(5, 10)))
    assert [tile.id for tile in shown.tiles][:4] == [
        "online_services_used", "online_share", "online_payment_share", "on_time_share",
    ]  # fmt: skip
    listed = [tile.id for _, tiles in shown.others for tile in tiles]
    everything = {tile.id for tile in (*shown.tiles, *shown.headlines)} | set(listed)
    counted = {*Measures.of(catalogue).names, *(row.name for row in catalogue.service_measures)}
    counted |= set(Complaints.of(catalogue).names)
    assert everything == {row.id for row in indicators_on(catalogue, NOW.date()) if row.numerator in counted}
    assert len(listed) == len(set(listed))


def test_the_small_line_breaks_where_nothing_was_counted(catalogue: Catalogue) -> None:
    months = [shares(2, 10), shares(4, 10), {}, shares(5, 10), shares(6, 10)]
    spark = the(board(scene(catalogue, *months)).tiles, "online_share").spark
    assert spark is not None
    assert [len(segment.split()) for segment in spark.segments] == [2, 2]
    assert the(board(scene(catalogue, {}, shares(6, 10))).tiles, "online_share").spark is None


def test_units_are_ranked_best_first_and_equal_ones_share_a_place(catalogue: Catalogue) -> None:
    counts = shares(1, 4, JUSTICE) | shares(3, 4, TRADE) | shares(6, 8, FINANCE) | shares(0, 0, "000.00.02.H39")
    [departments] = [
        group for group in board(scene(catalogue, counts, rank_by="online_share")).groups if "Sở" in group.title
    ]
    places = [(line.code, line.rank) for line in departments.lines]
    assert places == [(FINANCE, "1"), (TRADE, "1"), (JUSTICE, "3"), ("000.00.02.H39", "")]


def test_a_district_shows_its_communes(catalogue: Catalogue) -> None:
    district = next(row for row in catalogue.agencies if row.kind is AgencyKind.DISTRICT)
    commune = next(row for row in catalogue.agencies if row.parent == district.code)
    then = Period.parse("2024-03")
    shown = board(scene(catalogue, shares(3, 4, commune.code), agency_code=district.code, is_root=False, period=then))
    [group] = shown.groups
    assert commune.name in [line.name for line in group.lines] + list(group.silent)
    assert [link.text for link in shown.around.path] == ["UBND tỉnh Long An"]


def test_small_numbers_are_hidden_from_the_public_counts_too(catalogue: Catalogue) -> None:
    public = board(scene(catalogue, shares(3, 4) | shares(9, 12, TRADE), hides_below=5))
    [departments] = [group for group in public.groups if "Sở" in group.title]
    notes = {line.code: the(line.tiles, "online_share").note for line in departments.lines}
    assert notes == {JUSTICE: "Ít hồ sơ, không công bố", TRADE: ""}
    alone = board(scene(catalogue, shares(3, 4), hides_below=5, agency_code=JUSTICE, is_root=False))
    received = the(alone.headlines, "received")
    assert (received.value, received.note) == ("", "Ít hồ sơ, không công bố")
    assert ";3;4;" not in sheet(scene(catalogue, shares(3, 4), hides_below=5))


def test_a_figure_says_what_is_missing_by_period_unit_and_procedure(catalogue: Catalogue) -> None:
    counts = shares(1, 4, JUSTICE) | {("received", TRADE, "2.000633"): 6, ("received_online", TRADE, "2.000633"): 5}
    page = figure_page(scene(catalogue, shares(1, 2), counts, indicator="online_share"))
    assert page.tile.counts == "6/10"
    assert page.why is not None
    assert page.why.missing == "4"
    assert [(row.name, row.missing) for row in page.history] == [("Tháng 11/2026", "4"), ("Tháng 10/2026", "1")]
    assert [row.is_open for row in page.history] == [True, False]
    assert [row.missing for row in page.procedures] == ["3", "1"]
    assert page.plot is not None
    assert page.plot.open is not None
    assert page.plot.open.text == "11/26: 60,00%"


def test_the_least_numbers_are_those_of_the_directives_example(catalogue: Catalogue) -> None:
    """12/60 is red against more than 50 %: 4 more make orange (16/64 = 25 %), 37 the target (49/97 = 50.52 %)."""
    page = figure_page(scene(catalogue, shares(12, 60), indicator="online_share"))
    assert page.why is not None
    assert page.why.heading == "Vì sao đỏ?"
    assert page.why.sentences == (
        "20,00% (12/60) so với chỉ tiêu trên 50%.",
        "Sửa ít nhất 3 trường hợp để lên Cam.",
        "Hoặc 4 hồ sơ tiếp theo đều đạt để lên Cam (16/64 = 25,00%).",
        "Hoặc 37 hồ sơ tiếp theo đều đạt để lên Xanh (49/97 = 50,52%).",
    )


@pytest.mark.parametrize(("numerator", "denominator"), [(12, 60), (5, 10), (0, 7), (39, 80), (1, 1000)])
def test_one_fewer_would_not_do(catalogue: Catalogue, numerator: int, denominator: int) -> None:
    [share] = [row for row in indicators_on(catalogue, NOW.date()) if row.id == "online_share"]
    for level in (Colour.ORANGE, Colour.YELLOW, Colour.GREEN):
        more = coming(numerator, denominator, share, catalogue.bands, level)
        assert more is not None
        order = [Colour.RED, Colour.ORANGE, Colour.YELLOW, Colour.GREEN]
        now = colour(numerator, denominator, share, catalogue.bands)
        if order.index(now) < order.index(level):
            after = colour(numerator + more, denominator + more, share, catalogue.bands)
            before = colour(numerator + more - 1, denominator + more - 1, share, catalogue.bands)
            assert order.index(after) >= order.index(level) > order.index(before)


def test_a_period_that_is_over_cannot_be_mended_by_new_dossiers(catalogue: Catalogue) -> None:
    over = figure_page(scene(catalogue, shares(12, 60), indicator="online_share", period=Period.parse("2026-10")))
    assert over.why is not None
    assert over.why.sentences[-1] == "Kỳ đã kết thúc: hồ sơ mới không đổi được số này."


def test_what_counts_services_is_not_split_by_procedure(catalogue: Catalogue) -> None:
    assert not figure_page(scene(catalogue, shares(1, 4), indicator="online_services_used")).procedures


def test_the_sheet_has_every_figure_with_exact_counts(catalogue: Catalogue) -> None:
    text = sheet(scene(catalogue, shares(6, 10)))
    assert text.startswith("\ufeffMã cơ quan;Đơn vị;")
    assert f"{JUSTICE};Sở Tư pháp;online_share;Hồ sơ giải quyết trực tuyến;2026-11;6;10;60,00;trên 50%;Xanh;" in text
    english = sheet(scene(catalogue, shares(6, 10), language="en"))
    assert f"{JUSTICE},Sở Tư pháp,online_share,Dossiers handled online,2026-11,6,10,60.00,above 50%,Green," in english


def test_a_figure_that_does_not_add_up_is_withheld_with_all_that_sum_it_up(catalogue: Catalogue) -> None:
    fair = scene(catalogue, shares(5, 10) | shares(6, 8, TRADE), indicator="online_share")
    unfair = replace(fair.known.reading, unfair=((JUSTICE, "2026-11"),))
    shown = replace(fair, known=replace(fair.known, reading=unfair))
    [group] = [group for group in board(shown).groups if "Sở" in group.title]
    tiles = {line.code: the(line.tiles, "online_share") for line in group.lines}
    told = "không công bố: số đếm không khớp"
    assert (tiles[JUSTICE].value, tiles[JUSTICE].counts, tiles[JUSTICE].note) == ("", "", told)
    assert (tiles[JUSTICE].level, tiles[TRADE].counts) == (Colour.NONE, "6/8")
    page = figure_page(shown)
    assert (page.tile.note, page.why, page.procedures) == (told, None, ())
    assert {tile.note for tile in board(shown).headlines} == {told}


def test_a_month_that_did_not_add_up_is_a_gap_in_the_trend(catalogue: Catalogue) -> None:
    whole = scene(catalogue, shares(2, 10), shares(9, 10), shares(4, 10), indicator="online_share")
    first, second, third = whole.known.history
    history = (first, second._replace(withheld=frozenset({PROVINCE})), third)
    page = figure_page(replace(whole, known=replace(whole.known, history=history)))
    assert [row.tile.value for row in page.history] == ["40,00%", "", "20,00%"]
    assert not page.tile.change


# --- borders ----------------------------------------------------------------------------------------------------------


def test_totals_are_equal_in_the_borders_of_any_day(catalogue: Catalogue) -> None:
    counts = {("received", code, RECORD): 1 << number for number, code in enumerate(catalogue.agencies_by_code)}
    then = roll_up(counts, catalogue, date(2023, 1, 31))
    today = roll_up(counts, catalogue, NOW.date(), Borders(catalogue, NOW.date(), follows=True))
    whole = (1 << len(counts)) - 1  # each agency is a bit of its own: none is lost, none comes twice
    assert then["received", PROVINCE] == today["received", PROVINCE] == whole
    named = {scope for measure, scope in today if measure == "received"}
    assert all(any(row.in_force(NOW.date()) for row in catalogue.agencies_by_code[code]) for code in named)
    assert named < set(catalogue.agencies_by_code)


def test_what_several_took_over_stands_above_them(catalogue: Catalogue) -> None:
    today = Borders(catalogue, NOW.date(), follows=True)
    labour, planning = "000.00.11.H39", "000.00.04.H39"
    assert today.path(labour) == (PROVINCE,)
    assert today.path(planning) == (FINANCE, PROVINCE)
    assert Borders(catalogue, date(2023, 1, 31)).path(planning) == (planning, PROVINCE)
    assert {planning, FINANCE} <= set(today.below(FINANCE))


# --- periods ----------------------------------------------------------------------------------------------------------


def test_the_picker_offers_each_kind_and_only_what_has_begun(catalogue: Catalogue) -> None:
    asked = scene(catalogue, {}).asked
    kinds = {kind.title: [each.value for each in kind.choices] for kind in choices(asked, NOW, "FIRST_SEVEN_DAYS")}
    assert {title: found[0] for title, found in kinds.items()} == {
        "Tháng": "2026-11", "Quý": "2026-Q4", "Năm": "2026", "Ngày": "2026-11-27", "Tuần": "2026-W48",
        "Tuần cao điểm": "2026-11-C7",
    }  # fmt: skip
    before = datetime(2026, 11, 1, 3, tzinfo=UTC)  # a Sunday: the first full week begins on the 2nd
    [campaign] = [kind for kind in choices(asked, before, "FIRST_FULL_WEEK") if kind.title == "Tuần cao điểm"]
    assert campaign.choices[0].value == "2026-10-CW"


@pytest.mark.parametrize("text", ["2022-02", "2022-W07", "2022-02-14", "2022-02-CW", "2022-Q1"])
def test_what_is_shown_stands_in_the_picker_once(catalogue: Catalogue, text: str) -> None:
    asked = scene(catalogue, {}, period=parse(text)).asked
    chosen = [each for kind in choices(asked, NOW, "FIRST_SEVEN_DAYS") for each in kind.choices if each.is_chosen]
    assert [each.value for each in chosen] == [text]


@pytest.mark.parametrize(("text", "vietnamese", "english"), [
    ("2026-11-27", "Ngày 27/11/2026", "Day 27/11/2026"),
    ("2026-W01", "Tuần 1/2026 (29/12 – 04/01)", "Week 1/2026 (29/12 – 04/01)"),
    ("2026-11-C7", "Tuần cao điểm 11/2026 (01/11 – 07/11)", "Campaign week 11/2026 (01/11 – 07/11)"),
])  # fmt: skip
def test_days_are_said_with_their_dates(text: str, vietnamese: str, english: str) -> None:
    assert (Words("vi").period(parse(text)), Words("en").period(parse(text))) == (vietnamese, english)


@pytest.mark.parametrize(("text", "before", "after"), [
    ("2026-11-01", "2026-10-31", "2026-11-02"), ("2026-W01", "2025-W52", "2026-W02"),
    ("2026-01-C7", "2025-12-C7", "2026-02-C7"),
    ("2026-01", "2025-12", "2026-02"), ("2026-Q1", "2025-Q4", "2026-Q2"), ("2026", "2025", "2027"),
])  # fmt: skip
def test_periods_have_neighbours_of_their_kind(text: str, before: str, after: str) -> None:
    period = parse(text)
    assert (previous(period).text, following(period).text) == (before, after)


@pytest.mark.parametrize(("minutes", "said"), [
    (0, "0 phút"), (59, "59 phút"), (60, "1 giờ"), (8 * 60, "1 ngày"), (19 * 60 + 59, "2 ngày 3 giờ"),
])  # fmt: skip
def test_working_time_is_said_in_days_of_eight_hours_rounded_down(minutes: int, said: str) -> None:
    assert duration(timedelta(minutes=minutes), VIETNAMESE) == said


@pytest.mark.parametrize(("ratio", "said"), [((80, 100), "80%"), ((3, 8), "37,5%"), ((1, 3), "33,33%"), ((0, 1), "0%")])
def test_targets_are_said_without_needless_zeros(ratio: tuple[int, int], said: str) -> None:
    assert VIETNAMESE.ratio(ratio) == said


# --- two languages ----------------------------------------------------------------------------------------------------

_SAID = re.compile(r"""(?<![\w.])(?:t|words|self|scene\.words)\(\s*(?:"([^"]+)"|'([^']+)')""")


def spoken() -> set[str]:
    """Every sentence that a template, a page or a view says through the catalogue of texts."""
    sources = [*HOUSE.glob("templates/*.html"), *HOUSE.glob("pages/*.py"), *HOUSE.glob("views/*.py")]
    texts = {path: path.read_text() for path in sources if path.name != "texts.py"}
    direct = {double or single for text in texts.values() for double, single in _SAID.findall(text)}
    quoted = {
        node.value
        for path, text in texts.items()
        if path.suffix == ".py"
        for node in ast.walk(ast.parse(text))
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    }
    return direct | (quoted & ENGLISH.keys()) | {meaning.label for meaning in STAGES.values()}


def listed(catalogue: Catalogue) -> set[str]:
    """The names that scorecards bring along from the catalogue."""
    return {
        name
        for card in catalogue.scorecards
        for name in (
            card.name,
            *(row.name for row in card.grades),
            *(group.name for group in card.groups),
            *(part.name for group in card.groups for part in group.parts),
        )
    }


def test_every_sentence_has_its_english_and_none_is_left_over(catalogue: Catalogue) -> None:
    said = spoken() | listed(catalogue)
    assert said - ENGLISH.keys() == set()
    assert ENGLISH.keys() - said == set()


def test_every_source_of_the_catalogue_is_said_in_vietnamese(catalogue: Catalogue) -> None:
    """A source is law alone (`QĐ 766/QĐ-TTg 3.1`, equal in both languages) or has its Vietnamese; none is left over."""
    sources = {row.source for row in catalogue.indicators} | {row.source for row in catalogue.scorecards}
    law = {
        text
        for text in sources
        if re.fullmatch(r"(?:[\d/]+(?:CT-UBND|NĐ-CP)|(?:NĐ|QĐ|TT) \d[\w/.-]*|Điều|Đ?\d[\d.-]*|,| )+", text)
    }
    assert sources - law == VIETNAMESE_SOURCES.keys()


def test_places_in_a_sentence_are_the_same_in_both_languages() -> None:
    for vietnamese, english in ENGLISH.items():
        assert set(re.findall(r"{\w+}", vietnamese)) == set(re.findall(r"{\w+}", english)), vietnamese


def test_english_numbers_are_written_the_english_way() -> None:
    english = Words("en")
    assert (english.number(12345), english.share(1, 3), english.period(Period.parse("2026-Q2"))) == (
        "12,345", "33.33%", "Quarter II/2026",
    )  # fmt: skip
