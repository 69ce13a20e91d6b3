"""Tokens: each claim wrong once is a refusal; a key speaks only for what its id says."""

from __future__ import annotations

import base64
import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from joserfc import jwt
from joserfc.jwk import OctKey, OKPKey

from shared.dossier.lifecycle import Role
from shared.dossier.permission import Actor, Grant, Kind
from shared.platform.tokens import DEMO_ISSUER, ServiceToken, TokenRefused, for_person, mint, verify

NOW = datetime(2026, 3, 2, 8, 0, tzinfo=UTC)
IDP = OKPKey.generate_key("Ed25519", {"kid": "local-idp"})
INTAKE = OKPKey.generate_key("Ed25519", {"kid": "service:intake"})
STRANGER = OKPKey.generate_key("Ed25519", {"kid": "stranger"})
MARKS = {"alg": "EdDSA", "use": "sig"}
JWKS = json.dumps({"keys": [key.as_dict(private=False) | MARKS for key in (IDP, INTAKE)]})
GOOD: dict[str, Any] = {
    "iss": DEMO_ISSUER,
    "aud": "motcua",
    "sub": "cb-0001",
    "kind": "staff",
    "grants": [["CLERK", "000.00.06.H39"]],
    "iat": int(NOW.timestamp()),
    "exp": int(NOW.timestamp()) + 3600,
}
SERVICE = GOOD | {"iss": "service:intake", "sub": "service:intake", "kind": "service", "grants": []}


def signed(claims: dict[str, Any], key: OKPKey = IDP, **header: Any) -> str:
    return jwt.encode({"alg": "Ed25519", "kid": key.kid} | header, claims, key, algorithms=["Ed25519"])


def refusal(token: str, *, production: bool = False, now: datetime = NOW) -> str:
    with pytest.raises(TokenRefused) as refused:
        verify(JWKS, token, now=now, production=production)
    return str(refused.value)


def test_a_minted_token_names_person_and_grants() -> None:
    private = json.dumps(IDP.as_dict(private=True))
    grants = (("CLERK", "000.00.06.H39"), ("SIGNER", "000.01.21.H39"))
    token = mint(private, issuer=DEMO_ISSUER, subject="cb-0001", kind=Kind.STAFF, grants=grants, now=NOW)
    actor = verify(JWKS, token, now=NOW, production=False).actor
    assert (actor.person_code, actor.kind) == ("cb-0001", Kind.STAFF)
    assert actor.grants == {
        Grant(role=Role.CLERK, agency_code="000.00.06.H39"),
        Grant(role=Role.SIGNER, agency_code="000.01.21.H39"),
    }


def test_a_service_speaks_for_itself_in_production_too() -> None:
    token = ServiceToken(json.dumps(INTAKE.as_dict(private=True)))
    actor = verify(JWKS, token(), production=True).actor
    assert (actor.person_code, actor.kind) == ("service:intake", Kind.SERVICE)
    assert token() == token(), "minted anew only shortly before it ends"


@pytest.mark.parametrize(
    ("wrong", "reason"),
    [
        ({"iss": "service:intake"}, "iss"),
        ({"iss": None}, "claims"),
        ({"aud": "another"}, "claims"),
        ({"aud": ["motcua", "another"]}, "claims"),
        ({"sub": ""}, "kind"),
        ({"sub": "Nguyễn Văn A"}, "claims"),
        ({"sub": "service:intake"}, "kind"),
        ({"kind": "service"}, "kind"),
        ({"kind": "anyone"}, "kind"),
        ({"kind": "emperor"}, "claims"),
        ({"kind": "citizen"}, "grants"),
        ({"grants": [["EMPEROR", "000.00.06.H39"]]}, "claims"),
        ({"grants": [["SYSTEM", "000.00.06.H39"]]}, "grants"),
        ({"grants": [["CLERK", "H39; DROP"]]}, "claims"),
        ({"exp": GOOD["iat"]}, "exp"),
        ({"exp": GOOD["iat"] + 13 * 3600}, "exp"),
        ({"exp": str(GOOD["exp"])}, "claims"),
        ({"exp": None}, "claims"),
        ({"iat": GOOD["iat"] + 120}, "iat"),
    ],
)
def test_one_wrong_claim_refuses_a_persons_token(wrong: dict[str, Any], reason: str) -> None:
    assert refusal(signed(GOOD | wrong)) == reason


@pytest.mark.parametrize(
    ("wrong", "reason"),
    [
        ({"iss": DEMO_ISSUER}, "iss"),
        ({"sub": "service:payment"}, "kind"),
        ({"kind": "staff"}, "kind"),
        ({"grants": [["CLERK", "000.00.06.H39"]]}, "grants"),
    ],
)
def test_a_services_key_speaks_for_nobody_else(wrong: dict[str, Any], reason: str) -> None:
    assert refusal(signed(SERVICE | wrong, INTAKE)) == reason


def test_a_key_we_do_not_know_or_that_signs_under_anothers_id_is_refused() -> None:
    assert refusal(signed(GOOD, STRANGER)) == "kid"
    assert refusal(signed(GOOD, STRANGER, kid="local-idp")) == "signature"
    assert refusal(signed(SERVICE, IDP, kid="service:intake")) == "signature"
    assert refusal(signed(GOOD, IDP, kid="service:intake")) == "signature"


@pytest.mark.filterwarnings("ignore:EdDSA is deprecated")
def test_the_algorithms_older_name_means_the_same_signature() -> None:
    token = jwt.encode({"alg": "EdDSA", "kid": "local-idp"}, GOOD, IDP, algorithms=["EdDSA"])
    assert verify(JWKS, token, now=NOW, production=False).sub == "cb-0001"


def test_people_of_the_local_stack_do_not_exist_in_production() -> None:
    assert refusal(signed(GOOD), production=True) == "kid"


def test_an_unsigned_token_and_a_public_key_used_as_a_secret_are_refused() -> None:
    head, body, _ = signed(GOOD).split(".")
    assert refusal(f"{head}.{body}.") == "signature"
    none = base64.urlsafe_b64encode(b'{"alg":"none","kid":"local-idp"}').decode().rstrip("=")
    assert refusal(f"{none}.{body}.") == "alg"
    confused = OctKey.import_key(JWKS.encode())
    forged = jwt.encode({"alg": "HS256", "kid": "local-idp"}, GOOD, confused, algorithms=["HS256"])
    assert refusal(forged) == "alg"


@pytest.mark.parametrize("text", ["", ".", "a.b.c", "ä.ö.ü", "e30.e30.", "\0", "." * 5000])
def test_what_is_no_token_is_refused(text: str) -> None:
    assert refusal(text) in {"form", "alg"}


def test_a_token_ends_to_the_second() -> None:
    end = NOW + timedelta(hours=1)
    verify(JWKS, signed(GOOD), now=end - timedelta(seconds=1), production=False)
    assert refusal(signed(GOOD), now=end) == "exp"


def test_the_console_speaks_for_staff_two_minutes_at_a_time() -> None:
    key = OKPKey.generate_key("Ed25519", {"kid": "console"})
    private, jwks = json.dumps(key.as_dict(private=True)), json.dumps({"keys": [key.as_dict(private=False)]})
    actor = Actor(
        person_code="CB-1", kind=Kind.STAFF, grants=frozenset({Grant(role=Role.CLERK, agency_code="000.00.03.H39")})
    )
    assert verify(jwks, for_person(private, actor), production=True).actor == actor
    for kind, minutes, why in ((Kind.CITIZEN, 1, "kind"), (Kind.SERVICE, 1, "kind"), (Kind.STAFF, 3, "exp")):
        forged = mint(private, issuer="console", subject="CB-1", kind=kind, minutes=minutes)
        with pytest.raises(TokenRefused, match=why):
            verify(jwks, forged, production=True)
