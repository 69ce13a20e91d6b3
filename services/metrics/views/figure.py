"""One figure of one agency: what it is, how it came, where it is lost, and how the units below stand in it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from fractions import Fraction

from services.metrics.views.around import Around, around
from services.metrics.views.figures import Figure, figures_by_procedure, procedure_name
from services.metrics.views.plot import Plot, plot
from services.metrics.views.ranking import places
from services.metrics.views.scene import Scene
from services.metrics.views.spans import first_on
from services.metrics.views.tiles import Tile, share_of, tile
from services.metrics.views.why import Why, why
from shared.dossier.working_time import LOCAL


@dataclass(frozen=True)
class Row:
    """One line of a table: a period, a unit or a procedure. `bar`: its length in a hundred; empty without a share."""

    rank: str
    name: str
    href: str
    tile: Tile
    bar: str
    missing: str
    is_open: bool = False


@dataclass(frozen=True)
class FigurePage:
    """The whole page: finished words only. A plain count has no plot and no reason."""

    around: Around
    tile: Tile
    source: str
    why: Why | None
    plot: Plot | None
    history: tuple[Row, ...]
    groups: tuple[tuple[str, tuple[Row, ...]], ...]
    procedures: tuple[Row, ...]
    dossiers: str
    """Where the list is; empty for who may not see dossiers."""


def figure_page(scene: Scene) -> FigurePage:
    """The page of `asked.indicator`, which is one in force. Raises KeyError else."""
    indicator = scene.indicators[scene.asked.indicator]
    now = scene.figures(scene.asked.agency_code, [indicator])[indicator.id]
    history = [then[indicator.id] for then in scene.history([indicator])]
    return FigurePage(
        around=around(scene),
        tile=tile(now, scene.words, scene.asked.href, history),
        source=scene.words.source(indicator.source),
        why=why(scene, now),
        plot=_plot(scene, history),
        history=_periods(scene, history),
        groups=tuple((scene.words(title), rows) for title in scene.units if (rows := _units(scene, title))),
        procedures=_procedures(scene),
        dossiers=scene.asked.dossiers if scene.sees_dossiers else "",
    )


def _missing(scene: Scene, figure: Figure) -> str:
    if figure.is_hidden or not figure.denominator:
        return ""
    return scene.words.number(figure.denominator - figure.numerator)


def _plot(scene: Scene, history: list[Figure]) -> Plot | None:
    target = history[-1].indicator.target
    return plot(
        [scene.words.short(period) for period, *_ in scene.known.history],
        [share_of(figure) for figure in history],
        Fraction(*target) if target else None,
        scene.words,
        is_open=scene.asked.period.last_on >= scene.now.astimezone(LOCAL).date(),
    )


def _periods(scene: Scene, history: list[Figure]) -> tuple[Row, ...]:
    today = scene.now.astimezone(LOCAL).date()
    rows = [
        Row(
            rank="",
            name=scene.words.period(period),
            href=scene.asked.but(period=period).href,
            tile=tile(figure, scene.words, scene.asked.but(period=period).href),
            bar=_bar(figure),
            missing=_missing(scene, figure),
            is_open=first_on(period) <= today <= period.last_on,
        )
        for (period, *_), figure in zip(scene.known.history, history, strict=True)
    ]
    return tuple(reversed(rows))


def _units(scene: Scene, title: str) -> tuple[Row, ...]:
    indicator = scene.indicators[scene.asked.indicator]
    units = {row.code: row for row in scene.units[title] if scene.has_dossiers(row.code)}
    found = {code: scene.figures(code, [indicator])[indicator.id] for code in units}
    ranks = places(found)
    last = len(found) + 1

    def row(code: str) -> Row:
        href = scene.asked.unit(code).href
        return Row(
            rank=str(ranks.get(code, "")),
            name=units[code].name,
            href=href,
            tile=tile(found[code], scene.words, href),
            bar=_bar(found[code]),
            missing=_missing(scene, found[code]),
        )

    return tuple(row(code) for code in sorted(found, key=lambda each: (ranks.get(each, last), each)))


def _procedures(scene: Scene) -> tuple[Row, ...]:
    """Where most is missing first."""
    if scene.asked.agency_code in scene.withheld:
        return ()
    indicator = scene.indicators[scene.asked.indicator]
    found = figures_by_procedure(
        scene.known.reading.counts,
        scene.catalogue,
        indicator,
        scene.asked.agency_code,
        scene.borders,
        scene.hides_below,
    )
    return tuple(
        Row(
            rank="",
            name=procedure_name(scene.catalogue, code, scene.on),
            href="",
            tile=tile(figure, scene.words, ""),
            bar=_bar(figure),
            missing=_missing(scene, figure),
        )
        for code, figure in _worst_first(found)
    )


def _worst_first(found: Mapping[str, Figure]) -> Iterable[tuple[str, Figure]]:
    return sorted(found.items(), key=lambda row: (row[1].numerator - (row[1].denominator or 0), row[0]))


def _bar(figure: Figure) -> str:
    share = share_of(figure)
    return f"{float(100 * share):.2f}" if share is not None else ""
