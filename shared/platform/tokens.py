"""Signed, short-lived tokens of staff, partners, citizens and services (RFC 7519, Ed25519 of RFC 8037/9864).

A key may only speak for what its id says: `service:<name>` for that service, `local-idp` for the people of a local
stack, refused in production (SR-19), `console` for the staff who are signed in there, two minutes at a time.
"""

from __future__ import annotations

import json
import warnings
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Any, Final, Literal

from joserfc import jws, jwt
from joserfc.errors import JoseError, SecurityWarning
from joserfc.jwk import OKPKey
from pydantic import BaseModel, ConfigDict, ValidationError

from shared.dossier.codes import AgencyCode, PersonCode
from shared.dossier.lifecycle import Role
from shared.dossier.permission import STAFF_READERS, Actor, Grant, Kind

AUDIENCE: Final = "motcua"
DEMO_ISSUER: Final = "motcua-local"
DEMO_KEY: Final = "local-idp"
CONSOLE_KEY: Final = "console"
"""The key of the console, where staff sign in: it speaks for the person at the keyboard when a sibling is asked."""
CONSOLE_MINUTES: Final = 2
"""No token of the console lives longer: it is made for one call."""
LONGEST: Final = timedelta(hours=12)
"""No token lives longer: an absolute working day (SR-02)."""
SKEW: Final = timedelta(seconds=60)
"""Clocks of two machines may differ by this much."""

_ALGORITHMS: Final = ("Ed25519", "EdDSA")  # two names of one algorithm: RFC 9864 and RFC 8037
_PEOPLE: Final = frozenset({Kind.STAFF, Kind.PARTNER, Kind.CITIZEN})


class TokenRefused(Exception):
    """Not a token of ours, or not valid now. Names the check that failed, never the token."""


class Claims(BaseModel):
    """What a verified token says. `exp` and `iat` are whole seconds since 1970."""

    model_config = ConfigDict(frozen=True, extra="ignore", strict=True)

    iss: str
    aud: Literal["motcua"]
    sub: PersonCode
    kind: Kind
    grants: tuple[tuple[Role, AgencyCode], ...] = ()
    iat: int
    exp: int

    @property
    def actor(self) -> Actor:
        """The caller as `can` knows callers."""
        grants = frozenset(Grant(role=role, agency_code=agency) for role, agency in self.grants)
        return Actor(person_code=self.sub, kind=self.kind, grants=grants)


def mint(
    key_jwk: str,
    *,
    issuer: str,
    subject: str,
    kind: Kind,
    grants: tuple[tuple[str, str], ...] = (),
    minutes: int = 60,
    now: datetime | None = None,
) -> str:
    """A signed token. `key_jwk` is a private Ed25519 JWK with its `kid`; grants are (role, agency code)."""
    key = _private_key(key_jwk)
    at = int((now or datetime.now(UTC)).timestamp())
    claims: dict[str, object] = {
        "iss": issuer,
        "aud": AUDIENCE,
        "sub": subject,
        "kind": kind.value,
        "grants": [list(grant) for grant in grants],
        "iat": at,
        "exp": at + minutes * 60,
    }
    return jwt.encode({"alg": "Ed25519", "kid": key.kid}, claims, key, algorithms=["Ed25519"])


def for_person(key_jwk: str, actor: Actor, now: datetime | None = None) -> str:
    """A token for one call to a sibling, in the name of who is signed in. `key_jwk`: the console's private key."""
    grants = tuple(sorted((grant.role.value, grant.agency_code) for grant in actor.grants))
    return mint(
        key_jwk, issuer=CONSOLE_KEY, subject=actor.person_code, kind=Kind.STAFF, grants=grants,
        minutes=CONSOLE_MINUTES, now=now,
    )  # fmt: skip


class ServiceToken:
    """A service's own token, minted anew shortly before it ends. Call it for the token to send now."""

    def __init__(self, key_jwk: str, *, minutes: int = 10) -> None:
        """`key_jwk`: the service's private key; its kid `service:<name>` is issuer and subject."""
        self._key_jwk = key_jwk
        self._minutes = minutes
        self._token = ""
        self._renew_at = datetime.min.replace(tzinfo=UTC)

    def __call__(self) -> str:
        now = datetime.now(UTC)
        if now >= self._renew_at:
            name = str(_private_key(self._key_jwk).kid)
            self._token = mint(
                self._key_jwk, issuer=name, subject=name, kind=Kind.SERVICE, minutes=self._minutes, now=now
            )
            self._renew_at = now + timedelta(minutes=self._minutes) * 0.7
        return self._token


def verify(jwks: str, token: str, *, now: datetime | None = None, production: bool) -> Claims:
    """The claims of a token that is ours and valid now. `jwks`: the public keys as a JWK Set.

    Raises: TokenRefused, naming the check: form, alg, kid, signature, claims, iss, kind, grants, iat or exp.
    """
    header, key = _header_and_key(jwks, token)
    try:
        with warnings.catch_warnings():  # the older name of the algorithm is deprecated, the signature is the same
            warnings.simplefilter("ignore", SecurityWarning)
            payload = jwt.decode(token, key, algorithms=[str(header["alg"])]).claims
    except (JoseError, ValueError, TypeError) as error:
        raise TokenRefused("signature") from error
    try:
        claims = Claims.model_validate_json(json.dumps(payload))
    except ValidationError as error:
        raise TokenRefused("claims") from error
    _check_speaker(str(header["kid"]), claims, production=production)
    _check_time(claims, now or datetime.now(UTC))
    return claims


def _header_and_key(jwks: str, token: str) -> tuple[dict[str, Any], OKPKey]:
    """The protected header and the key it names; nothing in it is believed beyond the choice among our keys."""
    try:
        header = dict(jws.extract_compact(token.encode()).protected)
    except (JoseError, ValueError, TypeError) as error:
        raise TokenRefused("form") from error
    if header.get("alg") not in _ALGORITHMS:
        raise TokenRefused("alg")
    key = _public_keys(jwks).get(str(header.get("kid")))
    if key is None:
        raise TokenRefused("kid")
    return header, key


def _check_speaker(kid: str, claims: Claims, *, production: bool) -> None:
    """Whether this key may speak for this issuer, kind, subject and grants."""
    is_person = bool(claims.sub) and not claims.sub.startswith("service:")
    if kid == DEMO_KEY and not production:
        issuer, fits = DEMO_ISSUER, claims.kind in _PEOPLE and is_person
    elif kid == CONSOLE_KEY:
        issuer, fits = CONSOLE_KEY, claims.kind is Kind.STAFF and is_person
        if claims.exp - claims.iat > CONSOLE_MINUTES * 60:
            raise TokenRefused("exp")
    elif kid.startswith("service:"):
        issuer, fits = kid, claims.kind is Kind.SERVICE and claims.sub == kid
    else:
        raise TokenRefused("kid")
    if claims.iss != issuer:
        raise TokenRefused("iss")
    if not fits:
        raise TokenRefused("kind")
    if claims.grants and claims.kind is not Kind.STAFF:
        raise TokenRefused("grants")
    if any(role not in STAFF_READERS for role, _ in claims.grants):  # nobody is granted the machines' roles
        raise TokenRefused("grants")


def _check_time(claims: Claims, now: datetime) -> None:
    at, skew = int(now.timestamp()), int(SKEW.total_seconds())
    if claims.iat > at + skew:
        raise TokenRefused("iat")
    if not at < claims.exp <= at + int(LONGEST.total_seconds()) + skew:
        raise TokenRefused("exp")


@lru_cache(maxsize=4)
def _private_key(key_jwk: str) -> OKPKey:
    return _key(json.loads(key_jwk))


@lru_cache(maxsize=4)
def _public_keys(jwks: str) -> dict[str, OKPKey]:
    """Key id → key. Two keys of one id would make rotation ambiguous, so the later one wins."""
    return {str(key["kid"]): _key(key) for key in json.loads(jwks)["keys"]}


def _key(jwk: dict[str, str]) -> OKPKey:
    """The key without its `alg` mark: which algorithm counts is decided here, not by the key's file."""
    return OKPKey.import_key({name: value for name, value in jwk.items() if name in {"kty", "crv", "x", "d", "kid"}})
