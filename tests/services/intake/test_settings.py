"""What production demands of the ways to applicants."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from services.intake.settings import IntakeSettings

GIVEN: dict[str, Any] = {
    "environment": "production",
    "port": 1,
    "kafka_bootstrap_servers": "kafka:9093",
    "kafka_security_protocol": "SSL",
    "temporal_address": "temporal:7233",
    "temporal_tls_certificate_file": "client.pem",
    "database_url": "postgresql+asyncpg://intake@db/motcua",
    "token_jwks": "{}",
    "token_key": "{}",
    "population_url": "https://population",
    "population_token": "x",
    "objects_dir": ".",
    "objects_key": "x",
    "receipt_secret": "x",
    "mail_server": "relay:587",
    "mail_user": "motcua",
    "mail_password": "x",
    "sms_url": "https://sms",
    "sms_token": "x",
}


def test_a_safe_set_up_is_taken() -> None:
    assert IntakeSettings(**GIVEN).mail_server == "relay:587"
    assert IntakeSettings(**GIVEN | {"mail_server": None, "sms_url": None}).mail_server is None


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"mail_user": None}, "MAIL_USER is needed in production"),
        ({"sms_url": "http://sms"}, "SMS_URL must be https in production"),
        ({"sms_token": None}, "SMS_TOKEN is needed with SMS_URL"),
        ({"mail_server": "relay"}, "mail_server"),
        ({"mail_from": "a@b.vn\r\nBcc: c@d.vn"}, "mail_from"),
        ({"mail_from": "Một cửa <a@b.vn>\n"}, "mail_from"),
        ({"desk_phone": "0272 300 0000"}, "desk_phone"),
    ],
)
def test_an_unsafe_one_is_refused(changed: dict[str, Any], said: str) -> None:
    with pytest.raises(ValidationError, match=said):
        IntakeSettings(**GIVEN | changed)
