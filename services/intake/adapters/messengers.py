"""Mail and SMS behind one interface: a relay by SMTP (RFC 5321, 5322), a gateway of SMS by HTTP.

The difference that matters is between "surely not taken", which may be tried again, and "nobody knows", which may not.
"""

from __future__ import annotations

import asyncio
import smtplib
import ssl
from dataclasses import dataclass
from email.message import EmailMessage
from email.utils import formatdate
from typing import Final, Protocol

from services.intake.rules.notices import Message
from shared.platform.http import Answered, Away, Client

TIMEOUT_S: Final = 10.0
_TEMPORARY: Final = range(400, 500)


class NotTaken(Exception):
    """Surely not taken: another try is safe."""


class RefusedForGood(Exception):
    """Understood and refused; `args[0]` is a short code without an address."""


class NobodyKnows(Exception):
    """The answer was lost: it may have been sent."""


class Messenger(Protocol):
    """One way to reach people."""

    async def send(self, message: Message, reference: str) -> str:
        """Hands a message over; the carrier's own reference. Raises NotTaken, RefusedForGood, NobodyKnows."""


@dataclass(frozen=True)
class MailRelay:
    """`server` = host:port. With `user` the connection is encrypted and logged in."""

    server: str
    sender: str
    user: str | None = None
    password: str | None = None

    async def send(self, message: Message, reference: str) -> str:
        mail = EmailMessage()
        mail["From"], mail["To"], mail["Subject"] = self.sender, message.to, message.subject
        mail["Date"], mail["Message-ID"] = formatdate(), f"<{reference}@motcua>"
        mail["Auto-Submitted"] = "auto-generated"
        mail.set_content(message.text)
        await asyncio.to_thread(self._hand_over, mail)
        return str(mail["Message-ID"])

    def _hand_over(self, mail: EmailMessage) -> None:
        host, _, port = self.server.partition(":")
        try:
            relay = smtplib.SMTP(host, int(port or 25), timeout=TIMEOUT_S)
        except (OSError, smtplib.SMTPException) as error:
            raise NotTaken(type(error).__name__) from error
        try:
            if self.user:
                relay.starttls(context=ssl.create_default_context())
                relay.login(self.user, self.password or "")
            relay.send_message(mail)
        except smtplib.SMTPRecipientsRefused as error:
            (code, _), *_rest = error.recipients.values()
            raise NotTaken(str(code)) if code in _TEMPORARY else RefusedForGood(str(code)) from error
        except smtplib.SMTPResponseException as error:
            code = error.smtp_code
            raise NotTaken(str(code)) if code in _TEMPORARY else RefusedForGood(str(code)) from error
        except (OSError, smtplib.SMTPException) as error:
            raise NobodyKnows(type(error).__name__) from error
        finally:
            relay.close()


@dataclass(frozen=True)
class SmsGateway:
    """A brand-name gateway: POST /messages {to, text, reference} → 202 {message_id}; one message per reference."""

    http: Client

    async def send(self, message: Message, reference: str) -> str:
        body = {"to": message.to, "text": message.text, "reference": reference}
        try:
            answer = await self.http.post("/messages", json=body)
        except Away as away:  # the gateway knows its references: repeating cannot send twice
            raise NotTaken("away") from away
        except Answered as no:
            raise RefusedForGood(str(no.status)) from no
        return str(answer.json()["message_id"])
