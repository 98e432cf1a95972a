"""The folders under results/: no number in them has changed since it was published."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

from ebmbench.records import as_written, iter_stored, read_records, results_csv
from ebmbench.report.publication.parquet import columns_of
from ebmbench.report.publish import OURS

RESULTS = Path(__file__).parents[2] / "results"
FOLDERS = sorted(path for path in RESULTS.glob("20*") if path.is_dir())

PUBLISHED = {
    "2026-11": (160, "6fdded760acd24a8dcd2ec06ad885c5711f78c7dea6c74ca75f5cf0feee55c03",
                "996fd5dd96e135058cbdde046ff68e77d0db09ab30cb89484d3b311b9f809da0"),
    "2026-11-cost": (96, "fa2ee95e4cc1a97fc067cb072ac036bcebc65583f4be50717fe0a950fe6cdf39",
                     "17d250185a6b78139896aa65a41296d9da4bf22d4f9e4aa38705d876dcd3badc"),
}  # fmt: skip
"""Records, SHA-256 of their files one after the other as they lay in the repository, and of
``results.csv``; taken from the commit before they were packed."""


@pytest.mark.parametrize("name", sorted(PUBLISHED))
def test_the_records_are_those_that_were_published(name: str) -> None:
    count, digest, _ = PUBLISHED[name]
    texts = [as_written(stored.content()) for stored in iter_stored(RESULTS / name)]
    assert len(texts) == count
    assert hashlib.sha256("".join(texts).encode()).hexdigest() == digest


@pytest.mark.parametrize("name", sorted(PUBLISHED))
def test_the_tidy_table_is_byte_for_byte_what_was_published(name: str) -> None:
    content = (RESULTS / name / "results.csv").read_bytes()
    assert hashlib.sha256(content).hexdigest() == PUBLISHED[name][2]
    assert results_csv(read_records(RESULTS / name)).encode() == content


@pytest.mark.parametrize("folder", FOLDERS, ids=[folder.name for folder in FOLDERS])
def test_a_published_folder_holds_what_publishing_writes(folder: Path) -> None:
    import pandas as pd

    assert {path.name for path in folder.iterdir()} <= set(OURS)
    rows = columns_of((folder / "results.csv").read_text(encoding="utf-8"))
    table = pd.read_parquet(folder / "results.parquet")
    assert table["run_id"].tolist() == rows["run_id"]
    values = [float(cell) for cell in rows["value"] if cell]
    assert table["value"].dropna().tolist() == values
