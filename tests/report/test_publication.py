"""What makes a published folder a data set: parquet, card and Croissant, held by their readers."""

from __future__ import annotations

import hashlib
import io
import json
import warnings
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest
import yaml

from ebmbench.records import COLUMNS, PACK, Record, Status, pack_bytes, results_csv, to_json
from ebmbench.report.publication.card import to_card
from ebmbench.report.publication.croissant import to_croissant, wrong_files
from ebmbench.report.publication.parquet import RESULTS, kinds_of, to_parquet

PAIRS = "task,seed,method,against,difference,stderr,rows\n2d/rings,0,dsm,nce,-0.5,,100\n"


@pytest.fixture
def records(make: Callable[..., Record]) -> list[Record]:
    """Two runs that ended ok and one that was skipped and has no number."""
    runs = [make("2d/rings", "dsm", 0, -2.5), make("2d/rings", "nce", 0, float("-inf"))]
    runs.append(make("2d/rings", "sm", 0, status=Status.SKIPPED))
    versions = {"ebmbench": "0.1.0", "torch": "2.13.0"}
    return [run.model_copy(update={"versions": versions}) for run in runs]


def write_folder(folder: Path, records: list[Record], pairs: str | None) -> dict[str, str]:
    """Write what the metadata list, and the metadata; return the tables."""
    tables = {"results": results_csv(records)} | ({} if pairs is None else {"pairs": pairs})
    files = {PACK: pack_bytes(json.loads(to_json(record)) for record in records)}
    for name, text in tables.items():
        files |= {f"{name}.csv": text.encode(), f"{name}.parquet": to_parquet(text)}
    for name, content in files.items():
        (folder / name).write_bytes(content)
    metadata = to_croissant(records, "mine", tables, files)
    (folder / "croissant.json").write_text(metadata, encoding="utf-8")
    return tables


def test_parquet_says_what_the_csv_says(records: list[Record]) -> None:
    text = results_csv(records)
    table = pd.read_parquet(io.BytesIO(to_parquet(text)))
    assert list(table.columns) == COLUMNS == list(RESULTS)
    assert to_parquet(text) == to_parquet(text)
    back = pd.read_csv(io.StringIO(text))
    assert len(table) == len(back)
    assert table["value"].tolist()[:-1] == back["value"].tolist()[:-1]
    assert (table["value"] == float("-inf")).sum() == 1
    skipped = table.iloc[-1]
    assert skipped["status"] == "skipped"
    assert skipped[["metric", "value", "certified"]].isna().all()
    kinds = {name: str(table[name].dtype) for name in ("task_version", "seed", "value", "run_id")}
    assert kinds["task_version"] == kinds["seed"] == "int64"
    assert kinds["value"] == "float64"


def test_kinds_of_a_table_whose_columns_are_not_known() -> None:
    kinds = kinds_of(PAIRS)
    assert kinds == {
        "task": "text", "seed": "integer", "method": "text", "against": "text",
        "difference": "number", "stderr": "number", "rows": "integer",
    }  # fmt: skip
    digits = kinds_of("run_id,x,flag\n0000000000000001,,True\n")
    assert digits == {"run_id": "text", "x": "text", "flag": "truth"}


def test_the_header_of_the_card_is_what_a_data_hub_reads(records: list[Record]) -> None:
    page = to_card(records, "mine", {"results": 30, "pairs": 3}, ["regret.png"])
    _, header, body = page.split("---\n", 2)
    said = yaml.safe_load(header)
    assert said["license"] == "mit"
    assert said["pretty_name"] == "ebmbench mine"
    assert said["size_categories"] == ["n<1K"]
    assert said["configs"] == [
        {"config_name": "results", "data_files": "results.parquet", "default": True},
        {"config_name": "pairs", "data_files": "pairs.parquet"},
    ]
    assert "energy-based-models" in said["tags"]
    assert "3 runs (2 ok, 1 skipped): 1 tasks × 3 methods, seeds 0, preset smoke" in body
    assert "![regret.png](figures/regret.png)" in body
    assert "[parquet](pairs.parquet), 3 rows" in body


@pytest.mark.parametrize("pairs", [None, PAIRS], ids=["results", "pairs"])
def test_croissant_is_read_by_its_own_library(
    pairs: str | None, records: list[Record], tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    # Importing it and what it imports warns about things that are not ours.
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        mlcroissant = pytest.importorskip("mlcroissant")
        tables = write_folder(tmp_path, records, pairs)
        dataset = mlcroissant.Dataset(jsonld=str(tmp_path / "croissant.json"))
        issues = dataset.metadata.issues
        assert not issues.errors
        assert not issues.warnings
        assert not [log for log in caplog.messages if "not standard" in log]
        found = {name: list(dataset.records(name)) for name in tables}
    assert [each["results/method"] for each in found["results"]].count(b"sm") == 1
    lengths = {name: len(text.splitlines()) - 1 for name, text in tables.items()}
    assert {name: len(rows) for name, rows in found.items()} == lengths
    first = found["results"][0]
    assert (first["results/value"], first["results/seed"]) == (-2.5, 0)


def test_croissant_lists_the_files_with_their_hashes(
    records: list[Record], tmp_path: Path
) -> None:
    write_folder(tmp_path, records, PAIRS)
    metadata = json.loads((tmp_path / "croissant.json").read_text())
    listed = {each["contentUrl"]: each["sha256"] for each in metadata["distribution"]}
    there = {path.name for path in tmp_path.iterdir()} - {"croissant.json"}
    assert set(listed) == there
    for name, said in listed.items():
        assert said == hashlib.sha256((tmp_path / name).read_bytes()).hexdigest()
    required = {"@context", "@type", "conformsTo", "name", "description", "license", "url",
                "creator", "datePublished", "distribution", "recordSet"}  # fmt: skip
    assert required <= set(metadata)
    assert metadata["datePublished"] == "2026-01-01"


def test_metadata_of_a_stranger_open_no_file_elsewhere(
    records: list[Record], tmp_path: Path
) -> None:
    folder = tmp_path / "folder"
    folder.mkdir()
    assert wrong_files(folder) == []
    write_folder(folder, records, None)
    assert wrong_files(folder) == []
    text = (folder / "croissant.json").read_text()
    (folder / "croissant.json").write_text(text.replace('"results.csv"', '"../results.csv"'))
    (folder / "results.csv").rename(tmp_path / "results.csv")
    assert wrong_files(folder) == ["../results.csv stands in croissant.json and is missing"]
    for broken in ("{", "[]", '{"distribution": [{}]}'):
        (folder / "croissant.json").write_text(broken)
        assert "lists no files with their hashes" in wrong_files(folder)[0]
