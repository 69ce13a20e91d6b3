"""What the command line says: one line that helps, the right exit code, JSON where asked."""

import json
import os
from pathlib import Path

import pytest

from deploy.local import secrets
from deploy.local.site import Site
from tests.local_stack.conftest import motcua, said_by


def _programs(folder: Path, *names: str) -> dict[str, str]:
    """An environment whose PATH has these programs only, and a cache that holds nothing yet."""
    path = folder / "bin"
    path.mkdir()
    for name in names:
        (path / name).symlink_to("/bin/true")
    settings = ("MOTCUA_TEMPORAL_BINARY", "KAFKA_HOME", "TEMPORAL_ADDRESS", "KAFKA_BOOTSTRAP_SERVERS")
    unset = {name: "" for name in settings if name in os.environ}
    return {"PATH": str(path), "XDG_CACHE_HOME": str(folder / "cache"), **unset}


@pytest.mark.parametrize(
    ("wanted", "present", "words"),
    [
        ("temporal", (), ("install Go", "MOTCUA_TEMPORAL_BINARY", "TEMPORAL_ADDRESS")),
        ("kafka", (), ("install a Java", "KAFKA_BOOTSTRAP_SERVERS")),
        ("kafka", ("java",), ("install Maven", "KAFKA_HOME", "KAFKA_BOOTSTRAP_SERVERS")),
    ],
)
def test_a_missing_prerequisite_is_one_line(
    root: Path, tmp_path: Path, wanted: str, present: tuple[str, ...], words: tuple[str, ...]
) -> None:
    code, out, err = said_by(motcua(root, "up", "--only", wanted, env=_programs(tmp_path, *present)))
    assert (code, out) == (1, "")
    assert len(err.splitlines()) == 1
    assert all(word in err for word in words)


def test_local_tokens_are_refused_in_production(root: Path) -> None:
    arguments = ("token", "--person", "CB-0001", "--grant", "CLERK:000.00.06.H39")
    code, out, err = said_by(motcua(root, *arguments, env={"ENVIRONMENT": "production"}))
    assert (code, out) == (1, "")
    assert len(err.splitlines()) == 1
    assert "production" in err


def test_a_token_is_good_for_every_service(root: Path) -> None:
    from joserfc import jwt
    from joserfc.jwk import KeySet

    site = Site(root=root, names=())
    secrets.generate(site)
    arguments = ("--person", "CB-0001", "--grant", "CLERK:000.00.06.H39", "--grant", "SIGNER:000.00.06.H39")
    code, out, err = said_by(motcua(root, "token", *arguments, "--json"))
    assert (code, err) == (0, "")
    keys = KeySet.import_key_set(json.loads(site.secret("intake", "token_jwks")))
    token = jwt.decode(json.loads(out)["token"], keys, algorithms=["Ed25519"])
    assert token.header["kid"] == "local-idp"
    assert token.claims["sub"] == "CB-0001"
    assert token.claims["grants"] == [["CLERK", "000.00.06.H39"], ["SIGNER", "000.00.06.H39"]]
    assert token.claims["exp"] - token.claims["iat"] == 3600


def test_secrets_stay_and_are_their_owners_alone(root: Path) -> None:
    site = Site(root=root, names=())
    secrets.generate(site)
    files = {path: path.read_text() for path in (root / "secrets").rglob("*") if path.is_file()}
    secrets.generate(site)
    assert {path: path.read_text() for path in files} == files
    assert {path.stat().st_mode & 0o777 for path in files} == {0o600}
    assert site.secret("payment", "gateway_secret") == site.secret("payment_gateway", "gateway_secret")
    assert "token_key" not in {path.name for path in site.secrets("carrier").iterdir()}


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (("status",), 1),
        (("logs", "intake"), 1),
        (("token", "--person", "CB-0001", "--grant", "CLERK"), 2),
        (("no-such-command",), 2),
        (("up", "--only", "no-such-process"), 1),
    ],
)
def test_a_complaint_is_one_line(root: Path, arguments: tuple[str, ...], code: int) -> None:
    said, out, err = said_by(motcua(root, *arguments))
    assert (said, out) == (code, "")
    assert len(err.splitlines()) == 1


def test_nothing_running_is_told_in_json_too(root: Path) -> None:
    code, out, _ = said_by(motcua(root, "status", "--json"))
    assert code == 1
    assert json.loads(out) == {"processes": [], "resident_mib": 0}
