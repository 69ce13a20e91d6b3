"""Who calls: a bearer token becomes an Actor; every route declares what it allows, or why it is public (SR-06)."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any, Final, NamedTuple

from fastapi import FastAPI, Request, params
from fastapi.dependencies.models import Dependant
from fastapi.routing import APIRoute, RouteContext, iter_route_contexts
from starlette.routing import BaseRoute, Mount

from shared.dossier.feedback.acts import FeedbackAct
from shared.dossier.lifecycle import Act
from shared.dossier.permission import Actor, Kind, Resource, Right, can
from shared.dossier.refusal import Unknown
from shared.platform.tokens import TokenRefused, verify
from shared.web.counting import charge
from shared.web.limits import Limit, limit_of
from shared.web.problem import Problem

_MARK: Final = "__declared__"
ANYONE: Final = Actor(person_code="", kind=Kind.ANYONE)


class Identity:
    """Verifies bearer tokens for one process; the application holds it as `app.state.identity`."""

    def __init__(self, jwks: str, *, production: bool) -> None:
        """`jwks`: public keys of all issuers, a JWK Set as JSON text."""
        self._jwks = jwks
        self._production = production

    def actor(self, authorization: str | None) -> Actor | None:
        """The caller; None when there is no header at all. Raises Problem 401 for a token that is not good."""
        if authorization is None:
            return None
        scheme, _, token = authorization.partition(" ")
        if scheme.lower() != "bearer":
            raise unknown_caller("invalid_request")
        try:
            return verify(self._jwks, token.strip(), production=self._production).actor
        except TokenRefused as refused:
            raise unknown_caller("invalid_token") from refused


class Caller:
    """A dependency that finds out who calls, and lets only some kinds of callers in; pages have one of their own."""

    def __init__(self, kinds: frozenset[Kind]) -> None:
        self.kinds = kinds


class TokenCaller(Caller):
    """The Actor of a bearer token, when its kind is one of those that may come through this door at all."""

    async def __call__(self, request: Request) -> Actor:
        """Raises: Problem 401 without a good token, 403 for another kind of caller."""
        identity: Identity = request.app.state.identity
        actor = identity.actor(request.headers.get("authorization"))
        if actor is None:
            if Kind.ANYONE in self.kinds:
                await counted(request, ANYONE)
                return ANYONE
            raise unknown_caller("invalid_request")
        if actor.kind not in self.kinds:
            raise Problem(
                403, "kind_not_allowed", detail=("Tài khoản này không dùng được ở đây.", "Not for this kind.")
            )
        await counted(request, actor)
        return actor


async def counted(request: Request, actor: Actor) -> None:
    """Counts the call where its route has a limit; a sibling has counted its own callers. Raises Problem 429.

    Every `Caller` does this when it knows who calls.
    """
    if actor.kind is not Kind.SERVICE:
        await charge(request, actor.person_code)


def caller(*kinds: Kind) -> TokenCaller:
    """`actor: Annotated[Actor, Depends(caller(Kind.STAFF))]`. With Kind.ANYONE a call without a token may come too."""
    return TokenCaller(frozenset(kinds))


def demand(actor: Actor, action: Act | FeedbackAct | Right, resource: Resource) -> None:
    """Goes on only if `can` says yes. Raises Unknown (404): a foreign object looks like one that is not there."""
    if not can(actor, action, resource):
        raise Unknown


def allows[F: Callable[..., Any]](*actions: Act | FeedbackAct | Right) -> Callable[[F], F]:
    """Declares what a route asks `can` about. The route must take a caller()."""

    def mark(endpoint: F) -> F:
        setattr(endpoint, _MARK, tuple(action.value for action in actions))
        return endpoint

    return mark


def public[F: Callable[..., Any]](reason: str) -> Callable[[F], F]:
    """Declares a route that needs no caller, and why: it checks a signature or a secret itself, or shows none."""

    def mark(endpoint: F) -> F:
        setattr(endpoint, _MARK, f"public: {reason}")
        return endpoint

    return mark


def declared(endpoint: object) -> tuple[str, ...] | str | None:
    """What the endpoint declares: actions, `public: <reason>`, or None."""
    found: tuple[str, ...] | str | None = getattr(endpoint, _MARK, None)
    return found


class Route(NamedTuple):
    """One door of an application, however deep the router that holds it."""

    path: str
    methods: tuple[str, ...]
    declares: tuple[str, ...] | str | None
    kinds: frozenset[Kind]
    """Who may come through this door at all; empty: it does not ask."""

    limit: Limit | str | None = None
    """What it declares: a limit, `unlimited: <reason>`, or None."""

    takes_input: bool = False
    """From the address, headers, body, or by reading the request itself."""
    takes_files: bool = False

    @property
    def is_owned(self) -> bool:
        """Public for a reason, or declares actions and knows its caller."""
        return bool(self.declares) and (isinstance(self.declares, str) or bool(self.kinds))


def routes_of(app: FastAPI) -> list[Route]:
    """Every route, those of included routers and mounted applications too."""
    return sorted(_routes(app.routes), key=lambda route: (route.path, route.methods))


def undeclared_routes(app: FastAPI) -> list[str]:
    """`GET /path` of each route that declares nothing, or declares actions but never asks who calls. For a guard."""
    return [f"{'|'.join(route.methods)} {route.path}" for route in routes_of(app) if not route.is_owned]


def unknown_caller(error: str) -> Problem:
    """401 with the challenge of RFC 6750."""
    detail = ("Vui lòng đăng nhập lại.", "Please sign in again.")
    return Problem(401, detail=detail, headers={"WWW-Authenticate": f'Bearer realm="motcua", error="{error}"'})


def _routes(routes: Sequence[BaseRoute], prefix: str = "") -> Iterator[Route]:
    for route in iter_route_contexts(routes):
        path = prefix + (route.path or "")
        if isinstance(route.original_route, Mount):
            yield from _routes(route.original_route.routes, path)  # a folder of static files has no routes
        elif route.endpoint is not None:
            methods = tuple(sorted(route.methods or ()))
            endpoint = route.endpoint
            takes = _takes_input(route), _takes_files(route)
            yield Route(path, methods, declared(endpoint), _kinds(route), limit_of(endpoint), *takes)


def _kinds(route: RouteContext) -> frozenset[Kind]:
    return _asked(route.dependant) if isinstance(route.original_route, APIRoute) else frozenset()


def _takes_input(route: RouteContext) -> bool:
    if not isinstance(route.original_route, APIRoute):
        return False
    known = route.dependant
    given = (known.path_params, known.query_params, known.header_params, known.body_params, known.cookie_params)
    return any(given) or known.request_param_name is not None


def _takes_files(route: RouteContext) -> bool:
    if not isinstance(route.original_route, APIRoute):
        return False
    return any(isinstance(field.field_info, params.File) for field in route.dependant.body_params)


def _asked(dependant: Dependant) -> frozenset[Kind]:
    own = dependant.call.kinds if isinstance(dependant.call, Caller) else frozenset[Kind]()
    return own.union(*map(_asked, dependant.dependencies))
