"""Documents and code say the same: names, commands, links and lists in the pages are those of the repository."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from deploy.cli import MOUNTED, app
from deploy.documents import BEGIN, END, ROOT, diagram

PAGES = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md")])
README = (ROOT / "README.md").read_text()
OURS = ("shared", "services", "workflows")
LONGEST_RECORD = 15


def sources(*folders: str) -> Iterator[ast.Module]:
    for folder in folders:
        for path in sorted((ROOT / folder).rglob("*.py")):
            yield ast.parse(path.read_text())


def names_in(module: ast.AST) -> Iterator[str]:
    """Classes, functions, parameters, variables and fields; members of a class also as `Class.member`."""
    for node in ast.walk(module):
        match node:
            case ast.ClassDef(name=name, body=body):
                yield name
                yield from (f"{name}.{member}" for each in body for member in _bound(each))
            case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name) | ast.arg(arg=name):
                yield name
            case ast.Assign() | ast.AnnAssign():
                yield from _bound(node)
            case _:
                pass


def _bound(statement: ast.stmt) -> Iterator[str]:
    match statement:
        case ast.Assign(targets=targets):
            yield from (target.id for target in targets if isinstance(target, ast.Name))
        case ast.AnnAssign(target=ast.Name(id=name)):
            yield name
        case _:
            pass


def section(page: str, heading: str) -> str:
    """What stands between a heading and the next one."""
    return re.split(r"^#", page.partition(f"{heading}\n")[2], maxsplit=1, flags=re.MULTILINE)[0]


def anchors(page: str) -> set[str]:
    """How headings are addressed: lower case, blanks as hyphens, punctuation dropped."""
    headings = re.findall(r"^#+ (.+)$", page, flags=re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def quoted(pattern: str) -> set[tuple[str, str]]:
    """(page, match) of every occurrence in all pages."""
    return {(str(page.relative_to(ROOT)), found) for page in PAGES for found in re.findall(pattern, page.read_text())}


def test_each_term_of_the_glossary_is_a_name_in_the_code() -> None:
    known = {name for module in sources(*OURS) for name in names_in(module)}
    rows = [line.split("|")[2] for line in (ROOT / "GLOSSARY.md").read_text().splitlines() if line.startswith("|")]
    named = {name for row in rows for name in re.findall(r"`([^`]+)`", row)}
    assert len(named) > 80, "the glossary's tables were not read: is the code in their second column?"
    assert not named - known, f"GLOSSARY.md names what no code has: {sorted(named - known)}"


def test_the_readme_shows_the_diagram_of_the_table() -> None:
    assert f"{BEGIN}\n{diagram()}\n{END}" in README, "run `make golden`"


def test_every_make_target_and_command_that_is_named_exists() -> None:
    targets = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(), flags=re.MULTILINE))
    commands = {str(command.name or getattr(command.callback, "__name__", "")) for command in app.registered_commands}
    wrong = {(page, name) for page, name in quoted(r"\bmake ([a-z]+)\b(?=[` ]*(?:ARGS|`|#|\n))") if name not in targets}
    wrong |= {(page, name) for page, name in quoted(r"`motcua ([a-z]+)") if name not in commands | MOUNTED.keys()}
    assert not wrong


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_relative_link_leads_somewhere(page: Path) -> None:
    for link in re.findall(r"\]\(([^)]+)\)", page.read_text()):
        if "://" in link:
            continue
        path, _, anchor = link.partition("#")
        target = (page.parent / path).resolve() if path else page
        assert target.exists(), f"{link} leads nowhere"
        assert not anchor or anchor in anchors(target.read_text()), f"{link} names no heading"


def test_every_file_that_is_named_exists() -> None:
    named = quoted(r"`((?:shared|services|workflows|deploy|tests|docs)/[\w./-]+\.(?:py|yaml|md))`")
    assert len(named) > 50
    assert not {(page, path) for page, path in named if not (ROOT / path).exists()}


def test_every_test_that_is_named_exists() -> None:
    known = {name for module in sources("tests") for name in names_in(module)}
    named = quoted(r"`(test_\w+)`")
    assert len(named) > 50
    assert not {(page, name) for page, name in named if name not in known}


def test_decisions_are_numbered_and_short() -> None:
    records = re.split(r"^## ", (ROOT / "docs/decisions.md").read_text(), flags=re.MULTILINE)[1:]
    assert [record.partition(".")[0] for record in records] == [str(number + 1) for number in range(len(records))]
    for record in records:
        assert len(record.strip().splitlines()) <= LONGEST_RECORD, record.splitlines()[0]
        assert all(f"**{part}:**" in record for part in ("Context", "Choice", "Price", "Turns")), record.splitlines()[0]
