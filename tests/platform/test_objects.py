"""The document store: what lies on the disk says nothing, moves nowhere and breaks loudly."""

from __future__ import annotations

import asyncio
import base64
from pathlib import Path

import pytest

from shared.platform.objects import ObjectDamaged, ObjectMissing, Objects

KEY = base64.b64encode(bytes(range(32))).decode()
CODE, OTHER = "000.00.06.H39-230110-0007", "000.00.06.H39-230110-0008"
PAPER = "Giấy khai sinh của Nguyễn Văn A, 079123456789".encode()


@pytest.fixture
def store(tmp_path: Path) -> Objects:
    return Objects(tmp_path, KEY)


def files(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file()]


async def test_a_paper_comes_back_and_is_stored_once(store: Objects, tmp_path: Path) -> None:
    addresses = await asyncio.gather(*(store.put(CODE, PAPER) for _ in range(8)))
    assert set(addresses) == {store.address_of(CODE, PAPER)}
    assert await store.get(CODE, addresses[0]) == PAPER
    assert [path.name for path in files(tmp_path)] == [addresses[0]]


async def test_equal_papers_of_two_dossiers_share_neither_address_nor_bytes(store: Objects, tmp_path: Path) -> None:
    first, second = await store.put(CODE, PAPER), await store.put(OTHER, PAPER)
    assert first != second
    with pytest.raises(ObjectDamaged):
        await store.get(OTHER, first)
    on_disk = [path.read_bytes() for path in files(tmp_path)]
    assert len(set(on_disk)) == 2
    assert not any(b"079123456789" in each or b"Nguy" in each for each in on_disk)


async def test_a_changed_moved_or_foreign_file_does_not_open(store: Objects, tmp_path: Path) -> None:
    address = await store.put(CODE, PAPER)
    another = await store.put(CODE, b"another paper")
    path, moved = (tmp_path / each[:2] / each for each in (address, another))
    whole = path.read_bytes()
    moved.write_bytes(whole)
    with pytest.raises(ObjectDamaged):
        await store.get(CODE, another)
    for broken in (whole[:-1], whole[:20] + b"\0" + whole[21:], b"", b"MC2" + whole[3:]):
        path.write_bytes(broken)
        with pytest.raises(ObjectDamaged):
            await store.get(CODE, address)
    path.write_bytes(whole)
    with pytest.raises(ObjectDamaged):
        await Objects(tmp_path, base64.b64encode(b"k" * 32).decode()).get(CODE, address)


@pytest.mark.parametrize("address", ["", "../../etc/passwd", "A" * 64, "0" * 63, "0" * 64, "0" * 64 + "\n"])
async def test_what_is_no_address_finds_nothing(store: Objects, address: str) -> None:
    with pytest.raises(ObjectMissing):
        await store.get(CODE, address)


def test_a_key_of_another_length_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="32 bytes"):
        Objects(tmp_path, base64.b64encode(b"short").decode())
