"""Data files: where they are, whether they are whole, and how to get them.

A file is looked for under ``--data-dir``, then under ``EBMBENCH_DATA``, then in the user's cache.
Nothing but :func:`download` ever touches the network. A file whose checksum is wrong is refused by
name, wherever it lies.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Protocol

import pooch

from ebmbench.errors import EbmbenchError, did_you_mean

UCI = "https://archive.ics.uci.edu/ml/machine-learning-databases"
FASHION = (
    "https://raw.githubusercontent.com/zalandoresearch/fashion-mnist/"
    "b2617bb6d3ffa2e429640350f613e3291e10b141"
)
RETRIES = 3
CHUNK_BYTES = 1 << 16
"""Of a download at a time."""


class Bar(Protocol):
    """The progress bar of a download, with the methods that pooch calls."""

    total: float
    """Bytes of the file, set when they are known."""

    def update(self, count: float, /) -> object:
        """Count so many more bytes."""

    def reset(self) -> object:
        """Count from zero again."""

    def close(self) -> object:
        """Leave the bar; the file is there."""


class DataUnavailable(EbmbenchError):
    """A file is nowhere to be found; the sentence says how to get it."""


@dataclass(frozen=True)
class RemoteFile:
    """A file of an official source."""

    name: str
    """Path below the data folder, ``folder/file``."""
    url: str
    checksum: str
    """``algorithm:hexadecimal digits``."""
    licence: str


def _uci(name: str, path: str, sha256: str) -> RemoteFile:
    return RemoteFile(name, f"{UCI}/{path}", f"sha256:{sha256}", "CC BY 4.0")


def _mnist(name: str, sha256: str) -> RemoteFile:
    url = f"https://ossci-datasets.s3.amazonaws.com/mnist/{name}"
    return RemoteFile(f"mnist/{name}", url, f"sha256:{sha256}", "CC BY-SA 3.0")


FILES: Mapping[str, RemoteFile] = {
    file.name: file
    for file in (
        _mnist(
            "train-images-idx3-ubyte.gz",
            "440fcabf73cc546fa21475e81ea370265605f56be210a4024d2ca8f203523609",
        ),
        _mnist(
            "t10k-images-idx3-ubyte.gz",
            "8d422c7b0a1c1c79245a5bcf07fe86e33eeafee792b84584aec276f5a2dbc4e6",
        ),
        _uci(
            "winequality/winequality-red.csv",
            "wine-quality/winequality-red.csv",
            "4a402cf041b025d4566d954c3b9ba8635a3a8a01e039005d97d6a710278cf05e",
        ),
        _uci(
            "winequality/winequality-white.csv",
            "wine-quality/winequality-white.csv",
            "76c3f809815c17c07212622f776311faeb31e87610d52c26d87d6e361b169836",
        ),
        _uci(
            "parkinsons/parkinsons_updrs.data",
            "parkinsons/telemonitoring/parkinsons_updrs.data",
            "f2c7d5025dec4e92e7feae367a5f7ccf58789a10ac6b54bdf15976c599f9dd39",
        ),
        _uci(
            "magic/magic04.data",
            "magic/magic04.data",
            "e9314b7ebd4b4b59a3b3d65f7316663963777b16a46786877651dbbaa640b36a",
        ),
        _uci(
            "casp/CASP.csv",
            "00265/CASP.csv",
            "4277cfcb4e91a181746cbc654f001b57951c9e6a80f4f795fdb5c807e0848f40",
        ),
        _uci(
            "ionosphere/ionosphere.data",
            "ionosphere/ionosphere.data",
            "46d52186b84e20be52918adb93e8fb9926b34795ff7504c24350ae0616a04bbd",
        ),
        _uci(
            "banknote/data_banknote_authentication.txt",
            "00267/data_banknote_authentication.txt",
            "d0539aaed2139ba7a587b3e34fb345ce503ff7d5d33dbf9912d8e195ce425cb9",
        ),
        RemoteFile(
            "fashionmnist_sprite/fashion-mnist-sprite.png",
            f"{FASHION}/doc/img/fashion-mnist-sprite.png",
            "sha256:a7de0a151f8c68e6e96f157a018ac290d1f6b0e7845892c3d7d85cb64961c3cb",
            "MIT",
        ),
        RemoteFile(
            "maf/data.tar.gz",
            "https://zenodo.org/records/1161203/files/data.tar.gz",
            "md5:9b9c9b0375315ad270eba4ce80c093ab",
            "see https://doi.org/10.5281/zenodo.1161203",
        ),
    )
}


def find(name: str | Path, data_dir: Path | None = None) -> Path:
    """Return the path of a data file after checking it.

    Arguments:
        name: a key of :data:`FILES`; or a path, which is taken as it is.
        data_dir: where to look first.

    Raises:
        DataUnavailable: it is nowhere.
        EbmbenchError: a folder that was named does not exist, or the file is corrupt.
    """
    if isinstance(name, Path):
        if name.is_file():
            return name
        raise DataUnavailable(f"data file {str(name)!r} does not exist")
    file = _known(name)
    for root in search_path(data_dir):
        path = root / file.name
        if path.is_file():
            check(path, file)
            return path
    raise DataUnavailable(
        f"data file {name!r} is not here; get it with `ebmbench data fetch {name}`, or set "
        "EBMBENCH_DATA or --data-dir to a folder that has it"
    )


def search_path(data_dir: Path | None = None) -> list[Path]:
    """Return the folders where files are looked for, in order.

    Raises:
        EbmbenchError: a folder that was named does not exist.
    """
    named = [("--data-dir", data_dir)]
    if "EBMBENCH_DATA" in os.environ:
        named.append(("EBMBENCH_DATA", Path(os.environ["EBMBENCH_DATA"])))
    roots = []
    for source, root in named:
        if root is None:
            continue
        if not root.is_dir():
            raise EbmbenchError(f"data folder {str(root)!r} (from {source}) does not exist")
        roots.append(root)
    return [*roots, cache_folder()]


def cache_folder() -> Path:
    """Return the user's cache of downloaded files."""
    return Path(pooch.os_cache("ebmbench"))


def check(path: Path, file: RemoteFile) -> None:
    """Compare a file with its checksum; a file that did not change is read once a process.

    Raises:
        EbmbenchError: the checksum differs.
    """
    status = path.stat()
    algorithm, _, expected = file.checksum.partition(":")
    found = _digest(path, algorithm, (status.st_size, status.st_mtime_ns))
    if found != expected:
        raise EbmbenchError(
            f"data file {str(path)!r} is corrupt or truncated: {algorithm} is {found}, expected "
            f"{expected}; it is not used, so remove it and fetch it again"
        )


def download(name: str, bar: Bar | None = None) -> Path:
    """Fetch a file from its official source into the cache, and return its path.

    Arguments:
        name: a key of :data:`FILES`.
        bar: shows how far the download is.

    Raises:
        EbmbenchError: the source cannot be reached, or what it sends has a wrong checksum.
    """
    file = _known(name)
    target = cache_folder() / file.name
    try:
        pooch.create(
            path=target.parent,
            base_url="",
            registry={target.name: file.checksum},
            urls={target.name: file.url},
            retry_if_failed=RETRIES,
        ).fetch(
            target.name,
            downloader=pooch.HTTPDownloader(progressbar=bar or False, chunk_size=CHUNK_BYTES),
        )
    except (OSError, ValueError) as error:
        reason = str(error).splitlines()[0]
        raise EbmbenchError(
            f"data file {name!r} is not to be had at {file.url}: {reason}"
        ) from None
    return target


@cache
def _digest(path: Path, algorithm: str, _version: tuple[int, int]) -> str:
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, algorithm).hexdigest()


def _known(name: str) -> RemoteFile:
    if name not in FILES:
        raise EbmbenchError(f"unknown data file {name!r}{did_you_mean(name, FILES)}")
    return FILES[name]
