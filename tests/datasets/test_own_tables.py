"""Tables of one's own: how they are read, what is refused, and that no number of them is lost."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch

from ebmbench import catalog
from ebmbench.cards import TaskCard
from ebmbench.datasets.base import Dataset
from ebmbench.datasets.rows import refuse_bad_rows, refuse_degenerate
from ebmbench.errors import EbmbenchError
from ebmbench.harness.build import load_data
from ebmbench.tablefiles.card import ASSUMED, assumed_words, table_card
from ebmbench.tablefiles.dialect import Dialect, find_dialect
from ebmbench.tablefiles.reading import read_table_file

NAMES = ("a", "b", "c", "d", "e")


def cells(n: int = 200) -> np.ndarray:
    rng = np.random.default_rng(0)
    return np.round(rng.standard_normal((n, 5)) @ rng.standard_normal((5, 5)), 3)


def as_text(rows: np.ndarray, separator: str, decimal: str, names: tuple[str, ...] = NAMES) -> str:
    lines = [separator.join(f"{cell:.3f}".replace(".", decimal) for cell in row) for row in rows]
    return "\n".join([separator.join(names), *lines] if names else lines) + "\n"


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp1252"])
@pytest.mark.parametrize(
    ("separator", "decimal"), [(";", ","), (",", "."), ("\t", "."), ("|", ","), (" ", ".")]
)
@pytest.mark.parametrize("names", [("Größe", *NAMES[1:]), ()])
def test_a_dialect_is_found_and_every_number_comes_back(
    separator: str, decimal: str, names: tuple[str, ...], encoding: str, tmp_path: Path
) -> None:
    path = tmp_path / "my.csv"
    path.write_text(as_text(cells(), separator, decimal, names), encoding=encoding)
    dialect = find_dialect(path)
    assert dialect.separator == (r"\s+" if separator == " " else separator)
    assert (dialect.decimal, dialect.header) == (decimal, bool(names))
    table = read_table_file(path, dialect)
    assert table.names == (names or ("1", "2", "3", "4", "5"))
    np.testing.assert_array_equal(table.numbers(), cells())


def test_whole_numbers_with_a_comma_between_them_are_no_decimals(tmp_path: Path) -> None:
    path = tmp_path / "my.csv"
    path.write_text("".join(f"{k},{k * k}\n" for k in range(1, 40)))
    assert find_dialect(path) == Dialect(",", ".", header=False)


def test_four_kinds_of_file_give_the_same_rows(tmp_path: Path) -> None:
    rows = cells()
    (tmp_path / "my.csv").write_text(as_text(rows, ";", ","))
    np.save(tmp_path / "my.npy", rows)
    np.savez(tmp_path / "my.npz", rows=rows)
    pd.DataFrame(rows, columns=list(NAMES)).to_parquet(tmp_path / "my.parquet")
    found = [
        load_data(table_card(tmp_path / f"my.{kind}"), 3, None)
        for kind in ("csv", "npy", "npz", "parquet")
    ]
    for other in found[1:]:
        assert torch.equal(other.train, found[0].train)
        assert torch.equal(other.test, found[0].test)
    assert found[0].columns == found[3].columns == NAMES
    # 20 % for the test below a thousand rows, then a tenth of the rest.
    assert [len(found[0].test), len(found[0].validation), len(found[0].train)] == [40, 16, 144]


def test_a_card_says_what_is_assumed(tmp_path: Path) -> None:
    lines = as_text(cells(), ";", ",").splitlines()
    ends = ["kind", *("good" if k % 2 else "bad" for k in range(200))]
    starts = ["nr", *map(str, range(1, 201))]
    together = [";".join(each) for each in zip(starts, lines, ends, strict=True)]
    path = tmp_path / "My Table (1).csv"
    path.write_text("\n".join(together), encoding="utf-8-sig")
    card = table_card(path)
    assert card.name == "my-table-1"
    assert card.tags == [ASSUMED]
    assert card.data.options["drop"] == ["nr", "kind"]
    words = assumed_words(card)
    for word in (
        "semicolon", "decimal mark ','", "names in the first line", "nr (row numbers)",
        "kind (text)", "Empty cells are refused", "dequantised", "not whitened", "20 %",
        "Network 128-128", "standard 1000 steps", "certified to 0.1 nats",
    ):  # fmt: skip
        assert word in words
    assert load_data(card, 0, None).columns == NAMES


@pytest.mark.parametrize(
    ("rows", "dim", "width", "batch", "log_z", "tolerance", "test"),
    [
        (200, 2, 128, 64, "quadrature", 0.01, None),
        (800, 5, 128, 128, "ais", 0.1, None),
        (2000, 70, 256, 256, "ais", 0.5, None),
        (120_000, 4, 256, 256, "ais", 0.1, 10_000),
    ],
)
def test_defaults_follow_rows_and_columns(
    rows: int,
    dim: int,
    width: int,
    batch: int,
    log_z: str,
    tolerance: float,
    test: int | None,
    tmp_path: Path,
) -> None:
    np.save(tmp_path / "my.npy", np.random.default_rng(0).standard_normal((rows, dim)))
    card = table_card(tmp_path / "my.npy")
    assert card.energy.options["hidden"] == [width, width]
    assert card.budget.standard.batch == batch
    assert card.budget.full.steps == (10_000 if rows > 100_000 else 2000)
    assert (card.metrics.log_z, card.metrics.tolerance) == (log_z, tolerance)
    assert card.data.test == test


def with_cell(cell: str) -> Callable[[list[str]], str]:
    """Put a cell into the fifth data row of column b."""

    def change(lines: list[str]) -> str:
        parts = lines[5].split(",")
        lines[5] = ",".join([parts[0], cell, *parts[2:]])
        return "\n".join(lines)

    return change


def with_column(name: str, values: Callable[[np.ndarray], np.ndarray]) -> Callable[..., str]:
    def change(lines: list[str]) -> str:
        added = [name, *(repr(float(v)) for v in values(cells()))]
        return "\n".join(f"{line},{more}" for line, more in zip(lines, added, strict=True))

    return change


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        (with_cell("oops"), r"data row 5 holds 'oops' in column 'b', allowed: finite numbers"),
        (with_cell("inf"), r"data row 5 holds inf in column 'b'"),
        (with_cell(""), r"data row 5 holds nothing in column 'b'.*missing = \"drop_rows\""),
        (with_cell("1,2"), r"Expected 5 fields in line 6, saw 6"),
        (
            with_column("f", lambda rows: np.full(len(rows), 14.62)),
            r"column 'f' is 14.62 in all 144 training rows, allowed: columns that vary",
        ),
        (
            with_column("f", lambda rows: 3 - 2 * rows[:, 2]),
            r"column 'f' is a copy of column 'c', up to scale and shift",
        ),
        (
            with_column("f", lambda rows: rows[:, 0] + 2 * rows[:, 3]),
            r"column 'f' follows from the columns '[ad]', '[ad]' by a linear equation",
        ),
        (lambda lines: "\n".join(lines[:8]), r"there are 5 training rows of 5 columns"),
        (lambda lines: lines[0], r"no column is left"),
        (lambda lines: "", r"is empty, allowed: a line per row"),
    ],
)
def test_what_no_density_is_finite_on_gets_one_sentence(
    change: Callable[[list[str]], str], sentence: str, tmp_path: Path
) -> None:
    path = tmp_path / "my.csv"
    path.write_text(change(as_text(cells(), ",", ".").splitlines()))
    with pytest.raises(EbmbenchError, match=sentence) as refused:
        load_data(table_card(path), 0, None)
    assert "my.csv" in str(refused.value)
    assert "\n" not in str(refused.value)


def test_a_table_wider_than_long_is_refused(tmp_path: Path) -> None:
    np.save(tmp_path / "my.npy", np.random.default_rng(0).standard_normal((20, 40)))
    with pytest.raises(EbmbenchError, match="there are 14 training rows of 40 columns"):
        load_data(table_card(tmp_path / "my.npy"), 0, None)


def test_rows_with_an_empty_cell_are_left_out_where_the_card_says_so(tmp_path: Path) -> None:
    path = tmp_path / "my.csv"
    path.write_text(with_cell("NA")(as_text(cells(), ",", ".").splitlines()))
    card = table_card(path)
    options = card.data.options | {"missing": "drop_rows"}
    card = card.model_copy(update={"data": card.data.model_copy(update={"options": options})})
    card = card.placed(tmp_path)
    rows = load_data(card, 0, None)
    assert len(rows.train) + len(rows.validation) + len(rows.test) == 199


@pytest.mark.parametrize(
    ("name", "content", "sentence"),
    [
        ("my.npy", b"no array", "is no NumPy file of numbers"),
        ("my.npz", b"no archive", "is no NumPy file of numbers"),
        ("my.parquet", b"no parquet", "is no Parquet file"),
        ("my.csv", bytes(range(256)) * 9, "is no text in a known encoding"),
    ],
)
def test_a_file_that_is_something_else_is_refused(
    name: str, content: bytes, sentence: str, tmp_path: Path
) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(EbmbenchError, match=sentence):
        table_card(tmp_path / name)


def test_nothing_is_unpickled(tmp_path: Path) -> None:
    np.save(tmp_path / "my.npy", np.array([{"a": 1}], dtype=object), allow_pickle=True)
    with pytest.raises(EbmbenchError, match="is no NumPy file of numbers"):
        table_card(tmp_path / "my.npy")


def test_one_array_of_several_is_named(tmp_path: Path) -> None:
    np.savez(tmp_path / "my.npz", rows=cells(), other=cells())
    with pytest.raises(EbmbenchError, match=r"holds 2 arrays and array is None.*rows"):
        table_card(tmp_path / "my.npz")
    table = read_table_file(tmp_path / "my.npz", Dialect(), "rows")
    np.testing.assert_array_equal(table.numbers(), cells())


def test_columns_are_chosen_by_name_or_number(tmp_path: Path) -> None:
    (tmp_path / "my.csv").write_text(as_text(cells(), ",", "."))
    table = read_table_file(tmp_path / "my.csv", Dialect())
    assert table.select(["d", 1, "b"], [2]).names == ("a", "d")
    with pytest.raises(EbmbenchError, match="has no column 'aa'; did you mean 'a'"):
        table.select(["aa"], [])
    with pytest.raises(EbmbenchError, match="has no column 6, allowed: 1 to 5"):
        table.select([6], [])


def test_two_tables_of_one_name_are_not_taken_for_one(tmp_path: Path) -> None:
    for folder in ("first", "second"):
        (tmp_path / folder).mkdir()
        np.save(tmp_path / folder / "my.npy", cells())
    with pytest.raises(EbmbenchError, match="gives a task 'my', and another one has that name"):
        catalog.select_tasks([str(tmp_path / f / "my.npy") for f in ("first", "second")])


def dataset(train: np.ndarray, **splits: np.ndarray) -> Dataset:
    rows = {"validation": train[:5], "test": train[:5]} | splits
    return Dataset(
        torch.from_numpy(train).float(),
        *(torch.from_numpy(rows[name]).float() for name in ("validation", "test")),
    )


@pytest.mark.parametrize("noise", [0.0, 1e-6])
def test_any_loader_is_refused_rows_on_a_plane(noise: float) -> None:
    rng = np.random.default_rng(1)
    rows = rng.standard_normal((300, 3))
    flat = np.column_stack([rows, rows @ [1.0, -2.0, 0.5] + noise * rng.standard_normal(300)])
    with pytest.raises(EbmbenchError, match="mine: column 4 follows from the columns 2, 1, 3"):
        refuse_bad_rows(dataset(flat), "mine")


def test_noise_that_undoes_rounding_makes_a_constant_pixel_a_column_like_others() -> None:
    rng = np.random.default_rng(2)
    pixels = np.column_stack([rng.integers(0, 256, 400), np.zeros(400)])
    with pytest.raises(EbmbenchError, match="column 2 is 0 in all 400"):
        refuse_degenerate(pixels.astype(float), (), "pixels")
    refuse_bad_rows(dataset((pixels + rng.uniform(0, 1, pixels.shape)) / 256), "pixels")


def test_columns_that_nearly_agree_are_taken() -> None:
    """Those of the shipped tables correlate up to 0.98; here 0.9999."""
    rng = np.random.default_rng(3)
    first = rng.standard_normal(500)
    near = np.column_stack([first, first + 0.01 * rng.standard_normal(500)])
    refuse_bad_rows(dataset(near), "near")


def test_a_split_of_one_row_is_too_short() -> None:
    rows = np.random.default_rng(4).standard_normal((50, 2))
    with pytest.raises(EbmbenchError, match="test rows are 1 in number, allowed: 2 or more"):
        refuse_bad_rows(dataset(rows, test=rows[:1]), "mine")


@pytest.mark.parametrize("name", ["uci/wine", "uci/breast-cancer", "digits/8"])
def test_bundled_rows_fill_their_space(name: str) -> None:
    card: TaskCard = catalog.tasks()[name]
    assert load_data(card, 0, None).dim > 10


def test_every_sentence_of_a_bad_table_is_short() -> None:
    rng = np.random.default_rng(5)
    rows = rng.standard_normal((300, 30))
    flat = np.column_stack([rows, rows.sum(1)])
    with pytest.raises(EbmbenchError) as refused:
        refuse_degenerate(flat, (), "mine")
    assert re.search(r"and 27 more by a linear equation", str(refused.value))
    assert len(str(refused.value)) < 200
