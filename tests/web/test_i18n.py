"""Every text of the pages has English, and every English text a page."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from shared.web.i18n import LOCALES, english, teller

ROOT = Path(__file__).parent.parent.parent
_IN_TEMPLATES = re.compile(r"\b_\(\"([^\"]+)\"")
_IN_CODE = re.compile(r"\bsay\(\s*\"([^\"]+)\"|\bteller\([^)]*\)\)?\(\s*\"([^\"]+)\"")
_LETTERS = re.compile(r"[^\W\d_]{2,}")
_OURS = frozenset({"Một", "Cửa", "Tiếng", "Việt", "English", "aria", "describedby", "Temporal", "byte"})
"""Names, languages that name themselves, an attribute made by a macro, a unit that is the same in both languages."""
FOLDERS = ("shared/web/templates", "services/processing/templates", "services/payment/templates")
CODE = (
    "services/processing/pages", "services/processing/views", "services/processing/acts", "services/payment",
    "shared/web",
)  # fmt: skip


def texts() -> Iterator[tuple[str, str]]:
    """(file, Vietnamese text) of all that is said through the catalogue by a literal."""
    for folder in FOLDERS:
        for path in sorted((ROOT / folder).rglob("*.html")):
            yield from ((str(path.relative_to(ROOT)), text) for text in _IN_TEMPLATES.findall(path.read_text()))
    for folder in CODE:
        for path in sorted((ROOT / folder).rglob("*.py")):
            for found in _IN_CODE.findall(path.read_text()):
                yield str(path.relative_to(ROOT)), found[0] or found[1]


def test_each_text_has_english() -> None:
    missing = sorted({f"{place}: {text}" for place, text in texts() if text not in english()})
    assert missing == [], f"add these to {LOCALES.relative_to(ROOT)}/"


def test_each_english_text_is_used() -> None:
    sources = "".join(
        path.read_text()
        for folder in (*FOLDERS, *CODE)
        for path in (ROOT / folder).rglob("*")
        if path.is_file() and path.suffix in {".py", ".html"}
    )
    unused = [text for text in english() if text not in sources]
    assert unused == []


@pytest.mark.parametrize("place", [f for folder in FOLDERS for f in sorted((ROOT / folder).rglob("*.html"))], ids=str)
def test_no_template_speaks_outside_the_catalogue(place: Path) -> None:
    """Words between tags come from the catalogue or from the view."""
    text = re.sub(r"\{#.*?#\}|\{%.*?%\}|\{\{.*?\}\}", " ", place.read_text(), flags=re.DOTALL)
    text = re.sub(r"<(style|script|kbd).*?</\1>|<[^>]*>", " ", text, flags=re.DOTALL)
    spoken = [word for word in _LETTERS.findall(text) if word not in _OURS]
    assert spoken == [], 'say it through _("...")'


def test_values_are_put_into_both_languages() -> None:
    assert teller("vi")("Có {n} chỗ cần sửa", n=2) == "Có 2 chỗ cần sửa"
    assert teller("en")("Có {n} chỗ cần sửa", n=2) == "2 places to correct"
