"""Pickled frames are read as numbers, whatever else is in them is not run."""

from __future__ import annotations

import os
import pickle
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from ebmbench.datasets.inert_pickle import read_frame
from ebmbench.errors import EbmbenchError

COLUMNS = ["a", "b", "c"]


def frame() -> pd.DataFrame:
    rng = np.random.default_rng(0)
    table = pd.DataFrame(rng.normal(size=(7, 3)), columns=pd.Index(COLUMNS, dtype=object))
    # Three blocks, of which one is not in order.
    table["b"] = np.arange(7)
    table["c"] = table["c"].astype("float32")
    return table


@pytest.mark.parametrize("protocol", [2, 4, 5])
def test_numbers_and_columns_are_those_of_pandas(protocol: int, tmp_path: Path) -> None:
    path = tmp_path / "table.pickle"
    path.write_bytes(pickle.dumps(frame(), protocol))
    columns, rows = read_frame(path)
    assert columns == COLUMNS
    np.testing.assert_array_equal(rows, frame().to_numpy(dtype=np.float64))


def test_the_form_of_old_pandas(tmp_path: Path) -> None:
    table = frame()
    locations = (np.array([0]), slice(1, 2, 1), np.array([2]))
    blocks = [
        {"values": table[[name]].to_numpy().T, "mgr_locs": place}
        for name, place in zip(COLUMNS, locations, strict=True)
    ]
    axes = [pd.Index(COLUMNS, dtype=object), pd.RangeIndex(7)]
    manager = ([], [], [], {"0.14.1": {"axes": axes, "blocks": blocks}})
    written = _pickled("pandas.core.frame", "DataFrame", {"_data": manager, "_typ": "dataframe"})
    path = tmp_path / "table.pickle"
    path.write_bytes(written)
    columns, rows = read_frame(path)
    assert columns == COLUMNS
    np.testing.assert_array_equal(rows, table.to_numpy(dtype=np.float64))


def _pickled(module: str, name: str, state: dict[str, Any]) -> bytes:
    """Return what old pandas wrote: objects made by ``__new__`` whose state is set."""

    def thing(of: str, what: str, said: Any) -> bytes:
        body = pickle.dumps(said, 2)[2:-1]
        return b"c" + of.encode() + b"\n" + what.encode() + b"\n)\x81" + body + b"b"

    manager = thing("pandas.core.internals", "BlockManager", state["_data"])
    # A memo of its own for each part is not needed: what is put is put again under its number.
    return (
        b"\x80\x02c" + module.encode() + b"\n" + name.encode() + b"\n)\x81}X\x05\x00\x00\x00_data"
        + manager + b"sb."
    )  # fmt: skip


class Evil:
    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple[Any, ...]:
        return os.mkdir, (str(self.path),)


def test_what_a_pickle_would_run_is_not_run(tmp_path: Path) -> None:
    path, trap = tmp_path / "evil.pickle", tmp_path / "trap"
    path.write_bytes(pickle.dumps(Evil(trap)))
    with pytest.raises(EbmbenchError, match="cannot be read as a pickled table"):
        read_frame(path)
    assert not trap.exists()
    pickle.loads(path.read_bytes())
    assert trap.exists()


def test_what_is_no_pickle_is_named(tmp_path: Path) -> None:
    path = tmp_path / "table.pickle"
    path.write_bytes(pickle.dumps(frame(), 5)[:100])
    with pytest.raises(EbmbenchError, match=r"table.pickle' cannot be read"):
        read_frame(path)
