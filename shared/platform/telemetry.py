"""Logs, metrics, trace context. A log line is JSON on stdout: one event name, UTC, listed fields only (SR-16)."""

from __future__ import annotations

import logging
import re
import secrets
import sys
import traceback
from collections.abc import Iterator, MutableMapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any, Final

import orjson
import structlog
from prometheus_client import Counter, Gauge, Histogram

FIELDS: Final = frozenset(
    {
        "action", "actor_kind", "actor_role", "agency_code", "attempt", "code", "count", "dossier_code", "error",
        "event", "group", "indicator", "level", "logger", "message", "method", "offset", "outcome", "partition",
        "procedure_code", "process", "provider", "purpose", "reader", "reason", "route", "schema", "seconds", "seq",
        "stage", "status", "task_queue", "timestamp", "topic", "trace_id", "where",
    }
)  # fmt: skip
"""The only names a line may carry: anything else is dropped, so a person cannot slip in as a new field."""

_LONGEST: Final = 500
_NUMBERS: Final = frozenset({"count", "offset", "partition", "seconds", "seq", "status", "attempt"})
_SECRETS: Final = re.compile(
    r"""[^\s@<>"'=:,;()]+@[^\s@<>"',;()]+\.\w+              # e-mail
    | (?<!\d)(?:\+?84|0)(?:[ .]?\d){9}(?!\d)            # phone
    | (?<!\d)\d(?:[ .]?\d){11}(?!\d)                    # personal id
    | (?<!\d)\d(?:[ .]?\d){8}(?!\d)                     # old identity card
    """,
    re.VERBOSE,
)
_TRACEPARENT: Final = re.compile(r"00-([0-9a-f]{32})-([0-9a-f]{16})-[0-9a-f]{2}")
_traceparent: ContextVar[str] = ContextVar("traceparent", default="")


def configure(process: str) -> None:
    """Turns this process' logs, the libraries' included, into JSON lines on stdout. Called once by `__main__`."""
    formatter = structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=[_library_line, *_PROCESSORS],
        processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, _with(process), _listed, _json],
    )
    handler = logging.StreamHandler(sys.stdout)
    handler.setFormatter(formatter)
    logging.basicConfig(handlers=[handler], level=logging.WARNING, force=True)
    logging.getLogger("motcua").setLevel(logging.INFO)
    for name in ("uvicorn", "uvicorn.error", "uvicorn.access", "faststream", "aiokafka", "temporalio"):
        library = logging.getLogger(name)
        library.handlers.clear()
        library.propagate = True
        library.setLevel(logging.WARNING)
    logging.captureWarnings(capture=True)


def redacted(text: str) -> str:
    """The text with identity numbers, phones and e-mail addresses blotted out, and cut to a sane length."""
    return _SECRETS.sub("***", text)[:_LONGEST]


def counter(name: str, documentation: str, labels: Sequence[str] = ()) -> Counter:
    """`motcua_<name>`; the client adds `_total`. Labels are small closed lists: no dossier code, person, free text."""
    return Counter(f"motcua_{name}", documentation, labels)


def gauge(name: str, documentation: str, labels: Sequence[str] = ()) -> Gauge:
    return Gauge(f"motcua_{name}", documentation, labels)


def histogram(
    name: str,
    documentation: str,
    labels: Sequence[str] = (),
    buckets: Sequence[float] = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10),
) -> Histogram:
    """Seconds by default."""
    return Histogram(f"motcua_{name}", documentation, labels, buckets=buckets)


def new_traceparent() -> str:
    """A new trace (W3C Trace Context, version 00, sampled)."""
    return f"00-{secrets.token_hex(16)}-{secrets.token_hex(8)}-01"


def current_traceparent() -> str:
    """The trace this request, activity or record belongs to; a new one where none has begun."""
    return _traceparent.get() or new_traceparent()


def trace_id() -> str:
    """32 hex digits of the current trace, or an empty text."""
    found = _TRACEPARENT.fullmatch(_traceparent.get())
    return found.group(1) if found else ""


@contextmanager
def tracing(traceparent: str | None) -> Iterator[str]:
    """Within the block this is the current trace; what is not a traceparent starts a new one."""
    value = traceparent if traceparent and _TRACEPARENT.fullmatch(traceparent) else new_traceparent()
    token = _traceparent.set(value)
    try:
        yield value
    finally:
        _traceparent.reset(token)


type _Line = MutableMapping[str, Any]


def _library_line(_: object, __: str, line: _Line) -> _Line:
    """A library's sentence becomes a field: only its first line, because the rest may hold values."""
    record: logging.LogRecord = line["_record"]
    return {**line, "event": "library", "logger": record.name, "message": str(line["event"]).partition("\n")[0]}


def _exception_without_values(_: object, __: str, line: _Line) -> _Line:
    """Type and place of an exception and its causes. Never its message: that may quote what a person typed."""
    given = line.pop("exc_info", None)
    error = sys.exception() if given is True else given[1] if isinstance(given, tuple) else given
    if not isinstance(error, BaseException):
        return line
    chain: list[BaseException] = []
    while error is not None and error not in chain:
        chain.append(error)
        error = error.__cause__ or error.__context__
    frames = traceback.extract_tb(chain[0].__traceback__)[-6:]
    line["error"] = " < ".join(type(each).__qualname__ for each in chain)
    line["where"] = " > ".join(f"{'/'.join(f.filename.split('/')[-3:])}:{f.lineno}" for f in frames)
    return line


def _with(process: str) -> structlog.typing.Processor:
    def add(_: object, __: str, line: _Line) -> _Line:
        return {"process": process, "trace_id": trace_id(), **line}

    return add


def _listed(_: object, __: str, line: _Line) -> _Line:
    return {name: _safe(name, value) for name, value in line.items() if name in FIELDS and value not in (None, "")}


def _safe(name: str, value: object) -> object:
    if value is None or isinstance(value, bool | float) or (isinstance(value, int) and name in _NUMBERS):
        return value
    if name in {"trace_id", "timestamp"}:
        return str(value)
    return redacted(str(value))


def _json(_: object, __: str, line: _Line) -> str:
    return orjson.dumps(line).decode()


_PROCESSORS: Final[list[structlog.typing.Processor]] = [
    structlog.contextvars.merge_contextvars,
    structlog.stdlib.add_log_level,
    structlog.processors.TimeStamper(fmt="iso", utc=True),
    _exception_without_values,
]

log: Final[structlog.stdlib.BoundLogger] = structlog.wrap_logger(
    logging.getLogger("motcua"),
    processors=[*_PROCESSORS, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
    wrapper_class=structlog.stdlib.BoundLogger,
    cache_logger_on_first_use=True,
)
"""`log.info("paper_digitized", dossier_code=...)`: an expected refusal is info, not error."""
