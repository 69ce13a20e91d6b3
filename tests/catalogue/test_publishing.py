"""A published version never changes, can always be read again, and says what differs from another."""

from __future__ import annotations

import gzip
from datetime import UTC, date, datetime
from pathlib import Path

import orjson
import pytest

from shared.catalogue.model import Catalogue
from shared.platform.catalogue import CatalogueError, load_catalogue
from shared.platform.publishing import differences, publish, published, versions

TODAY = date(2026, 11, 23)
NOW = datetime(2026, 11, 23, 3, tzinfo=UTC)


@pytest.fixture(scope="module")
def catalogue() -> Catalogue:
    return load_catalogue()


def dearer(catalogue: Catalogue, version: str) -> Catalogue:
    """The same with one fee raised and one procedure gone."""
    first, *rest = catalogue.procedures
    fee = first.fees[0].model_copy(update={"amount_vnd": 9_000})
    changed = first.model_copy(update={"fees": (fee, *first.fees[1:])})
    rows = [changed.model_dump(), *(row.model_dump() for row in rest[:-1])]
    return Catalogue.model_validate(catalogue.model_dump() | {"version": version, "procedures": rows})


def test_what_was_published_is_read_again_as_it_was(catalogue: Catalogue, tmp_path: Path) -> None:
    path, is_new = publish(catalogue, TODAY, NOW, note="first", archive=tmp_path)
    assert is_new
    assert path.name == f"{catalogue.version}.json.gz"
    assert published(catalogue.version, tmp_path) == catalogue
    assert publish(catalogue, TODAY, NOW, archive=tmp_path) == (path, False)
    assert versions(tmp_path) == (catalogue.version,)


def test_one_version_has_one_content(catalogue: Catalogue, tmp_path: Path) -> None:
    publish(catalogue, TODAY, NOW, archive=tmp_path)
    with pytest.raises(CatalogueError, match="other content"):
        publish(dearer(catalogue, catalogue.version), TODAY, NOW, archive=tmp_path)


def test_nothing_is_published_without_next_years_holidays(catalogue: Catalogue, tmp_path: Path) -> None:
    last = max(row.year for row in catalogue.calendar_years)
    publish(catalogue, date(last, 11, 1), NOW, archive=tmp_path / "early")
    with pytest.raises(CatalogueError, match=f"no working calendar of {last + 1}"):
        publish(catalogue, date(last, 11, 3), NOW, archive=tmp_path)
    assert versions(tmp_path) == ()


def test_a_snapshot_that_was_tampered_with_is_refused(catalogue: Catalogue, tmp_path: Path) -> None:
    path, _ = publish(catalogue, TODAY, NOW, archive=tmp_path)
    snapshot = orjson.loads(gzip.decompress(path.read_bytes()))
    snapshot["catalogue"]["procedures"][0]["name"] = "Thủ tục khác"
    path.write_bytes(gzip.compress(orjson.dumps(snapshot)))
    with pytest.raises(CatalogueError, match="not what was published"):
        published(catalogue.version, tmp_path)
    path.write_bytes(b"no archive")
    with pytest.raises(CatalogueError, match="no snapshot"):
        published(catalogue.version, tmp_path)
    with pytest.raises(CatalogueError, match="never published"):
        published("1999.1", tmp_path / "empty")


def test_differences_name_row_and_field(catalogue: Catalogue) -> None:
    changed = dearer(catalogue, "next")
    first, last = catalogue.procedures[0], catalogue.procedures[-1]
    said = [str(each) for each in differences(catalogue, changed)]
    assert said == [
        f"~ version: {catalogue.version} → next",
        f"~ procedures {first.code} {first.version} fees {first.fees[0].code} amount_vnd: 100000 → 9000",
        f"- procedures {last.code} {last.version}: {last.name}",
    ]
    assert differences(catalogue, catalogue) == ()


def test_the_shipped_version_is_published_as_it_is(catalogue: Catalogue) -> None:
    """Whoever changes the data raises its version and publishes it: `motcua catalogue publish`."""
    assert catalogue.version in versions()
    assert differences(published(catalogue.version), catalogue) == ()
