"""The identity provider of production: OpenID Connect by authorization code with PKCE, through one generic client.

Which provider it is, is configuration. Nothing of its answer is believed before issuer, audience, authorised party,
nonce, expiry and the signature's algorithm were checked (SR-01).
"""

from __future__ import annotations

import base64
import hashlib
import secrets
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
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
_PERSON: Final = TypeAdapter(PersonCode)
_GRANT: Final = TypeAdapter(tuple[Role, AgencyCode])


class ProviderRefused(Exception):
    """The provider's answer does not hold; names the check, never the token."""


class Flow(NamedTuple):
    """One sign-in under way, kept by the browser that began it."""

    state: str
    nonce: str
    verifier: str


class Vouched(NamedTuple):
    """Whom the provider vouches for, and what they are granted."""

    person_code: str
    title: str
    grants: tuple[tuple[Role, str], ...]


class _Discovered(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore")

    issuer: str
    authorization_endpoint: str
    token_endpoint: str
    jwks_uri: str


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
    _known: _Discovered | None = field(default=None, init=False, repr=False)

    async def begin(self) -> tuple[str, Flow]:
        """Where to send the browser, and what it has to remember. Raises Away."""
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
        }
        return f"{found.authorization_endpoint}?{urlencode(asked)}", flow

    async def finish(self, flow: Flow, *, code: str, state: str) -> Vouched:
        """Whom the code stands for. Raises ProviderRefused, Away."""
        if not secrets.compare_digest(flow.state, state):
            raise ProviderRefused("state")
        found = await self._discovered()
        given = {
            "grant_type": "authorization_code",
            "code": code,
            "code_verifier": flow.verifier,
            "redirect_uri": self.redirect_uri,
            "client_id": self.client_id,
            "client_secret": self.client_secret,
        }
        try:
            token = (await self._call("POST", found.token_endpoint, data=given)).json()
            keys = (await self._call("GET", found.jwks_uri)).json()
        except (Answered, ValueError) as error:
            raise ProviderRefused("code") from error
        if not isinstance(token, dict):
            raise ProviderRefused("code")
        return self._vouched(_claims(str(token.get("id_token", "")), keys), found.issuer, flow.nonce)

    def _vouched(self, claims: dict[str, Any], issuer: str, nonce: str) -> Vouched:
        now, audience = time.time(), claims.get("aud")
        audiences: Sequence[Any] = audience if isinstance(audience, list) else [audience]
        checks = {
            "iss": claims.get("iss") == issuer == self.issuer,
            "aud": self.client_id in audiences,
            "azp": claims.get("azp", self.client_id if len(audiences) == 1 else None) == self.client_id,
            "nonce": secrets.compare_digest(str(claims.get("nonce", "")), nonce),
            "exp": _number(claims.get("exp")) > now - SKEW,
            "iat": _number(claims.get("iat")) < now + SKEW,
        }
        if wrong := [name for name, good in checks.items() if not good]:
            raise ProviderRefused(wrong[0])
        try:
            person = _PERSON.validate_python(claims.get(self.person_claim))
        except ValidationError as error:
            raise ProviderRefused(self.person_claim) from error
        if not person or person.startswith("service:"):
            raise ProviderRefused(self.person_claim)
        return Vouched(
            person, str(claims.get(self.title_claim, ""))[:80] or person, _grants(claims.get(self.grants_claim))
        )

    async def _discovered(self) -> _Discovered:
        if self._known is None:
            where = f"{self.issuer.rstrip('/')}/.well-known/openid-configuration"
            try:
                self._known = _Discovered.model_validate_json((await self._call("GET", where)).content)
            except (Answered, ValidationError) as error:
                raise Away("provider", type(error).__name__) from error
        return self._known

    async def _call(self, method: str, address: str, **what: Any) -> Any:
        """Only what the configured issuer's own document names, on its own host (SR-29)."""
        here, there = urlsplit(self.issuer), urlsplit(address)
        if (here.scheme, here.netloc) != (there.scheme, there.netloc):
            raise ProviderRefused("host")
        if self.http is not None:
            return await self.http.call(method, there.path, **what)
        async with client(f"{here.scheme}://{here.netloc}", where="provider") as http:
            return await http.call(method, there.path, **what)


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
