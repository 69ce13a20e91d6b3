"""Our relay and gateway clients against the mailbox as a process, and against relays that say what it never does."""

from __future__ import annotations

import asyncio
import socket
import ssl
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path
from typing import Any, Final

import httpx
import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult, LoginPassword
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from deploy.local.stack import Stack
from services.intake.adapters.messengers import (
    THREADS,
    MailRelay,
    NobodyKnows,
    NotTaken,
    RefusedForGood,
    SmsGateway,
)
from services.intake.rules.notices import Message
from shared.platform import http
from shared.platform.http import Client

LETTER: Final = Message("dao@example.vn", "Đã nhận hồ sơ – 1", "Kính gửi ông/bà,\n\nĐã nhận hồ sơ.\n.\nHết.\n")
SHORT: Final = Message("+84901234567", "", "Da nhan ho so 1.")
SENDER: Final = "Một cửa điện tử <khong-tra-loi@motcua.example>"


class Mailbox:
    """The mailbox of a stack with nothing else in it."""

    def __init__(self, stack: Stack) -> None:
        self._stack = stack
        self.server = stack.address("mailbox", "smtp")
        self._token = (stack.root / "secrets/mailbox/sms_token").read_text()

    async def sms(self, message: Message, reference: str, token: str | None = None) -> str:
        url = self._stack.url("mailbox")
        async with http.client(url, where="sms", token=lambda: token or self._token) as client:
            return await SmsGateway(client).send(message, reference)

    def faults(self, **faults: float) -> None:
        httpx.put(self._stack.url("mailbox") + "/faults", json=faults).raise_for_status()

    def kept(self, reference: str) -> list[dict[str, str]]:
        entries = httpx.get(self._stack.url("mailbox") + "/ledger", params={"kind": "message"}).json()["entries"]
        return [entry for entry in entries if entry["reference"] == reference]


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    with Stack(tmp_path_factory.mktemp("mailbox"), processes={"mailbox"}) as stack:
        yield stack


@pytest.fixture
def mailbox(running: Stack) -> Mailbox:
    mailbox = Mailbox(running)
    mailbox.faults()
    return mailbox


@asynccontextmanager
async def relay(server: str, *login: str, limit: float = 20) -> AsyncIterator[MailRelay]:
    made = MailRelay(server, SENDER, *login, limit=limit)
    yield made
    made.close()


async def test_a_mail_and_an_sms_arrive_as_they_were_written(mailbox: Mailbox) -> None:
    async with relay(mailbox.server) as mail:
        assert await mail.send(LETTER, "a.1.mail") == "<a.1.mail@motcua.example>"
    assert await mailbox.sms(SHORT, "a.1.sms") == "sms-a.1.sms"
    [letter], [short] = mailbox.kept("<a.1.mail@motcua.example>"), mailbox.kept("a.1.sms")
    assert (letter["to"], letter["subject"]) == (LETTER.to, LETTER.subject)
    assert letter["text"].splitlines() == LETTER.text.splitlines()
    assert (short["to"], short["text"]) == (SHORT.to, SHORT.text)


async def test_what_our_client_says_of_a_failing_relay_is_what_happened(mailbox: Mailbox) -> None:
    mailbox.faults(fail_p=1, seed=3)
    outcomes = set()
    async with relay(mailbox.server) as mail:
        for number in range(20):
            reference = f"b.{number}.mail"
            with pytest.raises((NotTaken, NobodyKnows)) as said:
                await mail.send(LETTER, reference)
            assert len(mailbox.kept(f"<{reference}@motcua.example>")) == (said.type is NobodyKnows)
            outcomes.add(said.type)
    assert outcomes == {NotTaken, NobodyKnows}


async def test_an_sms_is_repeated_until_it_is_known_and_arrives_once(mailbox: Mailbox) -> None:
    mailbox.faults(fail_p=1, seed=1)
    for _ in range(8):
        with pytest.raises(NotTaken):
            await mailbox.sms(SHORT, "c.1.sms")
    assert len(mailbox.kept("c.1.sms")) == 1, "half of these failures came after the message was taken"
    mailbox.faults()
    await mailbox.sms(SHORT, "c.1.sms")
    assert len(mailbox.kept("c.1.sms")) == 1


async def test_a_refused_sms_is_refused_for_good_but_a_wrong_token_is_ours_to_mend(mailbox: Mailbox) -> None:
    with pytest.raises(RefusedForGood, match="422"):
        await mailbox.sms(SHORT._replace(to="+842723123456"), "d.1.sms")
    with pytest.raises(NotTaken, match="401"):
        await mailbox.sms(SHORT, "d.2.sms", "wrong")


async def test_an_answer_that_cannot_be_read_leaves_it_unknown() -> None:
    page = httpx.MockTransport(lambda _: httpx.Response(200, text="<html>maintenance"))
    async with Client("http://sms", where="sms", transport=page) as client:
        with pytest.raises(NobodyKnows):
            await SmsGateway(client).send(SHORT, "e.1.sms")


async def test_a_relay_that_is_not_there_took_nothing() -> None:
    async with relay("127.0.0.1:9") as mail:
        with pytest.raises(NotTaken, match="ConnectionRefusedError"):
            await mail.send(LETTER, "f.1.mail")


async def test_a_relay_that_hangs_holds_its_own_threads_only(mailbox: Mailbox) -> None:
    mailbox.faults(delay_ms=3_000, delay_p=1)
    async with relay(mailbox.server, limit=1.5) as mail:
        waiting = [mail.send(LETTER, f"g.{number}.mail") for number in range(THREADS + 2)]
        said = asyncio.gather(*waiting, return_exceptions=True)
        assert await asyncio.wait_for(asyncio.to_thread(lambda: "read"), 1) == "read"
        types = [type(each) for each in await said]
    assert types == [NobodyKnows] * THREADS + [NotTaken] * 2, "what waited for a thread was never begun"


# --- relays that say other things than the mailbox does ---------------------------------------------------------------


class Saying:
    """A relay that answers one command as it is told."""

    def __init__(self, command: str, answer: str) -> None:
        setattr(self, f"handle_{command}", self._answered)
        self._answer = answer
        self.taken = 0

    async def _answered(self, *_: Any) -> str:
        return self._answer


@pytest.mark.parametrize(
    ("command", "answer", "expected"),
    [
        ("RCPT", "550 5.1.1 no such user", RefusedForGood),
        ("RCPT", "450 4.2.0 greylisted", NotTaken),
        ("MAIL", "550 5.7.1 sender not allowed", NotTaken),
        ("DATA", "554 5.7.1 looks like spam", RefusedForGood),
        ("DATA", "452 4.3.1 disk full", NotTaken),
        ("DATA", "250 2.0.0 queued", None),
    ],
)
async def test_each_answer_of_a_relay_has_its_meaning(
    command: str, answer: str, expected: type[Exception] | None, listening: Callable[..., str]
) -> None:
    async with relay(listening(Saying(command, answer))) as mail:
        if expected is None:
            assert await mail.send(LETTER, "h.1.mail")
            return
        with pytest.raises(expected, match=answer[:3]):
            await mail.send(LETTER, "h.1.mail")


@pytest.fixture
def listening() -> Iterator[Callable[..., str]]:
    """Starts relays with aiosmtpd; host:port of each."""
    running: list[Controller] = []

    def start(handler: object, **how: Any) -> str:
        one = Controller(handler, hostname="127.0.0.1", port=free_port(), server_hostname="relay", **how)
        one.start()
        running.append(one)
        return f"127.0.0.1:{one.port}"

    yield start
    for one in running:
        one.stop()


@pytest.fixture
def certificate(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ssl.SSLContext:
    """A relay's certificate for 127.0.0.1, trusted by this process."""
    key, name = ec.generate_private_key(ec.SECP256R1()), x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "relay")])
    now = datetime.now(UTC)
    built = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number(), now, now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    (tmp_path / "relay.pem").write_bytes(private + built.public_bytes(serialization.Encoding.PEM))
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "relay.pem"))
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(tmp_path / "relay.pem")
    return context


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def known(_server: object, _session: object, _envelope: object, _mechanism: object, given: object) -> AuthResult:
    is_known = isinstance(given, LoginPassword) and (given.login, given.password) == (b"motcua", b"right")
    return AuthResult(success=is_known, handled=is_known)


async def test_with_a_user_the_mail_travels_encrypted_and_a_wrong_password_costs_nobody_the_mail(
    listening: Callable[..., str], certificate: ssl.SSLContext
) -> None:
    safe = listening(
        Saying("NOOP", ""), tls_context=certificate, require_starttls=True, authenticator=known, auth_required=True
    )
    async with relay(safe, "motcua", "right") as mail:
        assert await mail.send(LETTER, "i.1.mail")
    async with relay(safe, "motcua", "wrong") as mail:
        with pytest.raises(NotTaken, match="SMTPAuthenticationError"):
            await mail.send(LETTER, "i.2.mail")
    async with relay(safe) as mail:
        with pytest.raises(NotTaken, match="530"):
            await mail.send(LETTER, "i.3.mail")


async def test_a_password_is_never_said_in_clear(listening: Callable[..., str]) -> None:
    plain = listening(Saying("NOOP", ""), authenticator=known, auth_require_tls=False)
    async with relay(plain, "motcua", "right") as mail:
        with pytest.raises(NotTaken, match="SMTPNotSupportedError"):
            await mail.send(LETTER, "j.1.mail")


async def test_a_stranger_s_certificate_gets_no_password(
    listening: Callable[..., str], certificate: ssl.SSLContext, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("SSL_CERT_FILE")
    unsafe = listening(Saying("NOOP", ""), tls_context=certificate, authenticator=known)
    async with relay(unsafe, "motcua", "right") as mail:
        with pytest.raises(NotTaken, match="SSLCertVerificationError"):
            await mail.send(LETTER, "k.1.mail")
