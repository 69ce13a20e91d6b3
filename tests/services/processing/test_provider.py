"""Sign-in at an identity provider: the standard's way, and every claim wrong once."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from dataclasses import replace
from typing import Any, Final
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
from joserfc import jwt
from joserfc.jwk import OctKey, RSAKey

from services.processing.adapters.provider import Flow, Provider, ProviderRefused, challenge_of
from shared.dossier.lifecycle import Role
from shared.platform.http import Client
from tests.services.processing.conftest import Site

ISSUER: Final = "https://idp.example/realms/tinh"
BACK: Final = "http://desk/desk/sign-in/return"


class Idp:
    """A provider that speaks the standard: discovery, authorization, token with PKCE, keys; `wrong` bends tokens."""

    def __init__(self) -> None:
        self.key = RSAKey.generate_key(2048, {"kid": "one", "use": "sig"})
        self.asked: dict[str, str] = {}
        self.wrong: dict[str, Any] = {}
        self.sign: Callable[[dict[str, Any]], str] = self._signed
        self.is_away = False

    def approve(self, address: str) -> str:
        """What a browser does there: the person agrees; the code comes back in the address."""
        parts = urlsplit(address)
        assert f"{parts.scheme}://{parts.netloc}{parts.path}" == f"{ISSUER}/authorize"
        self.asked = {name: texts[0] for name, texts in parse_qs(parts.query).items()}
        assert self.asked["code_challenge_method"] == "S256"
        return self.asked["state"]

    def answer(self, request: httpx.Request) -> httpx.Response:
        if self.is_away:
            raise httpx.ConnectError("away")
        match request.url.path.removeprefix("/realms/tinh"):
            case "/.well-known/openid-configuration":
                paths = {"authorization_endpoint": "authorize", "token_endpoint": "token", "jwks_uri": "keys"}
                found = {name: f"{ISSUER}/{path}" for name, path in paths.items()}
                return httpx.Response(200, json=found | {"issuer": ISSUER})
            case "/keys":
                return httpx.Response(200, json={"keys": [self.key.as_dict(private=False)]})
            case "/token":
                return self._token({name: texts[0] for name, texts in parse_qs(request.content.decode()).items()})
        return httpx.Response(404)

    def _token(self, given: dict[str, str]) -> httpx.Response:
        good = given["code"] == "the-code" and given["client_secret"] == "secret" and given["redirect_uri"] == BACK
        if not good or challenge_of(given["code_verifier"]) != self.asked["code_challenge"]:
            return httpx.Response(400, json={"error": "invalid_grant"})
        now = int(time.time())
        claims = {
            "iss": ISSUER, "aud": "motcua-desk", "azp": "motcua-desk", "nonce": self.asked["nonce"], "iat": now,
            "exp": now + 300, "preferred_username": "CB-0042", "title": "Quầy 03",
            "motcua_grants": ["CLERK:000.00.03.H39", "OPERATOR:000.00.00.H39", "SYSTEM:000.00.03.H39", "nonsense", 7],
        }  # fmt: skip
        return httpx.Response(200, json={"token_type": "Bearer", "id_token": self.sign(claims | self.wrong)})

    def _signed(self, claims: dict[str, Any]) -> str:
        return jwt.encode({"alg": "RS256", "kid": "one"}, claims, self.key)


@pytest.fixture
def idp() -> Idp:
    return Idp()


@pytest.fixture
def provider(idp: Idp) -> Provider:
    http = Client("https://idp.example", "provider", transport=httpx.MockTransport(idp.answer))
    return Provider(issuer=ISSUER, client_id="motcua-desk", client_secret="secret", redirect_uri=BACK, http=http)


async def test_who_comes_back_with_the_code_is_who_the_provider_says(idp: Idp, provider: Provider) -> None:
    address, flow = await provider.begin()
    vouched = await provider.finish(flow, code="the-code", state=idp.approve(address))
    assert vouched.person_code == "CB-0042"
    assert vouched.title == "Quầy 03"
    held = ((Role.CLERK, "000.00.03.H39"), (Role.OPERATOR, "000.00.00.H39"))
    assert vouched.grants == held, "machines' roles and nonsense grant nothing"


NOW: Final = int(time.time())


@pytest.mark.parametrize(
    ("wrong", "check"),
    [
        ({"iss": "https://other.example"}, "iss"),
        ({"aud": "another-client"}, "aud"),
        ({"aud": ["motcua-desk", "another"], "azp": "another"}, "azp"),
        ({"nonce": "old"}, "nonce"),
        ({"nonce": None}, "nonce"),
        ({"exp": NOW - 120}, "exp"),
        ({"exp": "tomorrow"}, "exp"),
        ({"iat": NOW + 3600}, "iat"),
        ({"preferred_username": "Nguyễn Văn A"}, "preferred_username"),
        ({"preferred_username": ""}, "preferred_username"),
        ({"preferred_username": "service:intake"}, "preferred_username"),
    ],
)
async def test_a_wrong_claim_is_refused(idp: Idp, provider: Provider, wrong: dict[str, Any], check: str) -> None:
    idp.wrong = wrong
    address, flow = await provider.begin()
    with pytest.raises(ProviderRefused, match=f"^{check}$"):
        await provider.finish(flow, code="the-code", state=idp.approve(address))


def _unsigned(claims: dict[str, Any]) -> str:
    import base64

    parts = ({"alg": "none"}, claims)
    return ".".join(base64.urlsafe_b64encode(json.dumps(part).encode()).decode().rstrip("=") for part in parts) + "."


def _confused(claims: dict[str, Any]) -> str:
    return jwt.encode({"alg": "HS256", "kid": "one"}, claims, OctKey.import_key("one" * 16))


def _stranger(claims: dict[str, Any]) -> str:
    return jwt.encode({"alg": "RS256", "kid": "one"}, claims, RSAKey.generate_key(2048, {"kid": "one"}))


@pytest.mark.parametrize("sign", [_unsigned, _confused, _stranger, lambda _: "no token"])
async def test_a_token_that_the_provider_did_not_sign_is_refused(
    idp: Idp, provider: Provider, sign: Callable[[dict[str, Any]], str]
) -> None:
    idp.sign = sign
    address, flow = await provider.begin()
    with pytest.raises(ProviderRefused, match=r"^signature$"):
        await provider.finish(flow, code="the-code", state=idp.approve(address))


async def test_another_browsers_state_verifier_or_code_is_refused(idp: Idp, provider: Provider) -> None:
    address, flow = await provider.begin()
    state = idp.approve(address)
    with pytest.raises(ProviderRefused, match=r"^state$"):
        await provider.finish(flow, code="the-code", state="stolen")
    for other, code in ((Flow(flow.state, flow.nonce, "x" * 43), "the-code"), (flow, "guessed")):
        with pytest.raises(ProviderRefused, match=r"^code$"):
            await provider.finish(other, code=code, state=state)


async def test_the_pages_sign_in_there_and_come_back_to_where_they_were(
    idp: Idp, provider: Provider, site: Site
) -> None:
    site.app.state.console = replace(site.app.state.console, provider=provider)
    browser = await site.browser()
    assert "Đăng nhập bằng tài khoản công vụ" in (await browser.get("/desk/sign-in")).text
    sent = await browser.get("/desk/sign-in/provider?next=/desk/me")
    state = idp.approve(sent.headers["location"])
    came = await browser.get(f"/desk/sign-in/return?code=the-code&state={state}")
    assert (came.status_code, came.headers["location"]) == (303, "/desk/me")
    assert "Quầy 03" in (await browser.get("/desk/me")).text
    again = await browser.get(f"/desk/sign-in/return?code=the-code&state={state}")
    assert again.status_code == 401
    assert "Đăng nhập không thành công" in again.text


async def test_while_the_provider_is_away_the_page_says_who_can_go_on(idp: Idp, provider: Provider, site: Site) -> None:
    site.app.state.console = replace(site.app.state.console, provider=provider)
    idp.is_away = True
    answer = await (await site.browser()).get("/desk/sign-in/provider")
    assert answer.status_code == 503
    assert "Cổng đăng nhập đang gián đoạn. Người đã đăng nhập vẫn làm việc được." in answer.text
