"""Everybody's mailbox and phone: an SMTP server (RFC 5321), an SMS gateway by HTTP, and a page that shows what came.

SMTP: port of SMTP_SERVER; every address exists. A mail that comes twice is kept twice. SMS: POST /messages {to, text,
reference} with a bearer token → 202 {message_id}; the same reference is the same message. Page: GET
/?to=ADDRESS, newest first.
Environment: PORT, HOST, SMTP_SERVER, LEDGER_FILE, SECRETS_DIR/sms_token, FAULTS_FILE. Faults: a failing SMTP answer is
451, every second one after the message was kept and the line cut.
"""

import asyncio
import os
import socket
from datetime import datetime, timedelta, timezone
from email import message_from_bytes, policy
from email.message import EmailMessage
from typing import Annotated
from urllib.parse import quote

from aiosmtpd.smtp import SMTP, Envelope, Session
from fastapi import FastAPI, Request
from fastapi.responses import HTMLResponse
from jinja2 import Environment
from pydantic import BaseModel, ConfigDict, StringConstraints

from deploy.simulators._stage import Entry, Ledger, Mischief, bearer, props, secret, serve, stage

SHOWN = 200
LOCAL_TIME = timezone(timedelta(hours=7))

PAGE = """<!doctype html>
<html lang="vi"><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>Hộp thư thử nghiệm – Một Cửa</title>
<style>
body { font: 16px/1.5 system-ui, sans-serif; margin: 0 auto; max-width: 46rem; padding: 1rem; color: #16191d }
h1 { font-size: 1.5rem; margin: 0 }
article { border: 1px solid #b9c0c7; border-radius: .5rem; padding: .75rem 1rem; margin: 0 0 1rem }
header { display: flex; flex-wrap: wrap; gap: .25rem 1rem; color: #4a525b }
header span { font-weight: bold }
h2 { font-size: 1.1rem; margin: .5rem 0; overflow-wrap: anywhere }
pre { font: inherit; white-space: pre-wrap; overflow-wrap: anywhere; margin: .5rem 0 0 }
a { color: #0b4f8a; overflow-wrap: anywhere }
</style>
<main>
<h1>Hộp thư thử nghiệm</h1>
<p>{% if to %}{{ total }} tin gửi {{ to }} · <a href="/">Tất cả</a>{% else %}{{ total }} tin{% endif %}{% if
total > messages|length %}, đây là {{ messages|length }} tin mới nhất{% endif %}. Không tin nào rời khỏi máy này.</p>
{% for each in messages %}
<article>
<header><span>{{ "Thư điện tử" if each.way == "MAIL" else "Tin nhắn SMS" }}</span>
<a href="/?to={{ each.to|urlencode }}">{{ each.to }}</a>
<time datetime="{{ each.at }}">{{ each.at|hour }}</time></header>
{% if each.subject %}<h2>{{ each.subject }}</h2>{% endif %}
<pre>{{ each.text|trim }}</pre>
</article>
{% else %}
<p>Chưa có tin nào.</p>
{% endfor %}
</main>
</html>"""


def hour(at: str) -> str:
    """An entry's time as people here read it."""
    return f"{datetime.fromisoformat(at).astimezone(LOCAL_TIME):%H:%M:%S %d/%m/%Y}"


class Sms(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    to: Annotated[str, StringConstraints(pattern=r"^\+84\d{9}$")]
    text: Annotated[str, StringConstraints(min_length=1, max_length=160, pattern=r"^[\x20-\x7e]+$")]
    reference: Annotated[str, StringConstraints(min_length=1, max_length=100)]


class Post:
    """What came, by whichever way; kept in the ledger, so that a restart loses nothing."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger
        self._known = {entry["reference"] for entry in self.messages() if entry["way"] == "SMS"}

    def messages(self, to: str | None = None) -> list[Entry]:
        """Newest first."""
        found = [each for each in self._ledger.entries() if each["kind"] == "message" and to in (None, each["to"])]
        return found[::-1]

    def keep_mail(self, to: str, mail: EmailMessage) -> None:
        """Every time anew: a relay does not notice that it has had a mail before."""
        body = mail.get_body(("plain",))
        text, subject = str(body.get_content()) if body else "", str(mail["Subject"])
        self._ledger.write("message", way="MAIL", to=to, reference=str(mail["Message-ID"]), subject=subject, text=text)

    def keep_sms(self, sms: Sms) -> None:
        """Once per reference, as the gateway promises."""
        kind = "repeated" if sms.reference in self._known else "message"
        self._known.add(sms.reference)
        self._ledger.write(kind, way="SMS", to=sms.to, reference=sms.reference, subject="", text=sms.text)


class Letterbox:
    """aiosmtpd's handler: takes every mail."""

    def __init__(self, post: Post, mischief: Mischief) -> None:
        self._post, self._mischief = post, mischief

    async def handle_DATA(self, server: SMTP, _session: Session, envelope: Envelope) -> str:  # noqa: N802 - aiosmtpd's
        await self._mischief.delay()
        fails = self._mischief.strikes(self._mischief.faults.fail_p)
        if fails and not self._mischief.strikes(0.5):
            return "451 4.3.0 told to fail"
        content = envelope.content if isinstance(envelope.content, bytes) else b""
        mail = message_from_bytes(content, policy=policy.default)
        for to in envelope.rcpt_tos:
            self._post.keep_mail(to, mail)
        if fails and server.transport:
            server.transport.abort()  # type: ignore[attr-defined]
        return "250 2.0.0 kept"


def application(ledger: Ledger, mischief: Mischief, token: str, smtp_server: str) -> FastAPI:
    """The gateway and the page; the SMTP server starts with them."""
    post = Post(ledger)
    host, _, port = smtp_server.partition(":")
    pages = Environment(autoescape=True)
    pages.filters["hour"] = hour
    page = pages.from_string(PAGE)
    door = socket.create_server((host, int(port)))  # a taken port ends the process at once
    servers: list[asyncio.Task[asyncio.Server]] = []

    def open_letterbox() -> None:
        loop = asyncio.get_running_loop()
        box = Letterbox(post, mischief)
        opened = loop.create_server(lambda: SMTP(box, hostname="mailbox", loop=loop), sock=door)
        servers.append(loop.create_task(opened))

    app = stage("mailbox", ledger, mischief, resume=open_letterbox)

    @app.post("/messages", status_code=202)
    async def take(sms: Sms, request: Request) -> dict[str, str]:
        bearer(request, token)
        post.keep_sms(sms)
        return {"message_id": f"sms-{quote(sms.reference)}"}

    @app.get("/", response_class=HTMLResponse)
    def show(to: str | None = None) -> str:
        found = post.messages(to)
        return page.render(messages=found[:SHOWN], total=len(found), to=to)

    return app


if __name__ == "__main__":
    serve(application(*props(), secret("sms_token"), os.environ["SMTP_SERVER"]))
