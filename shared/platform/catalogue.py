"""Reads the catalogue's YAML files, checks them as a whole, and says file and line of everything that is wrong.

A folder of files is one catalogue: their lists are joined, so a procedure may stand in any file. A procedure may have
`changes`: later versions that repeat only what differs. Called by the services at start and by `motcua catalogue`.
"""

from __future__ import annotations

import gc
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import date, timedelta
from pathlib import Path
from typing import Any, Final, NamedTuple

import yaml
from pydantic import ValidationError

from shared.catalogue.figures import Place
from shared.catalogue.lint import findings
from shared.catalogue.model import Catalogue

DATA: Final = Path(__file__).parent.parent / "catalogue" / "data"
"""The catalogue shipped with the program."""


class CatalogueError(ValueError):
    """The catalogue is refused; `problems` are lines `file:line: message`, all of them."""

    def __init__(self, problems: tuple[str, ...]) -> None:
        super().__init__("\n".join(problems))
        self.problems = problems


def load_catalogue(folder: Path | None = None) -> Catalogue:
    """The catalogue of that folder, by default the shipped one. Raises CatalogueError with every problem placed."""
    source = _Source(folder or DATA)
    with _much_that_stays():
        rows = source.read()
        if source.problems:
            raise CatalogueError(tuple(source.problems))
        try:
            catalogue = Catalogue.model_validate(rows)
        except ValidationError as error:
            raise CatalogueError(
                tuple(source.placed(e["loc"], _words(e["loc"], e["type"], e["msg"])) for e in error.errors())
            ) from error
    if found := tuple(source.placed(place, text) for place, text in findings(catalogue)):
        raise CatalogueError(found)
    return catalogue


@contextmanager
def _much_that_stays() -> Iterator[None]:
    """Hundreds of thousands of small values come and none goes: looking for garbage meanwhile costs as much again."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()


class _Origin(NamedTuple):
    """Where a row was written: the file and the path inside it, for a later version also the path of its change."""

    file: Path
    place: Place
    change: Place | None = None


class _Source:
    """The files of one catalogue, and where each of their rows stands."""

    def __init__(self, folder: Path) -> None:
        self.files = sorted(folder.glob("*.yaml"))
        self.problems: list[str] = [] if self.files else [f"{folder}:1: no catalogue here (*.yaml)"]
        self._origins: dict[tuple[str, int | None], _Origin] = {}
        self._trees: dict[Path, yaml.Node | None] = {}

    def read(self) -> dict[str, Any]:
        """All files joined: lists one after the other, single values once."""
        joined: dict[str, Any] = {}
        for file in self.files:
            for name, value in self._parsed(file).items():
                if isinstance(value, list):
                    self._extend(joined.setdefault(name, []), file, name, value)
                elif name in joined:
                    self.problems.append(self._line(file, (name,), f"{name} also stands in another file"))
                else:
                    joined[name] = value
                    self._origins[name, None] = _Origin(file, (name,))
        return joined

    def placed(self, place: Place, message: str) -> str:
        """`file:line: message` of the value at this place of the joined catalogue."""
        name, index = str(place[0]), place[1] if len(place) > 1 else None
        if isinstance(index, int) and (origin := self._origins.get((name, index))):
            if origin.change is not None and len(place) > 2 and self._has(origin.file, (*origin.change, place[2])):  # noqa: PLR2004 - list, row, field
                return self._line(origin.file, (*origin.change, *place[2:]), message)
            return self._line(origin.file, (*origin.place, *place[2:]), message)
        if origin := self._origins.get((name, None)):
            return self._line(origin.file, place, message)
        return self._line(self.files[0], place, f"{'.'.join(map(str, place))}: {message}")

    def _parsed(self, file: Path) -> Mapping[str, Any]:
        try:
            self._trees[file] = tree = yaml.compose(file.read_bytes(), yaml.CSafeLoader)
            parsed = None if tree is None else _plain(tree)
        except yaml.MarkedYAMLError as error:
            line = error.problem_mark.line + 1 if error.problem_mark else 1
            self.problems.append(f"{file}:{line}: {error.problem}")
            return {}
        except (yaml.YAMLError, UnicodeDecodeError, RecursionError) as error:
            self.problems.append(f"{file}:1: {str(error).splitlines()[0]}")
            return {}
        if isinstance(parsed, dict) and all(isinstance(name, str) for name in parsed):
            return parsed
        self.problems.append(f"{file}:1: a catalogue file is a mapping of list names")
        return {}

    def _extend(self, rows: list[Any], file: Path, name: str, more: list[Any]) -> None:
        for index, row in enumerate(more):
            for version, change in _versions(row) if name == "procedures" else [(row, None)]:
                where = None if change is None else (name, index, "changes", change)
                self._origins[name, len(rows)] = _Origin(file, (name, index), where)
                rows.append(version)

    def _has(self, file: Path, place: Place) -> bool:
        return self._found(file, place)[1] == len(place)

    def _line(self, file: Path, place: Place, message: str) -> str:
        return f"{file}:{self._found(file, place)[0]}: {message}"

    def _found(self, file: Path, place: Place) -> tuple[int, int]:
        """Line of the deepest node on the way to this place, and how many steps of the way exist."""
        node, line, steps = self._trees.get(file), 1, 0
        for step in place:
            child = _child(node, step)
            if child is None:
                break
            line, node = child
            steps += 1
        return line, steps


_SAFE: Final = yaml.constructor.SafeConstructor()
_SCALARS: Final[Mapping[str, Callable[[Any], Any]]] = {
    f"tag:yaml.org,2002:{kind}": getattr(_SAFE, f"construct_yaml_{kind}")
    for kind in ("str", "int", "float", "bool", "null", "timestamp")
}


def _plain(node: yaml.Node) -> Any:
    """The value of a node: a tenth of the time of PyYAML's own constructors. Raises MarkedYAMLError with the place.

    Refuses a key written twice, which YAML would silently let win, and every tag that is not plain data.
    """
    if isinstance(node, yaml.MappingNode):
        mapping = {_scalar(key): _plain(value) for key, value in node.value}
        if len(mapping) < len(node.value):
            keys = [key.value for key, _ in node.value]
            twice = next(key for place, (key, _) in enumerate(node.value) if key.value in keys[:place])
            raise yaml.MarkedYAMLError(problem=f"{twice.value} is written twice", problem_mark=twice.start_mark)
        return mapping
    if isinstance(node, yaml.SequenceNode):
        return [_plain(value) for value in node.value]
    return _scalar(node)


def _scalar(node: yaml.Node) -> Any:
    construct = _SCALARS.get(node.tag) if isinstance(node, yaml.ScalarNode) else None
    if construct is None:
        raise yaml.MarkedYAMLError(problem=f"no plain value ({node.tag})", problem_mark=node.start_mark)
    try:
        return construct(node)
    except ValueError as error:
        raise yaml.MarkedYAMLError(problem=f"{node.value}: {error}", problem_mark=node.start_mark) from error


def _child(node: yaml.Node | None, step: str | int) -> tuple[int, yaml.Node] | None:
    if isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            if key.value == str(step):
                return key.start_mark.line + 1, value
    if isinstance(node, yaml.SequenceNode) and isinstance(step, int) and step < len(node.value):
        return node.value[step].start_mark.line + 1, node.value[step]
    return None


def _versions(row: Any) -> Iterator[tuple[Any, int | None]]:
    """The first version and, from its `changes`, the later ones: each repeats only what differs from the one before.

    A version ends the day before the next begins; numbers run from 1, so a change is appended, never inserted.
    """
    if not isinstance(row, dict):
        yield row, None
        return
    changes = row.get("changes", [])
    version = {"version": 1, **{name: value for name, value in row.items() if name != "changes"}}
    for index, change in enumerate(changes if isinstance(changes, list) else []):
        begins = change.get("valid_from") if isinstance(change, dict) else None
        if not isinstance(begins, date):
            yield {**version, "changes": "a change is a mapping with valid_from"}, None if not index else index - 1
            return
        yield {**version, "valid_to": begins - timedelta(days=1)}, None if not index else index - 1
        version = {**version, "version": index + 2, **change}
    yield version, len(changes) - 1 if changes else None


def _words(place: Place, kind: str, message: str) -> str:
    field = next((step for step in reversed(place) if isinstance(step, str)), "")
    if kind == "missing":
        return f"{field} is missing"
    if kind == "extra_forbidden":
        return f"unknown field {field}"
    return f"{field}: {message.removeprefix('Value error, ')}"
