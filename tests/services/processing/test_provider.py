"""What a true identity provider refuses to do: every claim wrong once, tokens that it did not sign, others' addresses.

Signing in as it should be is tried at a certified provider: `test_sign_in_elsewhere.py`.
"""

from __future__ import annotations

import base64
import json
import time
from collections.abc import Callable
from typing import Any, Final
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
from joserfc import jwt
from joserfc.jwk import OctKey, RSAKey

from services.processing.adapters.provider import NotStaff, Provider, ProviderRefused
from shared.platform.http import Away, Client

ISSUER: Final = "https://idp.example/realms/tinh"
NOW: Final = int(time.time())


class Forger:
    """Answers as a provider does, with `wrong` claims, `told` at its userinfo endpoint, its `document` bent."""

    def __init__(self) -> None:
        self.key = RSAKey.generate_key(2048, {"kid": "one", "use": "sig"})
        self.nonce = ""
        self.wrong: dict[str, Any] = {}
        self.told: dict[str, Any] = {}
        self.document: dict[str, Any] = {}
        self.sign: Callable[[dict[str, Any]], str] = self._signed

    def answer(self, request: httpx.Request) -> httpx.Response:
        paths = {"authorization_endpoint": "authorize", "token_endpoint": "token", "jwks_uri": "keys"}
        found = {name: f"{ISSUER}/{path}" for name, path in paths.items()} | {"userinfo_endpoint": f"{ISSUER}/me"}
        answers: dict[str, Callable[[], dict[str, Any]]] = {
            "/.well-known/openid-configuration": lambda: found | {"issuer": ISSUER} | self.document,
            "/keys": lambda: {"keys": [self.key.as_dict(private=False)]},
            "/token": lambda: {"token_type": "Bearer", "access_token": "it", "id_token": self._token()},
            "/me": lambda: self.told,
        }
        return httpx.Response(200, json=answers[request.url.path.removeprefix("/realms/tinh")]())

    def _token(self) -> str:
        now = int(time.time())
        claims = {
            "iss": ISSUER, "aud": "motcua-desk", "azp": "motcua-desk", "sub": "7", "nonce": self.nonce, "iat": now,
            "auth_time": now, "exp": now + 300, "preferred_username": "CB-0042", "title": "Quầy 03",
            "motcua_grants": ["CLERK:000.00.03.H39"],
        }  # fmt: skip
        return self.sign({name: value for name, value in (claims | self.wrong).items() if value is not None})

    def _signed(self, claims: dict[str, Any]) -> str:
        return jwt.encode({"alg": "RS256", "kid": "one"}, claims, self.key)


@pytest.fixture
def forger() -> Forger:
    return Forger()


@pytest.fixture
def provider(forger: Forger) -> Provider:
    http = Client("https://idp.example", "provider", transport=httpx.MockTransport(forger.answer))
    return Provider(
        issuer=ISSUER,
        client_id="motcua-desk",
        client_secret="secret",
        redirect_uri="http://desk/desk/sign-in/return",
        http=http,
    )


async def sign_in(forger: Forger, provider: Provider, issuer: str = "") -> str:
    """The whole way; the code of whom it is."""
    address, flow = await provider.begin()
    asked = parse_qs(urlsplit(address).query)
    forger.nonce = asked["nonce"][0]
    return (await provider.finish(flow, code="it", state=asked["state"][0], issuer=issuer)).person_code


async def test_what_is_bent_here_is_good_when_it_is_not_bent(forger: Forger, provider: Provider) -> None:
    assert await sign_in(forger, provider, ISSUER) == "CB-0042"


@pytest.mark.parametrize(
    ("wrong", "check"),
    [
        ({"iss": "https://other.example"}, "iss"),
        ({"aud": "another-client"}, "aud"),
        ({"aud": ["motcua-desk", "another"], "azp": "another"}, "azp"),
        ({"aud": ["motcua-desk", "another"], "azp": None}, "azp"),
        ({"nonce": "old"}, "nonce"),
        ({"nonce": None}, "nonce"),
        ({"exp": NOW - 120}, "exp"),
        ({"exp": "tomorrow"}, "exp"),
        ({"iat": NOW + 3600}, "iat"),
        ({"auth_time": None}, "auth_time"),
        ({"auth_time": NOW - 3600}, "auth_time"),
        ({"auth_time": NOW + 3600}, "auth_time"),
    ],
)
async def test_a_wrong_claim_is_refused(forger: Forger, provider: Provider, wrong: dict[str, Any], check: str) -> None:
    forger.wrong = wrong
    with pytest.raises(ProviderRefused, match=f"^{check}$"):
        await sign_in(forger, provider)


@pytest.mark.parametrize("code", ["Nguyễn Văn A", "", "service:intake", 7])
async def test_who_has_no_code_of_ours_is_none_of_ours(forger: Forger, provider: Provider, code: object) -> None:
    forger.wrong = {"preferred_username": code}
    with pytest.raises(NotStaff, match=r"^preferred_username$"):
        await sign_in(forger, provider)


@pytest.mark.parametrize("told", [{}, {"sub": "8", "preferred_username": "CB-0001"}])
async def test_a_profile_of_somebody_else_is_refused(forger: Forger, provider: Provider, told: dict[str, Any]) -> None:
    forger.wrong, forger.told = {"preferred_username": None}, told
    with pytest.raises(ProviderRefused, match=r"^sub$"):
        await sign_in(forger, provider)


async def test_the_answer_of_another_provider_is_refused(forger: Forger, provider: Provider) -> None:
    with pytest.raises(ProviderRefused, match=r"^iss$"):
        await sign_in(forger, provider, "https://other.example")
    forger.document = {"authorization_response_iss_parameter_supported": True}
    with pytest.raises(ProviderRefused, match=r"^iss$"):
        await sign_in(forger, provider)


@pytest.mark.parametrize(
    "document",
    [
        {"issuer": "https://other.example"},
        {"token_endpoint": "https://other.example/token"},
        {"jwks_uri": "http://idp.example/keys"},
        {"end_session_endpoint": "https://other.example/bye"},
        {"authorization_endpoint": None},
    ],
)
async def test_nobody_is_sent_to_another_host(forger: Forger, provider: Provider, document: dict[str, Any]) -> None:
    forger.document = document
    with pytest.raises(Away):
        await provider.begin()


def _unsigned(claims: dict[str, Any]) -> str:
    parts = ({"alg": "none"}, claims)
    return ".".join(base64.urlsafe_b64encode(json.dumps(part).encode()).decode().rstrip("=") for part in parts) + "."


def _confused(claims: dict[str, Any]) -> str:
    return jwt.encode({"alg": "HS256", "kid": "one"}, claims, OctKey.import_key("one" * 16))


def _stranger(claims: dict[str, Any]) -> str:
    return jwt.encode({"alg": "RS256", "kid": "one"}, claims, RSAKey.generate_key(2048, {"kid": "one"}))


@pytest.mark.parametrize("sign", [_unsigned, _confused, _stranger, lambda _: "no token"])
async def test_a_token_that_the_provider_did_not_sign_is_refused(
    forger: Forger, provider: Provider, sign: Callable[[dict[str, Any]], str]
) -> None:
    forger.sign = sign
    with pytest.raises(ProviderRefused, match=r"^signature$"):
        await sign_in(forger, provider)
