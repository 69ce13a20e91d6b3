"""Entity tags, cursors, and the frame of pages."""

from __future__ import annotations

import base64
import re
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path

import httpx
import pytest
from fastapi import FastAPI, Request
from fastapi.responses import HTMLResponse
from hypothesis import given
from hypothesis import strategies as st

from shared.web.html import Pages, dong, frame_of, moment, number
from shared.web.identity import public, undeclared_routes
from shared.web.pages import cursor, key_of, next_link
from shared.web.problem import Problem


async def test_a_state_that_was_seen_is_not_sent_again(client: httpx.AsyncClient) -> None:
    first = await client.get("/api/dossier")
    assert first.headers["etag"] == '"7"'
    for tag in ('"7"', 'W/"7"', '"6", "7"', "*"):
        again = await client.get("/api/dossier", headers={"If-None-Match": tag})
        assert (again.status_code, again.content, again.headers["etag"]) == (304, b"", '"7"')
    assert (await client.get("/api/dossier", headers={"If-None-Match": '"8"'})).status_code == 200


@pytest.mark.parametrize(("tag", "status"), [('"7"', 200), ("*", 200), ('"6"', 412), ("7", 412), (None, 428)])
async def test_a_change_names_the_state_it_was_made_from(
    client: httpx.AsyncClient, tag: str | None, status: int
) -> None:
    headers = {} if tag is None else {"If-Match": tag}
    assert (await client.put("/api/dossier", headers=headers)).status_code == status


scalars = st.none() | st.booleans() | st.integers() | st.text() | st.floats(allow_nan=False)


@given(st.lists(scalars, min_size=1, max_size=4))
def test_a_cursor_comes_back_as_the_key_it_was_made_of(key: list[str | int | float | bool | None]) -> None:
    assert key_of(cursor(*key), len(key)) == key


@given(st.text(max_size=40) | st.binary(max_size=40).map(lambda raw: base64.urlsafe_b64encode(raw).decode()))
def test_a_cursor_we_did_not_make_is_refused_and_never_a_bug(text: str) -> None:
    with suppress(Problem):
        key = key_of(text, 2)
        assert key is None or len(key) == 2


def test_the_next_page_keeps_the_other_filters() -> None:
    scope = {
        "type": "http",
        "path": "/api/x",
        "query_string": b"role=CLERK&cursor=old",
        "headers": [],
        "scheme": "http",
    }
    request = Request(scope | {"server": ("test", 80), "method": "GET"})
    assert next_link(request, None) == {}
    assert next_link(request, "new") == {"Link": '</api/x?role=CLERK&cursor=new>; rel="next"'}


def test_values_are_printed_as_people_here_write_them() -> None:
    assert moment(datetime(2023, 5, 3, 7, 5, tzinfo=UTC)) == "14:05 03/05/2023"
    assert (number(1250000), number(12), dong(15000)) == ("1.250.000", "12", "15.000 đồng")


@pytest.fixture
def pages(app: FastAPI, tmp_path: Path) -> Pages:
    (tmp_path / "one.html").write_text(
        '{% extends "frame.html" %}{% from "components/level.html" import level %}'
        "{% block title %}Bảng{% endblock %}"
        '{% block content %}<h1>{{ name }}</h1>{{ level("yellow", "Gần đạt") }}{% endblock %}'
    )
    made = Pages(tmp_path, prefix="/board")
    made.mount(app)

    @app.get("/board", include_in_schema=False)
    @public("a test door")
    async def one(request: Request) -> HTMLResponse:
        return made.render(request, "one.html", name="<script>alert(1)</script>", frame=frame_of("Thử"))

    app.router.routes.insert(0, app.router.routes.pop())  # before the door that takes every path
    return made


async def test_a_page_stands_in_the_frame_escapes_data_and_opens_only_itself(
    client: httpx.AsyncClient, pages: Pages, app: FastAPI
) -> None:
    page = await client.get("/board")
    assert "<title>Bảng – Một Cửa</title>" in page.text
    assert '<html lang="vi" ' in page.text
    assert "Chuyển đến nội dung chính" in page.text
    assert "<script>alert" not in page.text
    assert "level-yellow" in page.text
    policy = page.headers["content-security-policy"]
    assert "style-src 'self'" in policy
    assert "form-action 'self'" in policy
    assert "unsafe" not in policy
    assert undeclared_routes(app) == []


async def test_the_style_sheet_is_ours_small_and_kept_for_a_while(client: httpx.AsyncClient, pages: Pages) -> None:
    sheet = await client.get("/board/static/built/frame.css")
    assert sheet.headers["content-type"].startswith("text/css")
    assert sheet.headers["cache-control"] == "public, max-age=3600"
    assert sheet.headers["content-encoding"] == "gzip"
    assert int(sheet.headers["content-length"]) < 15_000
    plain = await client.get("/board/static/built/frame.css", headers={"accept-encoding": "identity"})
    assert "content-encoding" not in plain.headers
    assert plain.headers["content-type"] == sheet.headers["content-type"]
    assert plain.content == sheet.content
    assert not re.search(r"url\((?!\"noto-sans-[a-z]+\.woff2\")", sheet.text), "nothing from outside"
    assert "@import" not in sheet.text
    missing = await client.get("/board/static/../../guard.py")
    assert missing.status_code == 404
