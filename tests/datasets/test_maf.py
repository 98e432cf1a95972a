"""The MAF suite's preprocessing on small tables of the same form."""

from __future__ import annotations

import hashlib
import shutil
import sys
import tarfile
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch

from ebmbench.datasets import maf, store
from ebmbench.datasets.archive import extract
from ebmbench.datasets.base import Sizes
from ebmbench.datasets.maf import MAFLoader
from ebmbench.datasets.store import RemoteFile
from ebmbench.errors import EbmbenchError

h5py = pytest.importorskip("h5py", reason="the extra `maf` is not installed")


@pytest.fixture
def archive(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An archive with the members and the form of the official one."""
    rng = np.random.default_rng(0)
    root = tmp_path / "build/data"
    for name in ("power", "gas", "hepmass", "miniboone", "BSDS300"):
        (root / name).mkdir(parents=True)
    np.save(root / "power/data.npy", rng.standard_normal((1000, 8)))
    np.save(root / "miniboone/data.npy", rng.standard_normal((1000, 5)))
    sensors = rng.standard_normal((1000, 4))
    repeated = sensors[:, [0]] + 1e-3 * rng.standard_normal((1000, 1))
    columns = ["Time", "Meth", "Eth", "a", "b", "c", "d", "a2"]
    values = np.hstack([rng.standard_normal((1000, 3)), sensors, repeated])
    frame = pd.DataFrame(values, columns=pd.Index(columns, dtype=object))
    frame.to_pickle(root / "gas/ethylene_CO.pickle")
    for split in ("train", "test"):
        label = rng.integers(0, 2, (600, 1))
        constant = np.where(rng.random((600, 1)) < 0.5, 0.0, 1.0)
        parts = [label, rng.standard_normal((600, 3)), constant]
        parts += [rng.standard_normal((600, 1))] if split == "test" else []
        table = np.hstack(parts)
        pd.DataFrame(table).to_csv(root / f"hepmass/1000_{split}.csv", index=False)
    with h5py.File(root / "BSDS300/BSDS300.hdf5", "w") as file:
        for split, n in (("train", 50), ("validation", 20), ("test", 30)):
            file[split] = rng.standard_normal((n, 6))
    path = tmp_path / "maf/data.tar.gz"
    path.parent.mkdir()
    with tarfile.open(path, "w:gz") as tar:
        tar.add(root, "data")
    checksum = "md5:" + hashlib.md5(path.read_bytes()).hexdigest()
    file = RemoteFile(maf.ARCHIVE, "https://nowhere", checksum, "none")
    monkeypatch.setattr(store, "FILES", {maf.ARCHIVE: file})
    monkeypatch.setattr(store, "cache_folder", lambda: tmp_path / "cache")
    monkeypatch.setattr(maf, "cache_folder", lambda: tmp_path / "cache")
    monkeypatch.delenv("EBMBENCH_DATA", raising=False)
    return tmp_path


SHAPES = {
    "power": ((810, 6), 90, 100),
    "gas": ((810, 4), 90, 100),
    "miniboone": ((810, 5), 90, 100),
    "bsds300": ((50, 6), 20, 30),
}


@pytest.mark.parametrize("name", SHAPES)
def test_shapes_and_splits(name: maf.MAFName, archive: Path) -> None:
    rows = MAFLoader(name=name).load(Sizes(None, None, None), 0, archive)
    train, n_validation, n_test = SHAPES[name]
    assert tuple(rows.train.shape) == train
    assert (len(rows.validation), len(rows.test)) == (n_validation, n_test)
    again = MAFLoader(name=name).load(Sizes(None, None, None), 1, archive)
    assert torch.equal(rows.train, again.train)


@pytest.mark.parametrize("name", ["power", "miniboone"])
def test_scaled_by_training_and_validation_rows(name: maf.MAFName, archive: Path) -> None:
    rows = MAFLoader(name=name).load(Sizes(None, None, None), 0, archive)
    both = torch.cat([rows.train, rows.validation]).double()
    torch.testing.assert_close(both.mean(0), torch.zeros(rows.dim).double(), atol=1e-5, rtol=0)
    deviation = both.std(0, correction=0)
    torch.testing.assert_close(deviation, torch.ones_like(deviation), atol=1e-5, rtol=0)


def test_hepmass_keeps_the_signal_and_drops_what_repeats(archive: Path) -> None:
    rows = MAFLoader(name="hepmass").load(Sizes(None, None, None), 0, archive)
    table = pd.read_csv(archive / "cache/maf/data/hepmass/1000_train.csv")
    signal = table[table.iloc[:, 0] == 1]
    assert rows.dim == 3
    assert len(rows.train) + len(rows.validation) == len(signal)
    column = signal.iloc[:, 1]
    expected = torch.tensor(((column - column.mean()) / column.std()).to_numpy())
    torch.testing.assert_close(rows.train[:, 0].double(), expected[: len(rows.train)])


def test_the_archive_is_unpacked_once(archive: Path) -> None:
    MAFLoader(name="power").load(Sizes(None, None, None), 0, archive)
    member = archive / "cache/maf/data/power/data.npy"
    before = member.stat().st_mtime_ns
    MAFLoader(name="power").load(Sizes(None, None, None), 0, archive)
    assert member.stat().st_mtime_ns == before


def test_without_h5py_the_sentence_says_what_to_install(
    archive: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "h5py", None)
    with pytest.raises(EbmbenchError, match="pip install h5py"):
        MAFLoader(name="bsds300").load(Sizes(None, None, None), 0, archive)


def test_an_extraction_that_ends_early_leaves_no_half_file(
    archive: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def half(source: object, target: object) -> None:
        target.write(source.read(100))  # type: ignore[attr-defined]
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(shutil, "copyfileobj", half)
        with pytest.raises(KeyboardInterrupt):
            MAFLoader(name="power").load(Sizes(None, None, None), 0, archive)
    assert not [path for path in (archive / "cache").rglob("*") if path.is_file()]
    assert len(MAFLoader(name="power").load(Sizes(None, None, None), 0, archive).train)


@pytest.mark.parametrize("said", [True, False])
def test_a_half_file_in_the_cache_is_unpacked_again(said: bool, archive: Path) -> None:
    whole = MAFLoader(name="hepmass").load(Sizes(None, None, None), 0, archive)
    member = archive / "cache/maf/data/hepmass/1000_train.csv"
    lines = member.read_text().splitlines(keepends=True)
    member.write_text("".join(lines[:100]))
    if not said:
        # As version 0.1 left it.
        member.with_name("1000_train.csv.sha256").unlink()
    again = MAFLoader(name="hepmass").load(Sizes(None, None, None), 0, archive)
    assert torch.equal(again.train, whole.train)


def test_an_archive_that_ends_early_is_named(archive: Path, tmp_path: Path) -> None:
    cut = tmp_path / "cut.tar.gz"
    cut.write_bytes((archive / "maf/data.tar.gz").read_bytes()[:20_000])
    with pytest.raises(EbmbenchError, match=r"cut.tar.gz' cannot be read"):
        extract(cut, maf.MEMBERS["power"], tmp_path / "out")
    assert not [path for path in (tmp_path / "out").rglob("*") if path.is_file()]
