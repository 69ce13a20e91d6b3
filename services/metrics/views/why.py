"""Why a figure has its colour, and the smallest numbers that would give it a better one."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from services.metrics.rules.band import Colour, bands_for, colour
from services.metrics.rules.measures import Measures
from services.metrics.rules.why import least
from services.metrics.views.dossiers import is_listable
from services.metrics.views.figures import Figure
from services.metrics.views.language import Words
from services.metrics.views.scene import Scene
from services.metrics.views.tiles import counts_of, value_of
from shared.catalogue.model import Bands, Comparator, Indicator
from shared.dossier.working_time import LOCAL

_BETTER: Final = (Colour.RED, Colour.ORANGE, Colour.YELLOW, Colour.GREEN)
_MOST: Final = 1 << 40


@dataclass(frozen=True)
class Why:
    """Finished sentences. `missing`: how many dossiers keep the figure from its target; empty when nothing does."""

    heading: str
    missing: str
    sentences: tuple[str, ...]
    hours: str
    """Where it is said whose hours they were; empty where that is not known or not shown."""


def why(scene: Scene, figure: Figure) -> Why | None:
    """None for what has no level: plain counts, no target, no dossiers, hidden."""
    words, indicator = scene.words, figure.indicator
    if figure.colour is Colour.NONE or figure.denominator is None:
        return None
    is_most = indicator.comparator is Comparator.AT_MOST
    missing = figure.numerator if is_most else figure.denominator - figure.numerator
    return Why(
        heading=words("Vì sao {level}?", level=words.level(figure.colour).lower()),
        missing=words.number(missing) if missing else "",
        sentences=tuple(_sentences(scene, figure, figure.numerator, figure.denominator)),
        hours=scene.asked.hours if has_hours(scene, figure) else "",
    )


def has_hours(scene: Scene, figure: Figure) -> bool:
    """Whether the log is asked whose hours they were: of now, by months, of a figure made of dossiers that misses
    some, and for readers from whom no small number is hidden.
    """
    asked, indicator = scene.asked, figure.indicator
    if asked.past is not None or asked.is_narrow or scene.hides_below or figure.is_hidden or not figure.denominator:
        return False
    is_most = indicator.comparator is Comparator.AT_MOST
    missing = figure.numerator if is_most else figure.denominator - figure.numerator
    return missing > 0 and is_listable(Measures.of(scene.catalogue), indicator)


def _sentences(scene: Scene, figure: Figure, numerator: int, denominator: int) -> list[str]:
    words, indicator = scene.words, figure.indicator
    bands = bands_for(scene.catalogue, indicator, scene.agency.kind, scene.on)
    said = [words("{value} so với chỉ tiêu {target}.", value=_said(figure, words), target=words.target(indicator))]
    if figure.colour is Colour.GREEN:
        return [*said, words("Đã đạt chỉ tiêu.")]
    if fixed := least(numerator, denominator, indicator, bands):
        said.append(
            words(
                "Sửa ít nhất {count} trường hợp để lên {level}.",
                count=words.number(fixed.count),
                level=words.level(fixed.colour),
            )
        )
    if scene.asked.period.last_on < scene.now.astimezone(LOCAL).date():
        return [*said, words("Kỳ đã kết thúc: hồ sơ mới không đổi được số này.")]
    for level in _levels_above(figure.colour):
        more = coming(numerator, denominator, indicator, bands, level)
        if more is not None:
            said.append(_coming_said(words, numerator, denominator, more, level, indicator))
    return said


def _levels_above(now: Colour) -> list[Colour]:
    """The next better level, and green when that is another one."""
    better = _BETTER[_BETTER.index(now) + 1 :]
    return list(dict.fromkeys((better[0], better[-1])))


def coming(numerator: int, denominator: int, indicator: Indicator, bands: Bands, level: Colour) -> int | None:
    """How many dossiers to come, all of them good, bring the figure to that level; None when no number does."""

    def reaches(more: int) -> bool:
        good = 0 if indicator.comparator is Comparator.AT_MOST else more
        found = colour(numerator + good, denominator + more, indicator, bands)
        return _BETTER.index(found) >= _BETTER.index(level)

    if not reaches(_MOST):
        return None
    low, high = 0, _MOST  # not reached at low, reached at high
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if reaches(middle) else (middle, high)
    return high


def _coming_said(  # noqa: PLR0917 - one sentence with all its numbers
    words: Words, numerator: int, denominator: int, more: int, level: Colour, indicator: Indicator
) -> str:
    good = numerator + (0 if indicator.comparator is Comparator.AT_MOST else more)
    return words(
        "Hoặc {count} hồ sơ tiếp theo đều đạt để lên {level} ({part}/{all} = {share}).",
        count=words.number(more),
        level=words.level(level),
        part=words.number(good),
        all=words.number(denominator + more),
        share=words.share(good, denominator + more),
    )


def _said(figure: Figure, words: Words) -> str:
    return f"{value_of(figure, words)} ({counts_of(figure, words)})"
