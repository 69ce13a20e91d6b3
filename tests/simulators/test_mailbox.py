"""The mailbox as a process: what comes by SMTP and by the SMS gateway, how it fails, and how its page reads."""

from __future__ import annotations

import smtplib
from email.message import EmailMessage

import httpx
import pytest

from tests.simulators.conftest import Simulator, Start, free_port

SMTP_PORT = free_port()
TO = "dao@example.vn"


@pytest.fixture(scope="module")
def mailbox(start: Start) -> Simulator:
    mailbox = start("mailbox", SMTP_SERVER=f"127.0.0.1:{SMTP_PORT}")
    mailbox.http.headers["authorization"] = "Bearer sms-test-token"
    return mailbox


@pytest.fixture(autouse=True)
def calm(mailbox: Simulator) -> None:
    mailbox.faults()


def a_mail(number: int, text: str = "Kính gửi ông/bà,\n") -> EmailMessage:
    mail = EmailMessage()
    mail["From"], mail["To"], mail["Subject"] = "motcua@example.vn", TO, f"Đã nhận hồ sơ {number}"
    mail["Message-ID"] = f"<{number}@motcua.example>"
    mail.set_content(text, cte="quoted-printable")
    return mail


def post(mail: EmailMessage) -> None:
    with smtplib.SMTP("127.0.0.1", SMTP_PORT, timeout=10) as relay:
        relay.send_message(mail)


def kept(mailbox: Simulator, reference: str) -> list[dict[str, str]]:
    return [entry for entry in mailbox.ledger("message") if entry["reference"] == reference]


def sms(mailbox: Simulator, **changed: str) -> httpx.Response:
    body = {"to": "+84901234567", "text": "Da nhan ho so 000.00.06.H39-230110-0007.", "reference": "a.1.sms"}
    return mailbox.http.post("/messages", json=body | changed)


def test_a_mail_is_kept_as_it_was_meant_and_twice_when_it_comes_twice(mailbox: Simulator) -> None:
    for _ in range(2):
        post(a_mail(1))
    first, second = kept(mailbox, "<1@motcua.example>")
    assert (first["way"], first["to"], first["subject"]) == ("MAIL", TO, "Đã nhận hồ sơ 1")
    assert first["text"].splitlines() == second["text"].splitlines() == ["Kính gửi ông/bà,"]


def test_an_sms_is_one_message_per_reference(mailbox: Simulator) -> None:
    answers = [sms(mailbox) for _ in range(3)]
    assert {(answer.status_code, answer.text) for answer in answers} == {(202, '{"message_id":"sms-a.1.sms"}')}
    assert len(kept(mailbox, "a.1.sms")) == 1
    assert len(mailbox.ledger("repeated")) == 2


@pytest.mark.parametrize(
    ("changed", "status"),
    [
        ({"text": "x" * 161}, 422),
        ({"text": "Đã nhận"}, 422),
        ({"text": "a\nb"}, 422),
        ({"to": "0901234567"}, 422),
        ({"to": "+842723123456"}, 422),
    ],
)
def test_what_no_telephone_takes_is_refused(mailbox: Simulator, changed: dict[str, str], status: int) -> None:
    answer = sms(mailbox, reference="refused", **changed)
    assert (answer.status_code, answer.headers["content-type"]) == (status, "application/problem+json")
    assert kept(mailbox, "refused") == []


def test_strangers_send_no_sms(mailbox: Simulator) -> None:
    answer = httpx.post(f"{mailbox.url}/messages", json={"to": "+84901234567", "text": "a", "reference": "stranger"})
    assert answer.status_code == 401
    assert kept(mailbox, "stranger") == []


def test_half_of_its_failures_come_after_the_mail_was_kept(mailbox: Simulator) -> None:
    mailbox.faults(fail_p=1)
    said = {number: failure(a_mail(number)) for number in range(100, 120)}
    assert set(said.values()) == {"451", "lost"}
    for number, word in said.items():
        assert len(kept(mailbox, f"<{number}@motcua.example>")) == (word == "lost")


def failure(mail: EmailMessage) -> str:
    """How the relay failed to take this mail."""
    try:
        post(mail)
    except smtplib.SMTPDataError as no:
        return str(no.smtp_code)
    except (smtplib.SMTPServerDisconnected, ConnectionError):
        return "lost"
    return "taken"


def test_a_restart_forgets_nothing(mailbox: Simulator) -> None:
    post(a_mail(7))
    sms(mailbox, reference="a.7.sms")
    mailbox.kill()
    mailbox.start()
    assert sms(mailbox, reference="a.7.sms").status_code == 202
    assert len(kept(mailbox, "a.7.sms")) == len(kept(mailbox, "<7@motcua.example>")) == 1
    post(a_mail(8))
    assert len(kept(mailbox, "<8@motcua.example>")) == 1


def test_the_page_shows_the_newest_first_and_one_person_alone(mailbox: Simulator) -> None:
    post(a_mail(20, "Kính gửi ông/bà,\n<script>alert(1)</script> & thêm"))
    sms(mailbox, reference="a.20.sms")
    page = mailbox.http.get("/").text
    assert page.index("Tin nhắn SMS") < page.index("Đã nhận hồ sơ 20")
    assert "<script>" not in page
    assert "&lt;script&gt;alert(1)&lt;/script&gt; &amp; thêm" in page
    hers = mailbox.http.get("/", params={"to": TO}).text
    assert "Tin nhắn SMS" not in hers
    assert "Đã nhận hồ sơ 20" in hers
    assert "Chưa có tin nào." in mailbox.http.get("/", params={"to": "nobody@example.vn"}).text
