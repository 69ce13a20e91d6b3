"""What every simulator stands on: its ledger, its faults, its errors, its outgoing calls and its process.

Control paths of every simulator, never spoilt by faults: `GET /healthz`, `GET /ledger`, `GET|PUT /faults`.
"""

import asyncio
import hmac
import json
import os
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Iterator, Mapping
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from random import Random
from typing import Annotated, Any

from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from pydantic import BaseModel, ConfigDict, Field

type Entry = dict[str, Any]
type Attempt = Callable[[], Awaitable[bool]]

Share = Annotated[float, Field(ge=0, le=1)]
CONTROL = ("/healthz", "/ledger", "/faults")


class Problem(Exception):
    """A refusal as problem+json (RFC 9457): `/problems/<slug>` is stable, the detail is for people."""

    def __init__(self, status: int, slug: str, detail: str) -> None:
        super().__init__(detail)
        self.status, self.slug, self.detail = status, slug, detail

    def answer(self) -> JSONResponse:
        body = {"type": f"/problems/{self.slug}", "title": self.slug, "status": self.status, "detail": self.detail}
        return JSONResponse(body, self.status, media_type="application/problem+json")


class Faults(BaseModel):
    """What goes wrong, each with its probability. Answers: delay, fail. Outgoing calls: delay, and the last three."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    delay_ms: int = Field(default=0, ge=0, le=3_600_000)
    """Milliseconds of waiting when a delay strikes."""
    delay_p: Share = 0
    fail_p: Share = 0
    """503 instead of an answer; every second one *after* the work was done, so that the answer is lost."""
    duplicate_p: Share = 0
    reorder_p: Share = 0
    """An outgoing call is held back so that the next one overtakes it."""
    forge_p: Share = 0
    """A forged call goes out before the true one."""
    seed: int = 0


class Mischief:
    """The faults in force and the seeded chance that decides them; kept in a file when FAULTS_FILE names one."""

    def __init__(self, file: Path | None) -> None:
        self._file = file
        self.set(Faults.model_validate_json(file.read_bytes()) if file and file.exists() else Faults())

    def set(self, faults: Faults) -> None:
        self.faults, self._chance = faults, Random(faults.seed)
        if self._file:
            self._file.write_text(faults.model_dump_json())

    def strikes(self, probability: float) -> bool:
        return probability > 0 and self._chance.random() < probability

    async def delay(self) -> None:
        if self.strikes(self.faults.delay_p):
            await asyncio.sleep(self.faults.delay_ms / 1000)


class Ledger:
    """Append-only JSON lines. A line has left the process before the answer does: a kill loses no line."""

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
        self._path = path

    def write(self, kind: str, **fields: object) -> Entry:
        entry: Entry = {"kind": kind, "at": datetime.now(UTC).isoformat(), **fields}
        with self._path.open("ab", buffering=0) as lines:
            lines.write(json.dumps(entry, ensure_ascii=False).encode() + b"\n")
        return entry

    def entries(self) -> Iterator[Entry]:
        with self._path.open("rb") as lines:
            yield from map(json.loads, lines)


class Callbacks:
    """Outgoing calls: repeated until taken, and spoilt as the faults say. One call after another unless reordered."""

    def __init__(self, mischief: Mischief, *, retry_seconds: float, attempts: int) -> None:
        self._mischief, self._retry_seconds, self._attempts = mischief, retry_seconds, attempts
        self._running: set[asyncio.Task[None]] = set()

    def start(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(work)
        self._running.add(task)  # asyncio keeps only a weak reference
        task.add_done_callback(self._running.discard)

    async def stop(self) -> None:
        for task in self._running:
            task.cancel()
        await asyncio.gather(*self._running, return_exceptions=True)

    async def deliver(self, send: Attempt, forge: Attempt) -> None:
        """Returns when the call was taken, given up, or held back to be overtaken."""
        if self._mischief.strikes(self._mischief.faults.reorder_p):
            self.start(self._later(send, forge))
        else:
            await self._repeat(send, forge)

    async def _later(self, send: Attempt, forge: Attempt) -> None:
        await asyncio.sleep(3 * self._retry_seconds)
        await self._repeat(send, forge)

    async def _repeat(self, send: Attempt, forge: Attempt) -> None:
        await self._mischief.delay()
        if self._mischief.strikes(self._mischief.faults.forge_p):
            await forge()
        for attempt in range(self._attempts):
            if attempt:
                await asyncio.sleep(self._retry_seconds)
            if await send():
                break
        if self._mischief.strikes(self._mischief.faults.duplicate_p):
            await send()


def stage(
    name: str,
    ledger: Ledger,
    mischief: Mischief,
    callbacks: Callbacks | None = None,
    *,
    resume: Callable[[], None] = lambda: None,
) -> FastAPI:
    """An application with the control paths, problem+json errors and the faults of answers.

    `resume` is called once at start: it starts again the outgoing calls that the last life of the process owed.
    """

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        resume()
        yield
        if callbacks:
            await callbacks.stop()

    app = FastAPI(title=name, docs_url=None, redoc_url=None, openapi_url=None, lifespan=lifespan)

    @app.middleware("http")
    async def spoil(request: Request, answer: Callable[[Request], Awaitable[Response]]) -> Response:
        if request.url.path in CONTROL:
            return await answer(request)
        await mischief.delay()
        if not mischief.strikes(mischief.faults.fail_p):
            return await answer(request)
        if mischief.strikes(0.5):
            await answer(request)
        return Problem(503, "unavailable", f"{name} is told to fail").answer()

    _add_errors(app)
    _add_controls(app, name, ledger, mischief)
    return app


def _add_errors(app: FastAPI) -> None:
    @app.exception_handler(Problem)
    async def refused(_: Request, problem: Problem) -> JSONResponse:
        return problem.answer()

    @app.exception_handler(RequestValidationError)
    async def invalid(_: Request, error: RequestValidationError) -> JSONResponse:
        # Only places and reasons: the values may be a person's.
        reasons = "; ".join(f"{'.'.join(map(str, one['loc']))}: {one['msg']}" for one in error.errors())
        return Problem(422, "invalid-input", reasons).answer()


def _add_controls(app: FastAPI, name: str, ledger: Ledger, mischief: Mischief) -> None:
    @app.get("/healthz")
    async def healthz() -> Mapping[str, str]:
        return {"status": "alive", "name": name}

    @app.get("/ledger")
    def read_ledger(kind: str | None = None) -> Mapping[str, list[Entry]]:
        return {"entries": [entry for entry in ledger.entries() if kind in (None, entry["kind"])]}

    @app.get("/faults")
    async def read_faults() -> Faults:
        return mischief.faults

    @app.put("/faults")
    async def set_faults(faults: Faults) -> Faults:
        mischief.set(faults)
        return faults


def props() -> tuple[Ledger, Mischief]:
    """Ledger and faults from LEDGER_FILE (required) and FAULTS_FILE."""
    faults_file = os.environ.get("FAULTS_FILE")
    return Ledger(Path(os.environ["LEDGER_FILE"])), Mischief(Path(faults_file) if faults_file else None)


def secret(name: str) -> str:
    """The text of SECRETS_DIR/<name>, without the line's end."""
    return (Path(os.environ["SECRETS_DIR"]) / name).read_text().strip()


def own_url() -> str:
    return f"http://{os.environ.get('HOST', '127.0.0.1')}:{os.environ['PORT']}"


def serve(app: FastAPI) -> None:
    """Runs until SIGTERM. No access log: query strings and bodies of these protocols carry people's data."""
    import uvicorn

    if os.environ.get("ENVIRONMENT") == "production":
        raise SystemExit("simulators do not run in production")
    host, port = os.environ.get("HOST", "127.0.0.1"), int(os.environ["PORT"])
    uvicorn.run(app, host=host, port=port, log_level="warning", access_log=False, timeout_graceful_shutdown=2)


def bearer(request: Request, token: str) -> None:
    """Raises: Problem 401 when the request does not carry this token."""
    if not hmac.compare_digest(request.headers.get("authorization", "").encode(), f"Bearer {token}".encode()):
        raise Problem(401, "unauthorized", "a valid bearer token is needed")
