"""Forms with files: read as they come, one file in memory at a time, each handed to intake before the next is read.

Whatever is too large is read to its end and thrown away, so that the page can answer with a sentence: a browser whose
upload is cut off shows an error of its own instead.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field
from typing import Annotated, Final, NamedTuple

from fastapi import Depends, Request
from python_multipart.exceptions import MultipartParseError
from python_multipart.multipart import MultipartParser, parse_options_header

from services.processing.acts import counter as desk
from services.processing.acts.accounts import Member, csrf_of
from services.processing.pages._door import Console, Locked, Person, SignedIn, SignInNeeded
from services.processing.pages._papers import kind_name
from services.processing.rules.forms import DOCUMENT, FILE, Wrong
from services.processing.rules.wording import Words
from shared.dossier.permission import Kind
from shared.dossier.refusal import Refused
from shared.platform.http import Away
from shared.web.i18n import language_of
from shared.web.identity import counted
from shared.web.problem import Problem
from shared.web.sessions import MOST_FIELDS, Typed, demand_same_site, demand_token, first, typed_of

LARGEST: Final = 10 * 1024 * 1024
"""Bytes of one paper (identity_and_documents §4.2); intake knows the same limit."""
MOST_DRAINED: Final = 512 * 1024 * 1024
"""So much of a body is read at all; more is cut off."""
UPLOADS: Final = dict.fromkeys((r"/desk/counter", r"/desk/[^/]+/papers", r"/desk/bulk/file"), MOST_DRAINED)
"""Body limits of the forms with files."""
MOST_UNKNOWN: Final = 64 * 1024 * 1024
"""So much is read for the sake of the texts in it, when nobody is signed in."""
_MOST_FILES: Final = 40
_MOST_TEXT: Final = 1024 * 1024
"""Bytes of all fields together, as of a form without files."""
PAGES: Final = "pages."

_W = Words
_AGAIN: Final = _W("Chưa tải được tệp lên. Chọn lại tệp.", "The file did not get through. Choose it again.")
_TOO_LARGE: Final = _W(
    "Tệp lớn hơn 10 MB. Quét ở 200–300 dpi rồi tải lại, hoặc tách thành từng loại giấy tờ.",
    "The file is larger than 10 MB. Scan at 200–300 dpi, one kind of paper a file.",
)
_REFUSED: Final[Mapping[str, Words]] = {
    "file_too_large": _TOO_LARGE,
    "too_large": _TOO_LARGE,
    "file_type": _W(
        "Nội dung tệp không phải PDF, JPG hoặc PNG, dù tên tệp ghi gì. Quét giấy tờ thành PDF rồi tải lên.",
        "By its content this is no PDF, JPG or PNG, whatever its name says. Scan the paper as PDF.",
    ),
    "file_disguised": _W(
        "Nội dung tệp không đúng với tên tệp. Quét giấy tờ thành PDF rồi tải lên.",
        "The content is not what the file's name says. Scan the paper as PDF.",
    ),
    "file_active": _W(
        "Tệp PDF có mã lệnh hoặc tệp nhúng, không nhận. In lại thành PDF thường, hoặc quét bản giấy.",
        "The PDF holds scripts or other files. Print it as a plain PDF, or scan the paper.",
    ),
    "file_encrypted": _W("Tệp có mật khẩu, hãy gỡ mật khẩu rồi tải lại.", "Remove the password, then upload again."),
    "file_damaged": _W("Không đọc được tệp. Quét lại rồi tải lên.", "The file cannot be read. Scan again."),
    "too_many_pages": _W("Tệp có hơn 200 trang. Tách thành nhiều tệp.", "More than 200 pages. Split the file."),
    "too_many_pixels": _W("Ảnh quá lớn. Quét ở 200–300 dpi rồi tải lại.", "Too many pixels. Scan at 200–300 dpi."),
}


@dataclass(frozen=True)
class Bringer(Person):
    """Who sent a form with files; `wrong` names the files that were not taken, `lists` those the page reads itself."""

    wrong: list[Wrong] = field(default_factory=list)
    lists: list[Sent] = field(default_factory=list)


class Sent(NamedTuple):
    """One file of a form: the field, the name it had, its bytes; none when it was too large."""

    field: str
    name: str
    data: bytes | None


class SignedInWithFiles(SignedIn):
    """The person of the session; files of the form are at intake when the page's own code begins."""

    reads_lists = False

    async def __call__(self, request: Request) -> Bringer:
        """Raises SignInNeeded and Locked with the texts that were typed, Problem 403 for a foreign form."""
        console: Console = request.app.state.console
        demand_same_site(request)
        token = console.cookie.of(request)
        member = await console.staff.member(token) if token else None
        typed: Typed = {}
        if member is None or member.session.is_locked:
            async for name, text in _texts(request):
                typed.setdefault(name, []).append(text)
            raise SignInNeeded(typed) if member is None else Locked(typed)
        await counted(request, member.actor)
        bringer = Bringer(member, csrf_of(token), language_of(request), typed)
        async for part in _parts(request):
            if isinstance(part, Sent):
                demand_token(typed, bringer.csrf)  # our forms carry it before the first file
                if self.reads_lists:
                    bringer.lists.append(part)
                else:
                    await _hand_over(console, member, bringer, part)
            else:
                typed.setdefault(part[0], []).append(part[1])
        demand_token(typed, bringer.csrf)
        return bringer


class SignedInWithList(SignedInWithFiles):
    """The person of the session; the files are lists for the page itself, kept nowhere."""

    reads_lists = True


TheBringer = Annotated[Bringer, Depends(SignedInWithFiles(frozenset({Kind.STAFF})))]
"""`person: TheBringer` in the signature of a page that takes files."""
TheLister = Annotated[Bringer, Depends(SignedInWithList(frozenset({Kind.STAFF})))]
"""The same for a page that reads a list of dossiers."""


async def _hand_over(console: Console, member: Member, bringer: Bringer, sent: Sent) -> None:
    """One file to intake; what it says of it goes into the form: the document's id, or what is wrong."""
    kind, said = sent.field.removeprefix(FILE), None
    if not sent.field.startswith(FILE):
        raise Problem(422)
    if sent.data is None:
        said = _TOO_LARGE
    else:
        try:
            key = first(bringer.typed, "command_id")
            paper = await desk.upload(console.door, member.actor, key, kind=kind, name=sent.name, data=sent.data)
            bringer.typed[DOCUMENT + kind] = [paper.document_id]
            bringer.typed[PAGES + kind] = [str(paper.pages)]
        except Refused as no:
            said = _REFUSED.get(no.code, _W(no.detail, no.detail))
        except Away:
            said = _AGAIN
    if said is not None:
        name = kind_name(console, kind)
        bringer.wrong.append(Wrong(sent.field, _W(f"{name}: {said.vi}", f"{name}: {said.en}")))


async def _texts(request: Request) -> AsyncIterator[tuple[str, str]]:
    """What was typed, without the files. Raises Problem 413 sooner than for somebody whom we know."""
    async for part in _parts(request, most=MOST_UNKNOWN, largest=0):
        if not isinstance(part, Sent):
            yield part


async def _parts(
    request: Request, *, most: int = MOST_DRAINED, largest: int = LARGEST
) -> AsyncIterator[tuple[str, str] | Sent]:
    """Fields and files in their order; an input without a chosen file is no part. Raises Problem 400, 413, 422.

    `most`: bytes that are read at all; `largest`: bytes of a file that are kept.
    """
    kind, options = parse_options_header(request.headers.get("content-type"))
    if kind != b"multipart/form-data" or not options.get(b"boundary"):
        for name, texts in (await typed_of(request)).items():
            for text in texts:
                yield name, text
        return
    reader, size = _Reader(options[b"boundary"], largest), 0
    async for chunk in request.stream():
        size += len(chunk)
        if size > most:
            raise Problem(413)
        reader.write(chunk)
        for part in reader.taken():
            yield part
    if not reader.is_whole:
        raise Problem(400)


class _Reader:
    """Turns bytes of a multipart body into parts, holding one at a time."""

    def __init__(self, boundary: bytes, largest: int) -> None:
        self.is_whole = False
        self._largest = largest
        self._done: list[tuple[str, str] | Sent] = []
        self._fields = self._files = self._text = 0
        self._header = self._value = b""
        self._about: dict[bytes, bytes] = {}
        self._body, self._size = bytearray(), 0
        self._parser = MultipartParser(
            boundary,
            {
                "on_part_begin": self._begin,
                "on_header_field": self._header_name,
                "on_header_value": self._header_value,
                "on_header_end": self._header_end,
                "on_headers_finished": self._headers_end,
                "on_part_data": self._data,
                "on_part_end": self._end,
                "on_end": self._whole,
            },
        )

    def write(self, chunk: bytes) -> None:
        """More of the body. Raises Problem 400 for what is no form, 413 for one with too many parts."""
        try:
            self._parser.write(chunk)
        except MultipartParseError:
            raise Problem(400) from None

    def taken(self) -> list[tuple[str, str] | Sent]:
        """Parts that have come whole since the last question."""
        done, self._done = self._done, []
        return done

    def _begin(self) -> None:
        self._about, self._body, self._size = {}, bytearray(), 0

    def _header_name(self, data: bytes, start: int, end: int) -> None:
        self._header += data[start:end]

    def _header_value(self, data: bytes, start: int, end: int) -> None:
        self._value += data[start:end]

    def _header_end(self) -> None:
        self._about[self._header.lower()] = self._value
        self._header = self._value = b""

    def _headers_end(self) -> None:
        _, self._about = parse_options_header(self._about.get(b"content-disposition"))
        is_file = b"filename" in self._about
        self._files, self._fields = self._files + is_file, self._fields + (not is_file)
        if self._files > _MOST_FILES or self._fields > MOST_FIELDS:
            raise Problem(413)

    def _data(self, data: bytes, start: int, end: int) -> None:
        self._size += end - start
        is_file = b"filename" in self._about
        self._text += 0 if is_file else end - start
        if self._text > _MOST_TEXT:
            raise Problem(413)
        if not is_file or self._size <= self._largest:
            self._body += data[start:end]
        else:
            self._body.clear()

    def _end(self) -> None:
        name = self._about.get(b"name", b"").decode(errors="replace")
        if b"filename" not in self._about:
            self._done.append((name, self._body.decode(errors="replace")))
        elif file := self._about[b"filename"]:
            data = bytes(self._body) if self._size <= self._largest else None
            self._done.append(Sent(name, file.decode(errors="replace"), data))
        self._body = bytearray()

    def _whole(self) -> None:
        self.is_whole = True
