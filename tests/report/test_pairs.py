"""Differences on the same rows: their errors, their file, and their stored moments."""

from __future__ import annotations

import csv
import gzip
import io
import math
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from ebmbench.cards import card_hash
from ebmbench.errors import EbmbenchError
from ebmbench.records import LogZRecord, Record, Status, record_path, to_json
from ebmbench.report.audit import find_problems
from ebmbench.report.stats.outcomes import sort_outcomes
from ebmbench.report.stats.pairs import COLUMNS, pairs_csv
from ebmbench.report.stats.rows import (
    ROWS,
    RowMoments,
    between,
    from_bytes,
    measured,
    moments,
    of_rows,
    to_bytes,
)
from ebmbench.report.write import table_texts

Make = Callable[..., Record]
WINE = "uci/wine"


def parsed(
    records: list[Record], found: dict[tuple[str, int], RowMoments]
) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(pairs_csv(sort_outcomes(records), found))))


def rows_of(seed: int, count: int = 200) -> dict[str, np.ndarray]:
    """Two energies that differ by little on rows that differ by much, and a third."""
    rng = np.random.default_rng(seed)
    common = 5 * rng.standard_normal(count)
    return {
        "dsm": common + 0.1 * rng.standard_normal(count),
        "nce": common + 0.1 * rng.standard_normal(count) + 0.05,
        "gaussian": 0.5 * common,
    }


def test_the_error_of_a_difference_is_that_of_the_rows() -> None:
    rows = rows_of(0)
    found = of_rows(rows)
    assert found is not None
    for a in rows:
        for b in rows:
            gap = rows[a] - rows[b]
            assert found.stderr(a, b) == pytest.approx(gap.std(ddof=1) / math.sqrt(200), rel=1e-9)
    covariance = np.cov(np.stack([rows[m] for m in found.methods]))
    i, j = found.methods.index("dsm"), found.methods.index("gaussian")
    expected = covariance[i, i] + covariance[j, j] - 2 * covariance[i, j]
    assert found.variances[i][j] == pytest.approx(expected, rel=1e-8)
    assert found.stderr("dsm", "kde") is None
    # What the rows share cancels: unpaired, the error would be about fifty times as large.
    assert (found.stderr("dsm", "nce") or 1.0) < 0.02 < math.sqrt(covariance[i, i] / 200)


def test_nearly_equal_energies_lose_no_digits() -> None:
    base = 1e4 * np.random.default_rng(1).standard_normal(100)
    nudge = 1e-4 * np.random.default_rng(2).standard_normal(100)
    found = of_rows({"a": base, "b": base + nudge})
    assert found is not None
    assert found.stderr("a", "b") == pytest.approx(nudge.std(ddof=1) / 10, rel=1e-3)


def test_what_does_not_belong_is_left_out() -> None:
    rows = rows_of(0) | {"cd": np.array([math.inf] * 200), "sm": np.zeros(7)}
    found = of_rows(rows)
    assert found is not None
    assert found.methods == ("dsm", "gaussian", "nce")
    assert of_rows({"dsm": np.zeros(5)}) is None
    assert of_rows({}) is None


def test_a_pair_by_hand(make: Make) -> None:
    """Rows of variance 4 over 100, and the errors of both log Z: √(0.04 + 0.01 + 0.0025)."""
    a, b = make(WINE, "dsm", 0, -3.0, None), make(WINE, "nce", 0, -3.5, None, upper=-3.25)
    a = a.model_copy(update={"log_z": LogZRecord(value=1.0, stderr=0.1)})
    b = b.model_copy(update={"log_z": LogZRecord(value=1.0, stderr=0.05)})
    known = {(WINE, 0): RowMoments(("dsm", "nce"), 100, (0.0, 0.0), ((0.0, 4.0), (4.0, 0.0)))}
    (row,) = parsed([b, a], known)
    assert tuple(row) == COLUMNS
    assert (row["task"], row["seed"], row["method_a"], row["method_b"]) == (
        WINE,
        "0",
        "dsm",
        "nce",
    )
    assert float(row["difference"]) == pytest.approx(0.5)
    assert float(row["stderr"]) == pytest.approx(math.sqrt(0.0525))
    assert (float(row["lower"]), float(row["upper"])) == pytest.approx((0.25, 0.5))
    assert (row["rows"], row["certified"]) == ("100", "True")
    (bare,) = parsed([a, b], {})
    assert (bare["stderr"], bare["rows"]) == ("", "0")


def test_only_numbers_of_the_same_seed_and_rows_are_paired(make: Make) -> None:
    records = [
        make(WINE, "dsm", 0, -3.0, None),
        make(WINE, "nce", 1, -3.0, None),
        make(WINE, "cd", 0, status=Status.DIVERGED),
        make(WINE, "sm", 0, status=Status.SKIPPED),
        make(WINE, "ed", 0, -4.0, None, certified=False),
    ]
    (row,) = parsed(records, {})
    assert (row["method_a"], row["method_b"], row["certified"]) == ("dsm", "ed", "False")
    assert (row["lower"], row["upper"]) == ("", "")
    hashed = [r.model_copy(update={"hashes": r.hashes | {"data": r.method}}) for r in records[::4]]
    assert parsed(hashed, {}) == []


def loose(folder: Path, records: list[Record], scale: float = 1.0) -> None:
    for record in records:
        path = record_path(folder, record.task, record.method, record.seed)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(to_json(record))
        np.save(path.with_suffix(".rows.npy"), scale * rows_of(record.seed)[record.method])


def grid(make: Make) -> list[Record]:
    runs = [
        make(WINE, m, s, -3.0 - k - 0.1 * s, None)
        for k, m in enumerate(("dsm", "nce", "gaussian"))
        for s in range(2)
    ]
    return [
        run.model_copy(update={
            "rows": f"seed-{run.seed}.rows.npy",
            "hashes": run.hashes | {"method_card": card_hash(run.method_card)},
        }) for run in runs
    ]  # fmt: skip


def test_moments_of_rows_and_of_a_published_folder_give_the_same_bytes(
    make: Make, tmp_path: Path
) -> None:
    records = grid(make)
    loose(tmp_path, records)
    found = moments(records, tmp_path)
    assert set(found) == {(WINE, 0), (WINE, 1)}
    content = to_bytes(found)
    assert content == to_bytes(found)
    assert from_bytes(content) == found
    published = tmp_path / "published"
    published.mkdir()
    (published / ROWS).write_bytes(content)
    without = [r.model_copy(update={"rows": None}) for r in records]
    again = moments(without, published)
    assert table_texts(without, again)["pairs.csv"] == table_texts(records, found)["pairs.csv"]
    assert table_texts(records, found)["pairs.csv"].count("\n") == 7
    assert moments(records, tmp_path / "nowhere") == {}
    # A file that no record names may be another run's.
    assert moments(without, tmp_path) == {}


def test_moments_that_are_not_those_of_the_rows_are_told(make: Make, tmp_path: Path) -> None:
    records = grid(make)
    loose(tmp_path, records)
    texts = table_texts(sorted(records, key=lambda r: (r.task, r.method, r.seed)),
                        measured(records, tmp_path))  # fmt: skip
    for name, text in texts.items():
        (tmp_path / name).write_text(text, encoding="utf-8", newline="")
    problems = find_problems(tmp_path, lambda record: record.run_id)
    assert problems == []
    spoilt = {key: RowMoments(m.methods, m.n, m.means, tuple(
        tuple(2 * v for v in row) for row in m.variances)) for key, m in
        measured(records, tmp_path).items()}  # fmt: skip
    (tmp_path / ROWS).write_bytes(to_bytes(spoilt))
    problems = find_problems(tmp_path, lambda record: record.run_id)
    assert any(f"{ROWS} is not what the rows beside" in text for text in problems)
    assert any("pairs.csv is not what the records give" in text for text in problems)


@pytest.mark.parametrize(
    "content",
    [b"", b"not gzip", to_bytes({})[:-9],
     gzip.compress(b'{"version":2,"moments":[]}', mtime=0),
     gzip.compress(b'{"version":1,"moments":[{"task":"t"}]}', mtime=0)],
)  # fmt: skip
def test_a_broken_file_of_moments_is_one_sentence(content: bytes) -> None:
    with pytest.raises(EbmbenchError, match="cannot be read as moments of rows"):
        from_bytes(content)


def test_two_folders_are_compared_row_by_row(make: Make, tmp_path: Path) -> None:
    records = grid(make)
    loose(tmp_path / "a", records)
    loose(tmp_path / "b", records, scale=1.1)
    found = between(records, tmp_path / "a", records, tmp_path / "b")
    gap = 0.1 * rows_of(1)["nce"]
    assert found[WINE, "nce", 1] == pytest.approx(gap.std(ddof=1) / math.sqrt(200), rel=1e-9)
    other = [r.model_copy(update={"hashes": r.hashes | {"data": "other"}}) for r in records]
    assert between(records, tmp_path / "a", other, tmp_path / "b") == {}
