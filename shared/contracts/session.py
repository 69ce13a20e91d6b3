"""Answers of the console's private door: who holds a session of the staff. Only the board asks, cookie in hand."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, SecretStr, StrictBool

from shared.dossier.permission import Actor

MOST_TOKEN = 200


class SessionAsked(BaseModel):
    """A cookie as a browser sent it. `is_use`: a page was opened, so the session lives on; a stream is no use."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    token: Annotated[SecretStr, Field(min_length=1, max_length=MOST_TOKEN)]
    is_use: StrictBool


class SessionHolder(BaseModel):
    """Who holds it at the post they chose; nobody when it is unknown, over or locked (RFC 7662: `active`)."""

    model_config = ConfigDict(frozen=True)

    holder: Actor | None
