"""What an address asks, read leniently: whatever cannot be understood is the ordinary case."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from datetime import date, datetime
from typing import Annotated, Any, Final, Literal, NamedTuple

from fastapi import Query
from pydantic import BaseModel, ConfigDict, Field

from services.metrics.pages.looking import sign_in_at
from services.metrics.pages.memory import BEFORE_S, SHOWN_S, Counted, Memory
from services.metrics.rules.days import Days
from services.metrics.rules.fold import end_of
from services.metrics.rules.period import month_of
from services.metrics.store import Question
from services.metrics.views.asked import Asked
from services.metrics.views.borders import path_of
from services.metrics.views.figures import Door, day_of
from services.metrics.views.periods import lately
from services.metrics.views.scene import Known, Scene, borders_of
from services.metrics.views.spans import parse
from shared.catalogue.indicator import Scorecard
from shared.catalogue.lookup import indicators_on
from shared.catalogue.model import AgencyKind, Catalogue
from shared.dossier.codes import LONGEST
from shared.dossier.permission import Actor, Kind, Resource, Right, can
from shared.dossier.working_time import LOCAL
from shared.web.html import after_question, frame_of
from shared.web.i18n import teller
from shared.web.problem import Problem

_COLLEAGUES: Final = frozenset({Kind.STAFF, Kind.SERVICE})

type Short = Annotated[str, Field(max_length=60)]


class Given(BaseModel):
    """What stands in an address of the board; all of it may be absent."""

    model_config = ConfigDict(frozen=True)

    period: Short = ""
    indicator: Short = ""
    rank: Short = ""
    lang: Short = ""
    wall: Short = ""
    as_of: Short = ""
    known: Short = ""
    borders: Short = ""


type Asking = Annotated[Given, Query()]


class GivenList(Given):
    """The same for a list: which part of the figure, after which dossier."""

    which: Literal["missing", "met", "all", ""] = ""
    after: Annotated[str, Field(max_length=LONGEST)] = ""


type AskingList = Annotated[GivenList, Query()]


class Sight(NamedTuple):
    """What one caller may see: shares of fewer dossiers than this are hidden; whether the list of dossiers is open.

    `desk`: where colleagues work or sign in, `is_known` whether this one did; None: nobody signs in.
    """

    hides_below: int
    dossiers: bool
    desk: str | None = None
    is_known: bool = False


def root_of(catalogue: Catalogue) -> str:
    """The province's code."""
    return next(row.code for row in catalogue.agencies if row.kind is AgencyKind.PROVINCE)


def asked_of(door: Door, agency_code: str, given: Given, indicator: str = "") -> Asked:
    """The question of an address; what cannot be read is the ordinary case. Raises Problem 404 for unknown names."""
    if agency_code not in door.catalogue.agencies_by_code:
        raise Problem(404, "unknown_agency", detail=("Không có cơ quan này.", "No such agency."))
    now = door.now()
    try:
        span = parse(given.period or month_of(now))
    except ValueError:
        span = parse(month_of(now))
    as_of = None if isinstance(span, Days) else _past_day(given.as_of, now)
    if indicator and not any(row.id == indicator for row in indicators_on(door.catalogue, day_of(span, now))):
        raise Problem(404, "unknown_indicator", detail=("Không có chỉ tiêu này.", "No such indicator."))
    return Asked(
        agency_code=agency_code,
        is_root=agency_code == root_of(door.catalogue),
        period=span,
        indicator=indicator,
        rank_by=given.rank,
        language="en" if given.lang == "en" else "vi",
        is_wall=given.wall == "1",
        as_of=as_of,
        as_published=as_of is not None and given.known == "then",
        in_todays_borders=given.borders == "today",
    )


def sees_dossiers(door: Door, actor: Actor, asked: Asked) -> bool:
    """Colleagues see the dossiers of their own agencies and those below."""
    path = path_of(door.catalogue, asked.agency_code, day_of(asked.period, door.now()))
    return actor.kind in _COLLEAGUES and can(actor, Right.READ_DOSSIER, Resource(agency_path=path))


def sight_of(door: Door, actor: Actor, asked: Asked) -> Sight:
    """What this caller may see of the page."""
    return Sight(
        hides_below=hides_below(door, actor),
        dossiers=sees_dossiers(door, actor, asked),
        desk=door.desk,
        is_known=actor.kind in _COLLEAGUES,
    )


def _past_day(text: str, now: datetime) -> date | None:
    """The day that is asked back to; None for today, later, or nonsense."""
    try:
        day = date.fromisoformat(text)
    except ValueError:
        return None
    return day if day < now.astimezone(LOCAL).date() else None


async def scene_of(door: Door, memory: Memory, asked: Asked, sight: Sight, at_most_s: float = SHOWN_S) -> Scene:
    """The question with what the store says of its period, so many seconds old at most, and of those before it."""
    now = end_of(asked.as_of) if asked.as_of else door.now()
    *before, shown = await _counted(door, memory, asked, now, at_most_s)
    known = Known(shown.reading, shown.then.totals, tuple(each.then for each in (*before, shown)))
    return Scene(known, door.catalogue, asked, now, sight.hides_below, sees_dossiers=sight.dossiers)


async def _counted(door: Door, memory: Memory, asked: Asked, now: datetime, at_most_s: float) -> Sequence[Counted]:
    spans = lately(asked.period)
    borders = borders_of(asked, door.catalogue, now)
    days = [span for span in spans if isinstance(span, Days)]
    if days:
        return await memory.of_days(days, now, borders)
    asked_for = [Question(span, now, past=asked.past) for span in spans if not isinstance(span, Days)]
    asked_for[-1] = replace(asked_for[-1], by_procedure=bool(asked.indicator))
    ages = [*(len(asked_for) - 1) * [BEFORE_S], at_most_s]
    return await asyncio.gather(
        *(memory.counted(each, borders, at_most_s=age) for each, age in zip(asked_for, ages, strict=True))
    )


def frame(asked: Asked, sight: Sight, cards: Sequence[Scorecard] = ()) -> dict[str, Any]:
    """What every template gets beside its view: the staff's frame in the language of the address."""
    words = asked.words
    boards = asked.but(indicator="", card="", rank_by="")
    places = [(boards, words("Bảng điều hành")), *((boards.but(card=row.id), words.listed(row.name)) for row in cards)]
    return {
        "t": words,
        "lang": asked.language,
        "_": teller(asked.language),
        "asked": asked,
        "desk": f"{sight.desk}/desk" if sight.desk is not None and sight.is_known else "",
        "switch": {each: after_question(asked.but(language=each).href) for each in ("vi", "en")},
        "frame": frame_of(
            words("Bảng điều hành"),
            navigation=[
                {"href": place.href, "words": said, "is_current": place.card == asked.card} for place, said in places
            ],
            tools=_tools(asked, sight),
        ),
    }


def _tools(asked: Asked, sight: Sight) -> Sequence[dict[str, str]]:
    """The way to the console: to one's work, or to sign in and come back to this page."""
    words = asked.words
    if sight.desk is None:
        return ()
    if sight.is_known:
        return ({"href": f"{sight.desk}/desk", "words": words("Việc của tôi")},)
    return ({"href": sign_in_at(sight.desk, asked.href), "words": words("Đăng nhập")},)


def hides_below(door: Door, actor: Actor) -> int:
    """Colleagues see small numbers; others do not (kpi §6.13)."""
    return 0 if actor.kind in _COLLEAGUES else door.hides_below
