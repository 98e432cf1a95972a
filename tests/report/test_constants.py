"""Who knows its own constant: a function of the records."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from ebmbench.records import LogZRecord, Record
from ebmbench.report.site.build import build_site
from ebmbench.report.stats.constants import own_constants
from ebmbench.report.tables.constants import constants_csv, constants_markdown, constants_rows
from ebmbench.report.write import table_texts, write_tables

Make = Callable[..., Record]


def knowing(record: Record, own: float | None, found: float, certified: bool = True) -> Record:
    """Return a record whose method brings a ``log Z``."""
    log_z = LogZRecord(value=found, stderr=0.01, certified=certified)
    return record.model_copy(update={"learned_log_z": own, "log_z": log_z})


@pytest.fixture
def records(make: Make) -> list[Record]:
    return [
        knowing(make("2d/rings", "nce", 0, -3.0), 2.3, 2.0),
        knowing(make("2d/rings", "nce", 1, -3.0), 2.1, 2.0),
        knowing(make("2d/two-moons", "nce", 0, -2.0), 1.0, 1.5),
        knowing(make("2d/two-moons", "nce", 1, -2.0), 9.0, 1.5, certified=False),
        knowing(make("2d/rings", "snl", 0, -3.0), 2.05, 2.0),
        knowing(make("2d/rings", "dsm", 0, -3.0), None, 2.0),
        make("2d/rings", "n2ce", 0, -3.0),
    ]


def test_errors_are_signed_means_over_certified_seeds(records: list[Record]) -> None:
    nearest, other = own_constants(records)
    assert (nearest.method, other.method) == ("snl", "nce")
    assert nearest.errors() == {"2d/rings": pytest.approx(0.05)}
    assert other.errors() == {
        "2d/rings": pytest.approx(0.2),
        "2d/two-moons": pytest.approx(-0.5),
    }
    assert other.size == pytest.approx(0.35)
    assert (nearest.refused, other.refused) == (0, 1)


def test_tables_say_it(records: list[Record]) -> None:
    found = own_constants(records)
    assert constants_rows(found)[1] == ["nce", "0.350", "1", "+0.200", "-0.500"]
    assert constants_rows(found)[0] == ["snl", "0.050", "0", "+0.050", "–"]
    lines = constants_csv(found).splitlines()
    assert len(lines) == 6
    assert lines[1] == "2d,snl,2d/rings,0,2.05,2,0.01,True,0.05"
    assert "| nce | 0.350 | 1 |" in constants_markdown(found)


def test_a_folder_has_them_where_somebody_brings_one(
    records: list[Record], tmp_path: Path
) -> None:
    assert "constants.csv" not in table_texts(records[5:6])
    names = {path.name for path in write_tables(records, tmp_path)}
    assert {"constants.csv", "constants.md"} <= names
    build_site(records, tmp_path)
    page = (tmp_path / "site" / "index.html").read_text(encoding="utf-8")
    assert "Who knows its own constant" in page
    assert "+0.200" in page
