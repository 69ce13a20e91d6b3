"""What belongs to the worklist beside its page: saved views and the list as CSV."""

from __future__ import annotations

import csv
import io

from fastapi import APIRouter
from starlette.responses import Response

from services.processing import store
from services.processing.pages._door import PREFIX, The, TheConsole, see_other
from services.processing.pages.worklist import TheQuery
from services.processing.rules.worklist import agencies_below, scope_of
from services.processing.store import accounts
from services.processing.views.names import Named
from services.processing.views.worklist import row_views
from shared.dossier.permission import Right
from shared.web.identity import allows
from shared.web.limits import EXPORT, limited
from shared.web.sessions import first

router = APIRouter(prefix=PREFIX, include_in_schema=False)
MOST_EXPORTED = 5_000
LONGEST_NAME = 60


@router.post("/views")
@allows(Right.READ_WORKLIST)
async def save(console: TheConsole, person: The) -> Response:
    name, query = first(person.typed, "name")[:LONGEST_NAME], first(person.typed, "query")[:1_000]
    if name:
        async with console.door.sessions.begin() as session:
            await store.save_view(session, person.member.actor.person_code, name, query)
    return see_other(f"{PREFIX}?{query}")


@router.get("/export.csv")
@allows(Right.READ_WORKLIST)
@limited(EXPORT)
async def export(console: TheConsole, person: The, query: TheQuery) -> Response:
    """The list with its filters, without names: a file that leaves the house holds codes only."""
    door, on, actor = console.door, console.staff.today, person.member.actor
    scope = scope_of(door.catalogue, actor.grants, on)
    if query.agency:
        below = agencies_below(door.catalogue, query.agency, on)
        scope = {role: codes & below for role, codes in scope.items()}
    narrow = query.filter(actor.person_code, door.now())
    async with door.reads() as session:
        rows = await store.tasks(session, scope, narrow=narrow, after=None, limit=MOST_EXPORTED)
        titles = await accounts.titles(session, {row.holder for row in rows if row.holder})
    shown = row_views(
        rows, actor=actor, catalogue=door.catalogue, now=door.now(), named=Named({}), titles=titles,
        language=person.language,
    )  # fmt: skip
    out = io.StringIO()
    table = csv.writer(out)
    say = person.say
    heads = ("Mã hồ sơ", "Thủ tục", "Bước", "Người giữ", "Kênh nộp", "Còn lại", "Hạn")
    table.writerow([say(head) for head in heads])
    for row in shown:
        table.writerow([row.code, row.procedure, row.stage, row.holder, row.channel, row.left.words, row.left.until])
    headers = {"Content-Disposition": f'attachment; filename="worklist-{door.now():%Y%m%d-%H%M}.csv"'}
    return Response("\ufeff" + out.getvalue(), media_type="text/csv; charset=utf-8", headers=headers)
