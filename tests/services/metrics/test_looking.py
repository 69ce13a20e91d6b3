"""Who looks at the board: the console's cookie opens the lists, and only for those who may see them."""

from __future__ import annotations

from dataclasses import dataclass, field
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
from fastapi import FastAPI

from services.metrics.__main__ import build
from services.metrics.adapters.desk import HttpDesk
from services.metrics.views import Door
from shared.catalogue.model import Catalogue
from shared.dossier.lifecycle import Role
from shared.dossier.permission import Actor, Grant, Kind
from shared.platform.http import Away, Client
from tests.services.metrics.test_doors import JUSTICE, NOW, PROVINCE, SERVICE, TRADE, Cells, Everybody, get, shares

CONSOLE = "http://console.example"
LIST = f"/board/{JUSTICE}/online_share/dossiers?period=2023-01"
HEAD = Actor(person_code="CB-1", kind=Kind.STAFF, grants=frozenset({Grant(role=Role.UNIT_HEAD, agency_code=JUSTICE)}))
COOKIE = {"Cookie": "session=good"}


@dataclass
class Sessions:
    """The console: one good session."""

    holder_of_good: Actor | None = HEAD
    is_away: bool = False
    asked: list[tuple[str, bool]] = field(default_factory=list)

    async def holder(self, token: str, *, is_use: bool) -> Actor | None:
        if self.is_away:
            raise Away("processing", "test")
        self.asked.append((token, is_use))
        return self.holder_of_good if token == "good" else None


@pytest.fixture
def console() -> Sessions:
    return Sessions()


@pytest.fixture
def board(catalogue: Catalogue, console: Sessions) -> FastAPI:
    door = Door(Cells(shares(2, 4) | shares(1, 4, TRADE)), catalogue, lambda: NOW, 5, desk=CONSOLE)
    return build(door, identity=Everybody(), desk=console)


async def test_a_colleague_with_the_consoles_cookie_sees_the_list_and_small_numbers(board: FastAPI) -> None:
    page = await get(board, LIST, COOKIE)
    assert page.status_code == 200
    assert f'href="{CONSOLE}/desk"' in page.text, "the way back to one's work"
    figure = f"/board/{JUSTICE}/online_share?period=2023-01"
    signed_in, anybody = await get(board, figure, COOKIE), await get(board, figure)
    assert "Ít hồ sơ, không công bố" not in signed_in.text
    assert "/dossiers?" in signed_in.text
    assert "Ít hồ sơ, không công bố" in anybody.text
    assert "/dossiers?" not in anybody.text


@pytest.mark.parametrize("cookie", [{}, {"Cookie": "session=old"}, {"Cookie": "session="}])
async def test_whoever_is_not_signed_in_goes_to_the_sign_in_and_back(board: FastAPI, cookie: dict[str, str]) -> None:
    answer = await get(board, LIST, cookie)
    assert answer.status_code == 303
    to = urlsplit(answer.headers["location"])
    assert f"{to.scheme}://{to.netloc}{to.path}" == f"{CONSOLE}/desk/sign-in"
    assert parse_qs(to.query) == {"next": [LIST]}
    page = await get(board, f"/board/{JUSTICE}?period=2023-01", cookie)
    assert f'href="{CONSOLE}/desk/sign-in?next=%2Fboard%2F{JUSTICE}' in page.text


async def test_another_agencys_list_is_not_there(board: FastAPI) -> None:
    assert (await get(board, LIST.replace(JUSTICE, TRADE), COOKIE)).status_code == 404
    assert (await get(board, LIST.replace(JUSTICE, PROVINCE), COOKIE)).status_code == 404


async def test_whoever_only_operates_sees_no_list(board: FastAPI, console: Sessions) -> None:
    operator = frozenset({Grant(role=Role.OPERATOR, agency_code=PROVINCE)})
    console.holder_of_good = Actor(person_code="CB-2", kind=Kind.STAFF, grants=operator)
    assert (await get(board, LIST, COOKIE)).status_code == 404


async def test_without_the_console_the_board_is_open_and_the_lists_say_later(board: FastAPI, console: Sessions) -> None:
    console.is_away = True
    assert (await get(board, "/board?period=2023-01", COOKIE)).status_code == 200
    answer = await get(board, LIST, COOKIE)
    assert (answer.status_code, answer.json()["code"]) == (503, "away")
    assert answer.headers["retry-after"]


async def test_a_token_needs_no_console(board: FastAPI, console: Sessions) -> None:
    console.is_away = True
    assert (await get(board, LIST, SERVICE | COOKIE)).status_code == 200
    assert (await get(board, LIST, {"Authorization": "Bearer citizen"} | COOKIE)).status_code == 403


async def test_only_pages_that_are_opened_keep_a_session_alive(board: FastAPI, console: Sessions) -> None:
    await get(board, f"/board/{JUSTICE}", COOKIE)
    await get(board, f"/board/{'0' * 5}/live", COOKIE)
    assert console.asked == [("good", True), ("good", False)]


@pytest.mark.parametrize(
    "body", ["", "[]", '{"holder": {"person_code": "x"}}', '{"holder": {"person_code": "x", "kind": "king"}}']
)
async def test_an_answer_that_is_none_is_away(body: str) -> None:
    transport = httpx.MockTransport(lambda _: httpx.Response(200, text=body))
    async with Client("http://processing", "processing", transport=transport) as client:
        with pytest.raises(Away):
            await HttpDesk(client).holder("token", is_use=True)


def _asked(_: httpx.Request) -> httpx.Response:
    raise AssertionError("asked")


async def test_what_cannot_be_a_session_is_not_asked() -> None:
    async with Client("http://processing", "processing", transport=httpx.MockTransport(_asked)) as client:
        assert await HttpDesk(client).holder("x" * 201, is_use=True) is None
        assert await HttpDesk(client).holder("", is_use=True) is None
