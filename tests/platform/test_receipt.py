"""The receipt's secret: printed, stable, comparable without telling anything."""

from __future__ import annotations

import re

from shared.platform.receipt import fits, secret_of

CODE = "000.00.06.H39-230110-0007"


def test_a_secret_belongs_to_one_dossier_and_one_key() -> None:
    secret = secret_of(b"key", CODE)
    assert re.fullmatch(r"[a-z2-7]{10}", secret)
    assert secret == secret_of(b"key", CODE)
    assert secret != secret_of(b"key", CODE.replace("0007", "0008"))
    assert secret != secret_of(b"another", CODE)


def test_what_was_read_out_on_the_phone_fits_and_nothing_else_does() -> None:
    secret = secret_of(b"key", CODE)
    assert fits(b"key", CODE, f" {secret.upper()} ")
    assert not any(fits(b"key", CODE, wrong) for wrong in ("", secret[:-1], secret + "a", "đ" * 10, "\0"))
