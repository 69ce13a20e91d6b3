"""Settings: secrets from files, one clear line instead of a traceback, no demo habits in production."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from shared.platform.settings import ProcessSettings, ServiceSettings, TemporalSettings, load


class Everything(ServiceSettings, TemporalSettings):
    """What a service that works for workflows reads."""


COMPLETE = {
    "PORT": "8001",
    "KAFKA_BOOTSTRAP_SERVERS": "127.0.0.1:9092",
    "TEMPORAL_ADDRESS": "127.0.0.1:7233",
    "DATABASE_URL": "postgresql+asyncpg://intake:word@127.0.0.1/motcua",
    "INTAKE_URL": "http://127.0.0.1:8001",
}
PRODUCTION = {
    "ENVIRONMENT": "production",
    "KAFKA_SECURITY_PROTOCOL": "SASL_SSL",
    "KAFKA_USERNAME": "intake",
    "TEMPORAL_TLS_CERTIFICATE_FILE": "client.pem",
}


@pytest.fixture
def environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> pytest.MonkeyPatch:
    for name in (*COMPLETE, *PRODUCTION, "HOST", "TOKEN_JWKS", "TOKEN_KEY"):
        monkeypatch.delenv(name, raising=False)
    for name, value in (COMPLETE | {"SECRETS_DIR": str(tmp_path)}).items():
        monkeypatch.setenv(name, value)
    (tmp_path / "token_jwks").write_text(json.dumps({"keys": [{"kid": "service:intake"}]}) + "\n")
    (tmp_path / "token_key").write_text("a private key\n")
    return monkeypatch


def complaint(capsys: pytest.CaptureFixture[str], cls: type[ProcessSettings] = Everything) -> str:
    with pytest.raises(SystemExit) as ended:
        load(cls)
    assert ended.value.code == 2
    said = capsys.readouterr().err
    assert said.count("\n") == 1
    return said


def test_secrets_come_from_files_and_stay_out_of_prints(environment: pytest.MonkeyPatch) -> None:
    settings = load(Everything)
    assert settings.token_key.get_secret_value() == "a private key"
    assert (settings.host, settings.port, settings.production) == ("127.0.0.1", 8001, False)
    assert "private" not in repr(settings)
    assert ":word@" not in repr(settings)


def test_what_is_missing_is_named_in_one_line(
    environment: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    environment.delenv("DATABASE_URL")
    environment.setenv("TEMPORAL_ADDRESS", "")
    (tmp_path / "token_key").unlink()
    said = complaint(capsys)
    assert all(name in said for name in ("TEMPORAL_ADDRESS", "DATABASE_URL", "TOKEN_KEY"))


def test_a_wrong_value_is_named_but_not_repeated(
    environment: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    environment.setenv("PORT", "eighty-one")
    said = complaint(capsys)
    assert "PORT" in said
    assert "eighty" not in said


@pytest.mark.parametrize(
    ("wrong", "named"),
    [
        ({"KAFKA_SECURITY_PROTOCOL": "PLAINTEXT"}, "KAFKA_SECURITY_PROTOCOL"),
        ({"KAFKA_USERNAME": ""}, "KAFKA_USERNAME"),
        ({"TEMPORAL_TLS_CERTIFICATE_FILE": ""}, "TEMPORAL_TLS_CERTIFICATE_FILE"),
        ({"TOKEN_JWKS": '{"keys":[{"kid":"local-idp"}]}'}, "TOKEN_JWKS"),
    ],
)
def test_production_refuses_what_is_only_good_on_one_machine(
    environment: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], wrong: dict[str, str], named: str
) -> None:
    for name, value in PRODUCTION.items():
        environment.setenv(name, value)
    assert load(Everything).production
    for name, value in wrong.items():
        environment.setenv(name, value)
    assert named in complaint(capsys)


def test_a_folder_of_secrets_that_is_not_there_is_one_line_too(
    environment: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    environment.setenv("SECRETS_DIR", str(tmp_path / "nowhere"))
    assert "TOKEN_JWKS" in complaint(capsys)
