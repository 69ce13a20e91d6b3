"""The identity provider of production: OpenID Connect by authorization code with PKCE, through one generic client.

Which provider it is, is configuration: it knows this console by client id and secret (`client_secret_post`), its way
back `/desk/sign-in/return` and, after signing out, `/desk/sign-in`. Nothing of its answer is believed before issuer,
audience, authorised party, nonce, expiry, time of the sign-in and the signature's algorithm were checked (SR-01).
"""

from __future__ import annotations

import base64
import hashlib
import secrets
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final, NamedTuple
from urllib.parse import urlencode, urlsplit

from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet
from pydantic import BaseModel, ConfigDict, TypeAdapter, ValidationError

from shared.dossier.codes import AgencyCode, PersonCode
from shared.dossier.lifecycle import Role
from shared.dossier.permission import STAFF_READERS
from shared.platform.http import Answered, Away, Client, client

ALGORITHMS: Final = ("RS256", "PS256", "ES256", "EdDSA", "Ed25519")
"""Of signatures; never `none`, never a shared secret."""
SKEW: Final = 60
FLOW_SECONDS: Final = 600
"""How long a person may stay at the provider's pages."""
OLDEST: Final = 900
"""Seconds since the person signed in there: no older than a session of ours may be silent, so that at a shared counter
nobody comes in as whoever sat there before.
"""
_PERSON: Final = TypeAdapter(PersonCode)
_GRANT: Final = TypeAdapter(tuple[Role, AgencyCode])


class ProviderRefused(Exception):
    """The provider's answer does not hold; names the check, never the token."""


class NotStaff(ProviderRefused):
    """The provider knows the person, but not by a code of ours."""


class Flow(NamedTuple):
    """One sign-in under way, kept by the browser that began it."""

    state: str
    nonce: str
    verifier: str


class Vouched(NamedTuple):
    """Whom the provider vouches for, what they are granted, and when they proved who they are."""

    person_code: str
    title: str
    grants: tuple[tuple[Role, str], ...]
    proved_at: datetime


class _Discovered(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore")

    issuer: str
    authorization_endpoint: str
    token_endpoint: str
    jwks_uri: str
    userinfo_endpoint: str = ""
    end_session_endpoint: str = ""
    authorization_response_iss_parameter_supported: bool = False

    @property
    def addresses(self) -> tuple[str, ...]:
        """All that is called, or that a browser is sent to."""
        needed = (self.authorization_endpoint, self.token_endpoint, self.jwks_uri)
        return needed + tuple(each for each in (self.userinfo_endpoint, self.end_session_endpoint) if each)


@dataclass
class Provider:
    """One provider. `person_claim` is our opaque code, `grants_claim` lists `ROLE:AGENCY`, `title_claim` the post."""

    issuer: str
    client_id: str
    client_secret: str
    redirect_uri: str
    person_claim: str = "preferred_username"
    grants_claim: str = "motcua_grants"
    title_claim: str = "title"
    http: Client | None = None
    """Another way to reach it, for tests; addresses of its documents are called below the issuer's host."""

    async def begin(self, *, anew: bool = False) -> tuple[str, Flow]:
        """Where to send the browser, and what it has to remember. Raises Away.

        `anew`: the person types the secret again there, although the provider still knows them.
        """
        found = await self._discovered()
        flow = Flow(*(secrets.token_urlsafe(32) for _ in range(3)))
        asked = {
            "response_type": "code",
            "scope": "openid profile",
            "client_id": self.client_id,
            "redirect_uri": self.redirect_uri,
            "state": flow.state,
            "nonce": flow.nonce,
            "code_challenge": challenge_of(flow.verifier),
            "code_challenge_method": "S256",
        } | ({"max_age": "0", "prompt": "login"} if anew else {"max_age": str(OLDEST)})
        return f"{found.authorization_endpoint}?{urlencode(asked)}", flow

    async def finish(self, flow: Flow | None, *, code: str, state: str, issuer: str = "") -> Vouched:
        """Whom the code stands for; `issuer` as the address named it (RFC 9207), no `flow` where none was begun.
        Raises ProviderRefused, Away.
        """
        if flow is None or not secrets.compare_digest(flow.state, state):
            raise ProviderRefused("state")
        found = await self._discovered()
        if issuer != self.issuer and (issuer or found.authorization_response_iss_parameter_supported):
            raise ProviderRefused("iss")
        if not code:
            raise ProviderRefused("code")
        given = {
            "grant_type": "authorization_code",
            "code": code,
            "code_verifier": flow.verifier,
            "redirect_uri": self.redirect_uri,
            "client_id": self.client_id,
            "client_secret": self.client_secret,
        }
        token = await self._asked("code", "POST", found.token_endpoint, data=given)
        claims = _claims(str(token.get("id_token", "")), await self._asked("keys", "GET", found.jwks_uri))
        self._check(claims, flow.nonce)
        return self._vouched(await self._told(found, str(token.get("access_token", "")), claims))

    async def sign_out_address(self) -> str:
        """Where a browser ends its session there too (RP-initiated logout); empty when the provider has no such place.
        Raises Away.
        """
        found = await self._discovered()
        back = self.redirect_uri.removesuffix("/return")
        asked = urlencode({"client_id": self.client_id, "post_logout_redirect_uri": back})
        return f"{found.end_session_endpoint}?{asked}" if found.end_session_endpoint else ""

    async def _told(self, found: _Discovered, access_token: str, claims: dict[str, Any]) -> dict[str, Any]:
        """The claims with what the token left out: the standard has a profile told at the userinfo endpoint."""
        if not found.userinfo_endpoint or {self.person_claim, self.grants_claim, self.title_claim} <= claims.keys():
            return claims
        bearer = {"authorization": f"Bearer {access_token}"}
        told = await self._asked("userinfo", "GET", found.userinfo_endpoint, headers=bearer)
        if not claims.get("sub") or told.get("sub") != claims["sub"]:
            raise ProviderRefused("sub")
        return told | claims

    def _check(self, claims: dict[str, Any], nonce: str) -> None:
        now, audience = time.time(), claims.get("aud")
        audiences: Sequence[Any] = audience if isinstance(audience, list) else [audience]
        checks = {
            "iss": claims.get("iss") == self.issuer,
            "aud": self.client_id in audiences,
            "azp": claims.get("azp", self.client_id if len(audiences) == 1 else None) == self.client_id,
            "nonce": secrets.compare_digest(str(claims.get("nonce", "")), nonce),
            "exp": _number(claims.get("exp")) > now - SKEW,
            "iat": _number(claims.get("iat")) < now + SKEW,
            "auth_time": now - OLDEST - FLOW_SECONDS - SKEW < _number(claims.get("auth_time")) < now + SKEW,
        }
        if wrong := [name for name, good in checks.items() if not good]:
            raise ProviderRefused(wrong[0])

    def _vouched(self, claims: dict[str, Any]) -> Vouched:
        try:
            person = _PERSON.validate_python(claims.get(self.person_claim))
        except ValidationError as error:
            raise NotStaff(self.person_claim) from error
        if not person or person.startswith("service:"):
            raise NotStaff(self.person_claim)
        title = str(claims.get(self.title_claim, ""))[:80] or person
        proved_at = datetime.fromtimestamp(_number(claims["auth_time"]), UTC)
        return Vouched(person, title, _grants(claims.get(self.grants_claim)), proved_at)

    async def _discovered(self) -> _Discovered:
        """Asked at each sign-in: what a browser is sent to stands, and who is away is known before it is sent."""
        where = f"{self.issuer.rstrip('/')}/.well-known/openid-configuration"
        try:
            found = _Discovered.model_validate_json((await self._call("GET", where)).content)
        except (Answered, ValidationError) as error:
            raise Away("provider", type(error).__name__) from error
        if found.issuer != self.issuer or {origin_of(each) for each in found.addresses} != {origin_of(self.issuer)}:
            raise Away("provider", "its document names another host")
        return found

    async def _asked(self, check: str, method: str, address: str, **what: Any) -> dict[str, Any]:
        """The JSON object of an answer. Raises ProviderRefused with that check, Away."""
        try:
            found = (await self._call(method, address, **what)).json()
        except (Answered, ValueError) as error:
            raise ProviderRefused(check) from error
        if not isinstance(found, dict):
            raise ProviderRefused(check)
        return found

    async def _call(self, method: str, address: str, **what: Any) -> Any:
        """Only what the configured issuer's own document names, on its own host (SR-29)."""
        path = urlsplit(address).path
        if self.http is not None:
            return await self.http.call(method, path, **what)
        async with client(origin_of(self.issuer), where="provider") as http:
            return await http.call(method, path, **what)


def origin_of(address: str) -> str:
    """Scheme, host and port."""
    parts = urlsplit(address)
    return f"{parts.scheme}://{parts.netloc}"


def challenge_of(verifier: str) -> str:
    """The S256 challenge of a verifier (RFC 7636)."""
    digest = hashlib.sha256(verifier.encode()).digest()
    return base64.urlsafe_b64encode(digest).decode().rstrip("=")


def _claims(id_token: str, keys: object) -> dict[str, Any]:
    try:
        known = KeySet.import_key_set(keys)  # type: ignore[arg-type] # what is no key set is refused there
        return dict(jwt.decode(id_token, known, algorithms=list(ALGORITHMS)).claims)
    except (JoseError, ValueError, TypeError, KeyError, AttributeError) as error:
        raise ProviderRefused("signature") from error


def _grants(claim: object) -> tuple[tuple[Role, str], ...]:
    """`ROLE:AGENCY` texts as grants; what is none of ours grants nothing."""
    found = []
    for text in claim if isinstance(claim, list) else []:
        role, _, agency = str(text).partition(":")
        try:
            grant = _GRANT.validate_python((role, agency))
        except ValidationError:
            continue
        if grant[0] in STAFF_READERS or grant[0] is Role.OPERATOR:
            found.append(grant)
    return tuple(dict.fromkeys(found))


def _number(value: object) -> float:
    return float(value) if isinstance(value, int | float) and not isinstance(value, bool) else 0.0
