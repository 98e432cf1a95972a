"""The five tables of the MAF suite, preprocessed as published.

The steps are those that Papamakarios et al. (2017) describe and ship: shuffles by RandomState(42),
dropped columns, added noise, splits, and scaling by training and validation rows together.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Literal

import numpy as np
import pandas as pd

from ebmbench.datasets.archive import extract
from ebmbench.datasets.base import Dataset, Loader, Sizes
from ebmbench.datasets.inert_pickle import read_frame
from ebmbench.datasets.preprocess import Array, split_dataset
from ebmbench.datasets.store import cache_folder, find
from ebmbench.errors import EbmbenchError
from ebmbench.options import options

ARCHIVE = "maf/data.tar.gz"
MAFName = Literal["power", "gas", "hepmass", "miniboone", "bsds300"]
Splits = tuple[Array, Array, Array]
MEMBERS: Mapping[MAFName, tuple[str, ...]] = {
    "power": ("data/power/data.npy",),
    "gas": ("data/gas/ethylene_CO.pickle",),
    "hepmass": ("data/hepmass/1000_train.csv", "data/hepmass/1000_test.csv"),
    "miniboone": ("data/miniboone/data.npy",),
    "bsds300": ("data/BSDS300/BSDS300.hdf5",),
}


@options
class MAFLoader(Loader):
    """One table of the suite; the published split is the same for every seed."""

    name: MAFName

    def files(self) -> tuple[str, ...]:
        """See :class:`~ebmbench.datasets.base.Loader`."""
        return (ARCHIVE,)

    def load(self, sizes: Sizes, seed: int, data_dir: Path | None) -> Dataset:
        """See :class:`~ebmbench.datasets.base.Loader`."""
        paths = extract(find(ARCHIVE, data_dir), MEMBERS[self.name], cache_folder() / "maf")
        return split_dataset(*READERS[self.name](*paths), sizes)


def power(path: Path) -> Splits:
    """Six columns: two dropped, uniform noise of the resolution of each meter added."""
    rng = np.random.RandomState(42)
    rows = np.load(path, allow_pickle=False)
    rng.shuffle(rows)
    rows = np.delete(rows, [1, 3], axis=1)
    n = len(rows)
    voltage, gap, submeters = 0.01 * rng.rand(n, 1), 0.001 * rng.rand(n, 1), rng.rand(n, 3)
    noise = np.hstack([gap, voltage, submeters, np.zeros((n, 1))])
    return scale_jointly(*tenths(rows + noise))


def gas(path: Path) -> Splits:
    """Eight columns: labels and time dropped, then every column that another one repeats."""
    columns, table = read_frame(path)
    frame = pd.DataFrame(table, columns=columns).drop(columns=["Meth", "Eth", "Time"])
    partners = (frame.corr() > 0.98).to_numpy().sum(axis=1)
    while np.any(partners > 1):
        frame = frame.drop(columns=frame.columns[np.flatnonzero(partners > 1)[0]])
        partners = (frame.corr() > 0.98).to_numpy().sum(axis=1)
    rows = frame.to_numpy(dtype=np.float64)
    return tenths((rows - rows.mean(0)) / rows.std(0, ddof=1))


def hepmass(train_path: Path, test_path: Path) -> Splits:
    """Twenty-one columns of the signal: those whose smallest value repeats are dropped."""
    train = pd.read_csv(train_path, index_col=False)
    test = pd.read_csv(test_path, index_col=False)
    train = train[train.iloc[:, 0] == 1].iloc[:, 1:]
    # The test file carries one column too many at its end.
    test = test[test.iloc[:, 0] == 1].iloc[:, 1:-1]
    mean, std = train.mean(), train.std()
    rows = ((train - mean) / std).to_numpy(dtype=np.float64)
    test_rows = ((test.set_axis(train.columns, axis=1) - mean) / std).to_numpy(dtype=np.float64)
    kept = [k for k in range(rows.shape[1]) if (rows[:, k] == rows[:, k].min()).sum() <= 5]
    n_validation = int(0.1 * len(rows))
    return (
        rows[:-n_validation, kept],
        rows[-n_validation:, kept],
        test_rows[:, kept],
    )


def miniboone(path: Path) -> Splits:
    """Forty-three columns, cleaned in the archive already."""
    return scale_jointly(*tenths(np.load(path, allow_pickle=False)))


def bsds300(path: Path) -> Splits:
    """Sixty-three columns; split and scaled in the archive already.

    Raises:
        EbmbenchError: h5py, which reads the file, is not installed.
    """
    try:
        import h5py
    except ImportError:
        raise EbmbenchError(
            "uci/bsds300 is an HDF5 file and needs h5py; install it with `pip install h5py`"
        ) from None
    with h5py.File(path) as file:
        train, validation, test = (
            np.asarray(file[k], np.float64) for k in ("train", "validation", "test")
        )
    return train, validation, test


def tenths(rows: Array) -> Splits:
    """Split off the last tenth for test and the last tenth of the rest for validation."""
    n_test = int(0.1 * len(rows))
    rest, test = rows[:-n_test], rows[-n_test:]
    n_validation = int(0.1 * len(rest))
    return rest[:-n_validation], rest[-n_validation:], test


def scale_jointly(train: Array, validation: Array, test: Array) -> Splits:
    """Standardise by training and validation rows together, as published."""
    both = np.vstack([train, validation])
    mean, std = both.mean(0), both.std(0)
    return (train - mean) / std, (validation - mean) / std, (test - mean) / std


READERS: Mapping[MAFName, Callable[..., Splits]] = {
    "power": power,
    "gas": gas,
    "hepmass": hepmass,
    "miniboone": miniboone,
    "bsds300": bsds300,
}
