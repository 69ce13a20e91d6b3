"""Published catalogues: immutable snapshots by version, so that what a dossier was promised can always be read again.

A snapshot is one gzipped JSON object {version, published_at, note, sha256, catalogue}; equal catalogues give equal
digests. Differences between two catalogues are lines `list row field: old → new`.
"""

from __future__ import annotations

import gzip
import hashlib
from collections.abc import Iterator, Mapping
from datetime import date, datetime
from pathlib import Path
from typing import Any, Final, Literal, NamedTuple

import orjson

from shared.catalogue.lint import warnings
from shared.catalogue.model import Catalogue
from shared.platform.catalogue import DATA, CatalogueError

ARCHIVE: Final = DATA.parent / "published"
"""The snapshots shipped with the program."""
_KEYS: Final = ("code", "id", "number", "year", "kind", "agency_code", "kinds", "channel", "name")
"""What tells rows of one list apart: the first of these that the row has, with its version or first day."""

type What = Literal["added", "removed", "changed"]


class Difference(NamedTuple):
    """One value that is not the same; `old` is None for what was added, `new` for what was removed."""

    what: What
    place: str
    old: Any
    new: Any

    def __str__(self) -> str:
        match self.what:
            case "added":
                return f"+ {self.place}{_said(self.new)}"
            case "removed":
                return f"- {self.place}{_said(self.old)}"
            case "changed":
                return f"~ {self.place}: {_plain(self.old)} → {_plain(self.new)}"


def publish(
    catalogue: Catalogue, on: date, published_at: datetime, *, note: str = "", archive: Path = ARCHIVE
) -> tuple[Path, bool]:
    """The snapshot and whether it is new. The same content again changes nothing.

    Raises CatalogueError: holidays missing from 60 days before a year, or a version that was published otherwise.
    """
    if missing := [text for text in warnings(catalogue, on) if text.startswith("no working calendar")]:
        raise CatalogueError(tuple(missing))
    path, content = _path(archive, catalogue.version), catalogue.model_dump(mode="json")
    digest = hashlib.sha256(orjson.dumps(content, option=orjson.OPT_SORT_KEYS)).hexdigest()
    if path.exists():
        if _read(path)["sha256"] == digest:
            return path, False
        raise CatalogueError((f"{catalogue.version} was published with other content: raise the catalogue's version",))
    snapshot = {
        "version": catalogue.version,
        "published_at": published_at.isoformat(),
        "note": note,
        "sha256": digest,
        "catalogue": content,
    }
    archive.mkdir(parents=True, exist_ok=True)
    part = path.with_suffix(".part")
    part.write_bytes(gzip.compress(orjson.dumps(snapshot, option=orjson.OPT_SORT_KEYS), mtime=0))
    part.rename(path)
    return path, True


def published(version: str, archive: Path = ARCHIVE) -> Catalogue:
    """A catalogue as it was published. Raises CatalogueError when there is none, or its content was changed since."""
    path = _path(archive, version)
    if not path.is_file():
        raise CatalogueError((f"{version} was never published; known: {', '.join(versions(archive)) or 'none'}",))
    snapshot = _read(path)
    if (
        hashlib.sha256(orjson.dumps(snapshot["catalogue"], option=orjson.OPT_SORT_KEYS)).hexdigest()
        != snapshot["sha256"]
    ):
        raise CatalogueError((f"{path}:1: the content is not what was published",))
    return Catalogue.model_validate(snapshot["catalogue"])


def versions(archive: Path = ARCHIVE) -> tuple[str, ...]:
    """All published versions, oldest first."""
    snapshots = (_read(path) for path in archive.glob("*.json.gz"))
    return tuple(each["version"] for each in sorted(snapshots, key=lambda each: each["published_at"]))


def differences(old: Catalogue, new: Catalogue) -> tuple[Difference, ...]:
    """Everything that is not the same, list by list, row by row, field by field."""
    return tuple(_compare("", old.model_dump(mode="json"), new.model_dump(mode="json")))


def _compare(place: str, old: Any, new: Any) -> Iterator[Difference]:
    old, new = _rows(old), _rows(new)
    if isinstance(old, dict) and isinstance(new, dict):
        for key in dict.fromkeys((*old, *new)):
            inside = f"{place} {key}".strip()
            if key not in new:
                yield Difference("removed", inside, old[key], None)
            elif key not in old:
                yield Difference("added", inside, None, new[key])
            else:
                yield from _compare(inside, old[key], new[key])
    elif old != new:
        yield Difference("changed", place, old, new)


def _rows(value: Any) -> Any:
    """A list of rows by what tells them apart; anything else as it is."""
    if not isinstance(value, list):
        return value
    named = {name: row for row in value if isinstance(row, dict) and (name := _name(row))}
    return named if value and len(named) == len(value) else value


def _name(row: Mapping[str, Any]) -> str | None:
    key = next((key for key in _KEYS if key in row), None)
    if key is None:
        return None
    more = [row[name] for name in ("version", "valid_from", "day") if name in row][:1]
    return " ".join(map(_plain, [row[key], *more]))


def _plain(value: Any) -> str:
    return value if isinstance(value, str) else orjson.dumps(value).decode()


def _said(value: Any) -> str:
    name = value.get("name") if isinstance(value, dict) else value
    return f": {_plain(name)}" if name else ""


def _path(archive: Path, version: str) -> Path:
    return archive / f"{version}.json.gz"


def _read(path: Path) -> dict[str, Any]:
    try:
        snapshot: dict[str, Any] = orjson.loads(gzip.decompress(path.read_bytes()))
    except (OSError, EOFError, ValueError) as broken:
        raise CatalogueError((f"{path}:1: no snapshot of a catalogue ({type(broken).__name__})",)) from broken
    return snapshot
