"""Server-rendered pages: one environment of templates, one style sheet, addresses below the service's own prefix."""

from __future__ import annotations

from datetime import datetime
from mimetypes import guess_type
from pathlib import Path
from typing import Any, Final
from zoneinfo import ZoneInfo

from fastapi import FastAPI, Request
from fastapi.responses import HTMLResponse
from jinja2 import ChoiceLoader, Environment, FileSystemLoader, StrictUndefined
from starlette.datastructures import Headers
from starlette.responses import Response
from starlette.staticfiles import StaticFiles
from starlette.types import Scope

from shared.web.i18n import COOKIE, language_of, teller

_HERE: Final = Path(__file__).parent
_YEAR: Final = 365 * 24 * 3600
_LOCAL: Final = ZoneInfo("Asia/Ho_Chi_Minh")


class Pages:
    """Renders the templates of one service over the shared frame. Autoescape is on; a missing name is an error."""

    def __init__(self, templates: Path | None, *, prefix: str) -> None:
        """`templates`: the service's own folder; `prefix`: its part of the host, such as `/board`."""
        folders = [templates] if templates else []
        self._prefix = prefix.rstrip("/")
        self._environment = Environment(
            loader=ChoiceLoader([FileSystemLoader(folder) for folder in (*folders, _HERE / "templates")]),
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )
        self._environment.filters.update(
            moment=moment, clock=clock, number=number, dong=dong, after_question=after_question
        )
        self._environment.globals.update(prefix=self._prefix, static=f"{self._prefix}/static")

    def mount(self, app: FastAPI) -> None:
        """Serves the style sheet and icons below `<prefix>/static`."""
        app.mount(f"{self._prefix}/static", _Static(directory=_HERE / "static"), name="static")

    def render(self, request: Request, template: str, *, status: int = 200, **view: Any) -> HTMLResponse:
        """The whole page. `view` holds finished words and numbers: templates decide nothing. What it names wins."""
        language = language_of(request)
        frame = {
            "path": request.url.path,
            "lang": language,
            "_": teller(language),
            "switch": {each: str(request.url.include_query_params(lang=each).query) for each in ("vi", "en")},
        }
        html = self._environment.get_template(template).render(**{**frame, **view})
        response = HTMLResponse(html, status)
        if "lang" in request.query_params:
            response.set_cookie(COOKIE, language, max_age=_YEAR, path="/", samesite="lax", httponly=True)
        return response


def frame_of(unit: str, **more: Any) -> dict[str, Any]:
    """What `frame.html` shows around a page of somebody who is not signed in; `more` of it wins. `unit`: whose page."""
    nobody = {"role": "", "navigation": (), "csrf": "", "signed_in": False, "idle": 0, "warn": 0, "single_keys": False}
    return {"unit": unit, "tools": (), "notices": (), **nobody, **more}


class _Static(StaticFiles):
    """Files of ours, packed when the browser takes it and the build packed them (RFC 9110 8.4)."""

    async def get_response(self, path: str, scope: Scope) -> Response:
        takes = {each.partition(";")[0].strip() for each in Headers(scope=scope).get("accept-encoding", "").split(",")}
        if "gzip" in takes and self.lookup_path(f"{path}.gz")[1]:
            response = await super().get_response(f"{path}.gz", scope)
            response.headers["Content-Type"] = f"{guess_type(path)[0]}; charset=utf-8"
            response.headers["Content-Encoding"] = "gzip"
        else:
            response = await super().get_response(path, scope)
        response.headers["Vary"] = "Accept-Encoding"
        response.headers["Cache-Control"] = "public, max-age=3600"
        return response


def moment(at: datetime) -> str:
    """`14:05 03/05/2023` in local time (UTC+7)."""
    return f"{at.astimezone(_LOCAL):%H:%M %d/%m/%Y}"


def clock(at: datetime) -> str:
    """`14:05:30` in local time (UTC+7)."""
    return f"{at.astimezone(_LOCAL):%H:%M:%S}"


def after_question(address: str) -> str:
    """The query of an address, to hang it behind another one."""
    return address.partition("?")[2]


def number(value: int) -> str:
    """`1.250.000`"""
    return f"{value:,}".replace(",", ".")


def dong(value_vnd: int) -> str:
    """`1.250.000 đồng`"""
    return f"{number(value_vnd)} đồng"
