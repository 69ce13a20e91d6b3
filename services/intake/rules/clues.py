"""By what a clerk finds somebody again: words of the name with and without tones, the end of the phone, the number.

Clues are hashed with a key before they are stored: the table says nothing to whoever reads it. Both places of a tone
mark ("hoà", "hòa") are one word, and "đ" is found by "d".
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from itertools import pairwise
from typing import Final, NamedTuple

from services.intake.rules.person import Person

_TONES: Final = "\u0300\u0301\u0303\u0309\u0323"
_ID: Final = re.compile(r"\d{12}")
_PHONE_END: Final = re.compile(r"\d{4}")
_PHONE: Final = re.compile(r"0\d{9,10}")


class Clue(NamedTuple):
    """One way to find a person; `kind` keeps a phone's end apart from a number."""

    kind: str
    text: str


class Wanted(NamedTuple):
    """What a search asks for: all of `exact` come first, then all of `loose`."""

    exact: tuple[Clue, ...]
    loose: tuple[Clue, ...]


def clues_of(person: Person) -> frozenset[Clue]:
    """Everything by which this person can be found."""
    digits = "0" + person.phone.removeprefix("+84")
    found = {Clue("id", person.personal_id), Clue("phone", digits), Clue("phone_end", digits[-4:])}
    for kind, words in (("toned", _toned(person.full_name)), ("folded", _folded(person.full_name))):
        found |= {Clue(kind, word) for word in words} | {Clue(kind, pair) for pair in _pairs(words)}
    return frozenset(found)


def wanted(text: str) -> Wanted:
    """What a text asks for; nothing for one without a letter or a number of ours."""
    digits = re.sub(r"[ .-]", "", text)
    for kind, pattern in (("id", _ID), ("phone", _PHONE), ("phone_end", _PHONE_END)):
        if pattern.fullmatch(digits):
            return Wanted((), (Clue(kind, digits),))
    return Wanted(_name("toned", _toned(text)), _name("folded", _folded(text)))


def _name(kind: str, words: list[str]) -> tuple[Clue, ...]:
    """One word is looked for by itself, several by their neighbours: pairs are far rarer than words."""
    return tuple(Clue(kind, each) for each in (_pairs(words) if len(words) > 1 else words))


def _pairs(words: Iterable[str]) -> list[str]:
    return [f"{first} {second}" for first, second in pairwise(words)]


def _folded(name: str) -> list[str]:
    bare = (letter for letter in unicodedata.normalize("NFD", name.lower()) if unicodedata.category(letter) != "Mn")
    return _words("".join(bare).replace("đ", "d"))


def _toned(name: str) -> list[str]:
    """Each word with its tone behind it, so that the place of the mark does not matter."""
    return [_tone_last(word) for word in _words(unicodedata.normalize("NFD", name.lower()))]


def _tone_last(word: str) -> str:
    tone = "".join(letter for letter in word if letter in _TONES)
    return "".join(letter for letter in word if letter not in _TONES) + tone


def _words(text: str) -> list[str]:
    kept = "".join(letter if letter.isalpha() or unicodedata.category(letter) == "Mn" else " " for letter in text)
    return kept.split()
