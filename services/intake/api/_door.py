"""How a route gets what the service stands on."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, cast

from fastapi import Depends, Query, Request

from services.intake.acts import Door
from shared.web.pages import LIMIT, Limit, key_of


async def _of(request: Request) -> Door:
    return cast("Door", request.app.state.door)


TheDoor = Annotated[Door, Depends(_of)]
"""`door: TheDoor`"""


@dataclass(frozen=True)
class Page:
    """Which rows of a list by code are asked for."""

    after: str | None
    limit: int


async def _page(after: Annotated[str | None, Query(alias="cursor")] = None, limit: Limit = LIMIT) -> Page:
    key = key_of(after, 1)
    return Page(str(key[0]) if key else None, limit)


ThePage = Annotated[Page, Depends(_page)]
"""`page: ThePage`"""
