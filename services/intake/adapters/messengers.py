"""Mail and SMS behind one interface: a relay by SMTP (RFC 5321, 5322), a gateway of SMS by HTTP.

The difference that matters is between "surely not taken", which may be tried again, and "nobody knows", which may not.
"""

from __future__ import annotations

import asyncio
import smtplib
import ssl
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, suppress
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import formatdate, parseaddr
from typing import Final, Protocol

from services.intake.rules.notices import Message
from shared.platform.http import Answered, Away, Client

THREADS: Final = 8
STEP_S: Final = 30.0
"""Seconds for one answer of the relay."""
LIMIT_S: Final = 120.0
"""Seconds for a whole mail, a relay that trickles included."""
_GOOD: Final = 2
"""First digit of an SMTP reply that says yes."""
_OF_THE_MESSAGE: Final = frozenset({400, 413, 422})
"""Answers of the SMS gateway about this very message; others (401, 404 …) are our own set-up's fault."""


class NotTaken(Exception):
    """Surely not taken: another try is safe. `args[0]` is a short code without an address, here as below."""


class RefusedForGood(Exception):
    """Understood and refused because of this message or address."""


class NobodyKnows(Exception):
    """The answer was lost: it may have been sent."""


class Messenger(Protocol):
    """One way to reach people."""

    async def send(self, message: Message, reference: str) -> str:
        """Hands a message over; the carrier's own reference. Raises NotTaken, RefusedForGood, NobodyKnows."""


class MailRelay:
    """A relay at `server` = host:port. With `user` the connection is encrypted (STARTTLS) and logged in.

    Has its own threads: a relay that hangs must not hold those in which papers are read. Close it with the process.
    """

    def __init__(
        self, server: str, sender: str, user: str | None = None, password: str | None = None, *, limit: float = LIMIT_S
    ) -> None:
        host, _, port = server.rpartition(":")
        self._host, self._port = host, int(port)
        self._sender, self._user, self._password = sender, user, password
        self._limit = limit
        self._threads = ThreadPoolExecutor(THREADS, thread_name_prefix="mail")

    async def send(self, message: Message, reference: str) -> str:
        mail = composed(message, self._sender, reference)
        job = self._threads.submit(self._hand_over, mail, message.to)
        try:
            async with asyncio.timeout(self._limit):
                await asyncio.wrap_future(job)
        except TimeoutError:
            # Still in the queue behind mails that hang: not taken. Else it is on its way, and nobody knows how far.
            raise NotTaken("busy") if job.cancel() else NobodyKnows("slow") from None
        return str(mail["Message-ID"])

    def close(self) -> None:
        """Nothing more is begun; a mail that hangs ends with the process."""
        self._threads.shutdown(wait=False, cancel_futures=True)

    def _hand_over(self, mail: EmailMessage, to: str) -> None:
        try:
            relay = smtplib.SMTP(self._host, self._port, timeout=STEP_S)
        except (OSError, smtplib.SMTPException) as error:
            raise NotTaken(type(error).__name__) from error
        with closing(relay):
            try:
                self._address(relay, to)
            except (OSError, smtplib.SMTPException) as error:
                raise NotTaken(type(error).__name__) from error  # before the text nothing can have been sent
            code = _said(relay, mail)
            with suppress(OSError, smtplib.SMTPException):
                relay.quit()
        _judge(code)

    def _address(self, relay: smtplib.SMTP, to: str) -> None:
        if self._user:
            relay.starttls(context=ssl.create_default_context())
            relay.login(self._user, self._password or "")
        relay.ehlo_or_helo_if_needed()
        code, _ = relay.mail(parseaddr(self._sender)[1])
        if code // 100 != _GOOD:
            raise NotTaken(f"sender {code}")  # our own set-up's fault, not this mail's
        _judge(relay.rcpt(to)[0])


class SmsGateway:
    """A brand-name gateway: POST /messages {to, text, reference} → 202 {message_id}; one message per reference."""

    def __init__(self, http: Client) -> None:
        self._http = http

    async def send(self, message: Message, reference: str) -> str:
        body = {"to": message.to, "text": message.text, "reference": reference}
        try:
            answer = await self._http.post("/messages", json=body)
        except Away as away:  # the gateway knows its references: repeating cannot send twice
            raise NotTaken("away") from away
        except Answered as no:
            raise (RefusedForGood if no.status in _OF_THE_MESSAGE else NotTaken)(str(no.status)) from no
        try:
            return str(answer.json()["message_id"])
        except (ValueError, LookupError, TypeError) as unreadable:
            raise NobodyKnows("unreadable") from unreadable


def composed(message: Message, sender: str, reference: str) -> EmailMessage:
    """The mail as it travels, in ASCII. Raises ValueError for line breaks in headers or what is no single address."""
    mail = EmailMessage(policy=SMTP)
    mail["From"], mail["To"] = sender, Address(addr_spec=message.to)
    mail["Subject"] = message.subject
    mail["Date"], mail["Message-ID"] = formatdate(), f"<{reference}@{parseaddr(sender)[1].rpartition('@')[2]}>"
    mail["Auto-Submitted"] = "auto-generated"
    mail.set_content(message.text, cte="quoted-printable")
    return mail


def _said(relay: smtplib.SMTP, mail: EmailMessage) -> int:
    """The reply to the text."""
    try:
        return relay.data(mail.as_bytes(policy=SMTP))[0]
    except smtplib.SMTPDataError as no:
        return int(no.smtp_code)  # refused before the text
    except (OSError, smtplib.SMTPException) as lost:
        raise NobodyKnows(type(lost).__name__) from lost


def _judge(code: int) -> None:
    match code // 100:
        case 2:
            return
        case 4:
            raise NotTaken(str(code))
        case 5:
            raise RefusedForGood(str(code))
        case _:
            raise NobodyKnows(str(code))
