"""Golden pictures of the staff's console: one agency on a Thursday of 2023, a real browser, a real database."""

from __future__ import annotations

import asyncio
import base64
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, date, datetime, timedelta
from io import BytesIO
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final, NamedTuple

from argon2 import PasswordHasher
from fastapi import FastAPI
from PIL import Image
from playwright.async_api import Browser, Page, async_playwright
from sqlalchemy import text

from deploy.local.stack import Stack
from services.processing import acts, api, pages, store
from services.processing.acts import Door
from services.processing.acts.accounts import Staff
from services.processing.acts.operations import Operations
from services.processing.adapters.engine_watch import Trying, Worker
from services.processing.adapters.provider import Provider
from services.processing.store import accounts
from services.processing.store.tables import metadata
from shared.catalogue import lookup
from shared.contracts.facts import event_of
from shared.dossier.actions import Channel
from shared.dossier.lifecycle import Role, Stage
from shared.dossier.state import Dossier
from shared.platform import database
from shared.platform.catalogue import load_catalogue
from shared.platform.objects import Objects
from tests import builders
from tests.browser import find, served
from tests.pictures import rewritten
from tests.services.processing.fakes import FakeApplicantFile, FakeDesk, FakeIntakeDesk, FakeSiblings
from tests.services.processing.test_operator import LETTER, FakeEngine, FakeLog

PICTURES: Final = Path(__file__).parent / "golden" / "console"
NOW: Final = datetime(2023, 1, 12, 7, tzinfo=UTC)
"""14:00 on a Thursday, local time."""
AGENCY: Final = builders.AGENCY
_PROVINCE: Final = "000.00.00.H39"
CATALOGUE: Final = load_catalogue()
_PASSWORD: Final = "bốn từ dễ nhớ 1234"
_STEP: Final = timedelta(minutes=35)
_MIGRATIONS: Final = Path(api.__file__).parent / "migrations"


class Life(NamedTuple):
    """A dossier to be: its number, procedure, when it was filed (local), how far it came, whose it is, who holds it."""

    number: int
    procedure_code: str
    filed: str
    stage: Stage
    name: str
    holder: str = ""

    @property
    def filed_at(self) -> datetime:
        return datetime.fromisoformat(f"{self.filed}+07:00")

    @property
    def code(self) -> str:
        return f"{AGENCY}-{self.filed_at:%y%m%d}-{self.number:04}"


RECORD: Final = "2.000488"
EXTRACT: Final = "2.000635"
LIVES: Final = (
    Life(7, RECORD, "2023-01-05T08:10", Stage.PROCESSING, "Nguyễn Thị Hồng Ngự", "CB-staff"),
    Life(3, RECORD, "2022-12-14T09:30", Stage.PROCESSING, "Trần Văn Ấm", "CB-other"),
    Life(12, EXTRACT, "2023-01-11T07:45", Stage.REVIEW, "Lê Thị Đào"),
    Life(15, RECORD, "2022-12-29T13:40", Stage.REVIEW, "Công ty TNHH một thành viên Vận tải Vàm Cỏ Đông"),
    Life(18, RECORD, "2023-01-11T08:05", Stage.REVIEW, "Phạm Quốc Ử"),
    Life(21, RECORD, "2023-01-12T09:10", Stage.SUBMITTED, "Đặng Thị Út"),
    Life(24, EXTRACT, "2023-01-12T09:20", Stage.ACCEPTED, "Huỳnh Thị Ngọc Diễm"),
    Life(30, RECORD, "2023-01-09T08:00", Stage.WITHDRAW_ASKED, "Võ Minh Khuê"),
)
"""What the agency has on its tables; the first one is looked at, the second one stands still."""


class Shot(NamedTuple):
    """A page in a window of that size, as this person sees it; `press`: what is clicked first."""

    name: str
    path: str
    width: int
    height: int
    login: str = "staff"
    press: str = ""


ONE: Final = f"/desk/{LIVES[0].code}"
SHOTS: Final = (
    Shot("sign-in", "/desk/sign-in", 1280, 720, ""),
    Shot("worklist-desk", "/desk", 1280, 1120),
    Shot("worklist-phone", "/desk", 390, 1400),
    Shot("dossier-desk", ONE, 1280, 900),
    Shot("dossier-phone", ONE, 390, 1400),
    Shot("counter-desk", "/desk/counter", 1280, 1000),
    Shot("counter-wrong", "/desk/counter", 1280, 1400, press="[data-main]"),
    Shot("received-desk", f"/desk/{LIVES[6].code}/received", 1280, 720),
    Shot("approve-desk", "/desk/approve", 1280, 720),
    Shot("operator-desk", "/desk/ops", 1280, 1040, "operator"),
)


class _Log(FakeLog):
    """One dead letter of the morning."""

    def __init__(self) -> None:
        super().__init__()
        self.held = [LETTER._replace(at=NOW - timedelta(hours=1), reason="wrong_shape")]


class _Engine(FakeEngine):
    """A worker that was seen just now; what stands still is tried again and again."""

    async def trying(self, dossier_code: str) -> Sequence[Trying]:
        return [Trying("remind", 22, NOW, "TimeoutError")] if dossier_code == LIVES[1].code else []

    async def workers(self) -> Sequence[Worker]:
        return [each._replace(seen_at=NOW) for each in await super().workers()]


class _Names(FakeApplicantFile):
    """Knows each dossier's own name."""

    async def names_of(self, dossier_codes: Sequence[str]) -> dict[str, str]:
        return {life.code: life.name for life in LIVES if life.code in dossier_codes}


def lived(life: Life) -> Iterator[Dossier]:
    """The dossier after each of its steps, 35 minutes apart."""
    at, digitized = life.filed_at.astimezone(UTC), ("TK-LLTP",)
    known = lookup.terms(CATALOGUE, life.procedure_code, AGENCY, Channel.ONLINE, life.filed_at.date())
    simple = {"components": digitized, "fees": (), "catalogue_version": "2023.1"}
    promised = known.model_copy(update=simple | {"calendar": known.calendar.model_copy(update={"version": "2023.1"})})
    dossier = Dossier(dossier_code=life.code, root_code=life.code)
    for order in (builders.submit(promised), *builders.ways_to(promised)[life.stage]):
        dossier.take(order, at)
        yield dossier
        at += _STEP


@asynccontextmanager
async def app(stack: Stack, objects: Path) -> AsyncIterator[FastAPI]:
    """The console over that agency."""
    url = stack.environment("processing")["DATABASE_URL"]
    await database.migrate(url, "processing", _MIGRATIONS)
    engine = database.engine(url)
    async with engine.begin() as connection:
        await connection.execute(text(f"TRUNCATE {', '.join(each.name for each in metadata.sorted_tables)}"))
    desk = FakeDesk(NOW)
    door = Door(
        sessions=database.sessions(engine),
        desk=desk,
        catalogue=CATALOGUE,
        objects=Objects(objects, base64.b64encode(bytes(32)).decode()),
        file=_Names(),
        siblings=FakeSiblings(),
        intake=FakeIntakeDesk(desk),
        now=lambda: NOW,
    )
    staff = Staff(door.sessions, door.now)
    await _fill(door, desk)
    there = Provider(issuer="https://idp.example", client_id="it", client_secret="", redirect_uri="")
    made = api.build(door, identity=None, readiness={}, environment="local")
    operations = Operations(door.sessions, _Log(), _Engine(), door.now)
    console = pages.console(
        door, staff, secure=False, help_phone="0272 3 555 555", identity_provider=there, operations=operations,
        temporal_ui="http://temporal/namespaces/default/workflows",
    )  # fmt: skip
    yield pages.attach(made, console)
    await engine.dispose()


async def _fill(door: Door, desk: FakeDesk) -> None:
    hashed = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1).hash(_PASSWORD)
    people = {
        "staff": (
            "Một cửa và Hành chính tư pháp",
            [(role, AGENCY) for role in (Role.CLERK, Role.SPECIALIST, Role.UNIT_HEAD)],
        ),
        "other": ("Bàn 2", [(Role.SPECIALIST, AGENCY)]),
        "operator": ("Trực vận hành", [(Role.OPERATOR, _PROVINCE)]),
    }
    async with door.sessions.begin() as session:
        for login, (title, grants) in people.items():
            held = [accounts.DatedGrant(role, agency, date(2022, 1, 1)) for role, agency in grants]
            await accounts.keep(session, accounts.Account(f"CB-{login}", login, title, hashed), held)
    for life in LIVES:
        for dossier in lived(life):
            desk.hold(dossier)
            await acts.remember(door, [event_of(dossier)])
        if life.holder:
            async with door.sessions.begin() as session:
                await store.record_holder(session, life.code, desk.dossiers[life.code].seq, life.holder)


async def drawn(browser: Browser, address: str, shot: Shot) -> bytes:
    """The picture, as PNG."""
    context = await browser.new_context(
        viewport={"width": shot.width, "height": shot.height},
        color_scheme="light",
        reduced_motion="reduce",
        device_scale_factor=1,
    )
    page = await context.new_page()
    await page.clock.set_fixed_time(NOW)
    if shot.login:
        await _sign_in(page, address, shot.login)
    await page.goto(address + shot.path)
    if shot.press:
        async with page.expect_navigation():
            await page.click(shot.press)
    await page.evaluate("document.fonts.ready")
    picture = await page.screenshot(animations="disabled", caret="hide")
    await context.close()
    return _small(picture)


def _small(picture: bytes) -> bytes:
    """The same with sixteen levels of each colour, whatever else is on the page: a third of the bytes."""
    kept = BytesIO()
    levels = Image.open(BytesIO(picture)).convert("RGB").point(lambda value: (value + 8) // 17 * 17)
    levels.quantize(256, dither=Image.Dither.NONE).save(kept, "PNG", optimize=True)
    return kept.getvalue()


async def _sign_in(page: Page, address: str, login: str) -> None:
    await page.goto(f"{address}/desk/sign-in?next=/desk/keys")
    await page.fill("#f-login", login)
    await page.fill("#f-password", _PASSWORD)
    async with page.expect_navigation():
        await page.press("#f-password", "Enter")


async def pictures() -> Mapping[str, bytes]:
    """All of them anew, by name."""
    with TemporaryDirectory() as root, Stack(Path(root) / "stack", processes={"postgres"}) as stack:
        async with async_playwright() as playwright, app(stack, Path(root)) as made, served(made) as address:
            browser = await playwright.chromium.launch(executable_path=find(), args=["--no-sandbox"])
            found = {shot.name: await drawn(browser, address, shot) for shot in SHOTS}
            await browser.close()
    return found


def write() -> Iterator[Path]:
    """Draws anew what no longer looks the same."""
    yield from rewritten(PICTURES, asyncio.run(pictures()))
