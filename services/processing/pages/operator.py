"""S19, for operators: what is stuck since when, dead letters with their replay, lag, workers. No name, no payload."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime
from typing import Annotated, Any, Final

from fastapi import APIRouter, Path, Request
from starlette.responses import Response

from services.processing.acts.operations import (
    DISCARDED,
    REPLAYED,
    SHORTEST_REASON,
    Letter,
    Operations,
    Stuck,
    is_readable,
)
from services.processing.adapters.engine_watch import Trying
from services.processing.adapters.log_watch import Place
from services.processing.pages._door import (
    NAVIGATION,
    PREFIX,
    Console,
    Notice,
    Person,
    The,
    TheConsole,
    agency_name,
    page,
    see_other,
)
from services.processing.rules.wording import ROLES
from services.processing.rules.worklist import path_of, task_of
from services.processing.views.worklist import stage_words
from shared.dossier.lifecycle import Role
from shared.dossier.permission import Resource, Right, can
from shared.dossier.refusal import Refused, Unknown
from shared.platform.http import Away
from shared.web.i18n import Say
from shared.web.identity import allows
from shared.web.sessions import first

router = APIRouter(prefix=f"{PREFIX}/ops", include_in_schema=False)
NAVIGATION.append((f"{PREFIX}/ops", "Vận hành", (Role.OPERATOR.value,)))
Topic = Annotated[str, Path(pattern=r"^[a-z0-9.-]{1,120}$")]
Number = Annotated[int, Path(ge=0, le=2**62)]
_SAID: Final = {REPLAYED: "Đã phát lại", DISCARDED: "Đã bỏ qua"}
_REASONS: Final = {
    "empty": "bản ghi rỗng",
    "malformed": "không phải JSON",
    "not_a_carrier_event": "không phải tin của bưu chính",
    "not_an_event": "không phải sự kiện hồ sơ",
    "not_facts": "không phải sự kiện hồ sơ",
    "not_text": "không phải chữ UTF-8",
    "wrong_key": "khóa không khớp mã hồ sơ",
    "wrong_shape": "sai cấu trúc",
    "wrong_time": "sai thời điểm",
}
"""Why a reader of ours buried a record; another reason is shown as its code."""
_KINDS: Final = {"workflow": "quy trình", "activity": "tác vụ"}
_READABLE: Final = {
    True: "Bộ đọc hiện nay đọc được bản ghi này.",
    False: "Bộ đọc hiện nay vẫn không đọc được bản ghi này; phát lại thì nó sẽ trở lại đây.",
    None: "Không thử được ở đây; bộ đọc của chủ đề này ở dịch vụ khác.",
}


@router.get("")
@allows(Right.OPERATE)
async def show(request: Request, console: TheConsole, person: The) -> Response:
    operations = _operations(console, person)
    notices: list[Notice] = []
    stuck = await operations.stuck()
    lags = await _or(operations.lags, (), notices, person.say("Không hỏi được máy chủ sự kiện."))
    letters = await _or(operations.letters, (), notices, person.say("Không đọc được thư lỗi."))
    version, workers = await _or(operations.workers, ("–", ()), notices, person.say("Không hỏi được Temporal."))
    return page(
        request, console, person, "operator.html",
        notices=notices, now=console.door.now(), version=version, workers=workers, lags=lags,
        behind=sum(lag.records for lag in lags),
        kinds={kind: person.say(words) for kind, words in _KINDS.items()},
        stuck=[_stuck_row(console, person, each) for each in stuck],
        letters=[_letter_row(person.say, each) for each in letters],
        waiting=sum(each.decided is None for each in letters),
    )  # fmt: skip


@router.get("/dead-letters/{topic}/{partition}/{offset}")
@allows(Right.OPERATE)
async def letter(  # noqa: PLR0917 - the address has three parts
    request: Request, console: TheConsole, person: The, topic: Topic, partition: Number, offset: Number
) -> Response:
    """One dead letter: what it was, and the dry run of a replay."""
    return await _one(request, console, person, Place(topic, partition, offset))


@router.post("/dead-letters/{topic}/{partition}/{offset}")
@allows(Right.OPERATE)
async def settle(  # noqa: PLR0917
    request: Request, console: TheConsole, person: The, topic: Topic, partition: Number, offset: Number
) -> Response:
    operations, place = _operations(console, person), Place(topic, partition, offset)
    verdict = REPLAYED if first(person.typed, "verdict") == REPLAYED else DISCARDED
    try:
        await operations.settle(person.member.actor.person_code, place, verdict, first(person.typed, "reason"))
    except Unknown:
        raise
    except Refused as no:
        kept = first(person.typed, "reason")
        return await _one(request, console, person, place, kept=kept, said=person.say(no.detail), status=no.status)
    return see_other(f"{PREFIX}/ops")


async def _one(
    request: Request,
    console: Console,
    person: Person,
    place: Place,
    *,
    kept: str = "",
    said: str = "",
    status: int = 200,
) -> Response:
    found = await _operations(console, person).letter(place)
    return page(
        request, console, person, "operator_letter.html",
        status=status,
        notices=[Notice("bad", said)] if said else [],
        letter=found.letter,
        row=_letter_row(person.say, found),
        reason=found.decided.reason if found.decided else "",
        is_open=found.decided is None or found.decided.done_at is None,
        trial=person.say(_READABLE[is_readable(found.letter)]),
        size=len(found.letter.value),
        kept=kept,
        least=SHORTEST_REASON,
    )  # fmt: skip


def _operations(console: Console, person: Person) -> Operations:
    """Raises Unknown for everybody but operators of the whole province: the machines are everybody's."""
    actor, on = person.member.actor, console.staff.today
    tops = {path_of(console.door.catalogue, grant.agency_code, on)[-1] for grant in actor.grants}
    if console.operations is None or not any(can(actor, Right.OPERATE, Resource(agency_path=(top,))) for top in tops):
        raise Unknown
    return console.operations


async def _or[T](ask: Callable[[], Awaitable[T]], otherwise: Any, notices: list[Notice], sentence: str) -> T:
    """The answer, or what stands for it while that part is away, said at the top of the page."""
    try:
        return await ask()
    except Away:
        notices.append(Notice("wait", sentence))
        away: T = otherwise
        return away


def _stuck_row(console: Console, person: Person, each: Stuck) -> dict[str, Any]:
    facts, language = each.still.facts, person.language
    task = task_of(facts)
    who = person.say("hệ thống")
    if task is not None and not each.still.by_machine:
        who = f"{ROLES[task.role].said(language)}, {agency_name(console, task.agency_code)}"
    trying: Sequence[Trying] = each.trying or ()
    return {
        "code": facts.dossier_code,
        "stage": stage_words(facts, language),
        "who": who,
        "since": each.still.since,
        "attempts": max((one.attempt for one in trying), default=0),
        "error": ", ".join(f"{one.activity}: {one.error}" for one in trying),
        "is_known": each.trying is not None,
        "href": f"{console.temporal_ui}/{facts.dossier_code}" if console.temporal_ui else "",
    }


def _letter_row(say: Say, each: Letter) -> dict[str, Any]:
    place, decided = each.letter.place, each.decided
    words = ""
    if decided is not None:
        words = say(_SAID[decided.verdict]) if decided.done_at else say("Chưa biết kết quả")
    at: datetime | None = decided.decided_at if decided else None
    return {
        "letter": each.letter,
        "reason": say(_REASONS.get(each.letter.reason, each.letter.reason)),
        "href": f"{PREFIX}/ops/dead-letters/{'/'.join(map(str, place))}",
        "decided": words,
        "at": at,
    }
