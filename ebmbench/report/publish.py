"""Making an output folder fit for a repository: packed records and what follows from them."""

from __future__ import annotations

import fnmatch
import shutil
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from ebmbench.errors import EbmbenchError, did_you_mean
from ebmbench.records import (
    PACK,
    Record,
    files_beside,
    is_packed,
    iter_stored,
    pack_bytes,
    read_records,
    record_path,
    without_files,
)
from ebmbench.report.figures.learned import cache_of
from ebmbench.report.publication.card import to_card
from ebmbench.report.publication.croissant import CROISSANT, to_croissant
from ebmbench.report.publication.parquet import columns_of, to_parquet
from ebmbench.report.stats.rows import ROWS, moments, to_bytes
from ebmbench.report.write import write_tables
from ebmbench.trust import refuse_links

DATA = ("results", "pairs")
"""The tables that are written as parquet too, without suffix, where the report makes them."""
OURS = (
    "README.md",
    CROISSANT,
    "figures",
    "leaderboard.csv",
    "leaderboard.md",
    "leaderboard.tex",
    "pairs.csv",
    "pairs.parquet",
    PACK,
    "results.csv",
    "results.parquet",
    ROWS,
    "runs",
    "constants.csv",
    "constants.md",
    "selection.csv",
    "selection.md",
    "site",
    "summary.csv",
)
"""What a published folder may hold, and what publishing again may replace or take away."""
SHOWN = ("regret",)
"""Pictures that are kept unless others are asked for, without suffix."""


@dataclass(frozen=True)
class Published:
    """What was written."""

    records: int
    sizes: dict[str, int]
    """Bytes of each of :data:`OURS`."""


def publish(
    out: Path,
    to: Path,
    *,
    records: Sequence[Record] | None = None,
    weights: bool = False,
    pictures: Sequence[str] | None = None,
) -> Published:
    """Write the records of ``out``, packed, and what follows from them to ``to``.

    Pictures need the weights, so everything is written beside them first; then they are left out,
    and the records no longer name them. Nothing else in a record changes. The same records give
    the same bytes.

    Arguments:
        out: an output folder, or a published one.
        to: a new folder, or one that was published before and is replaced. A published folder
            may be published onto itself: what follows from its records is written anew, and
            pictures that need weights which are no longer there stay as they are.
        records: of ``out``, where they know more than what is written, such as where the classes
            lie that their cards name; ``None``: they are read.
        weights: whether weights and all else that lies beside records go along.
        pictures: names or globs, without suffix, of the pictures to keep; ``None``:
            :data:`SHOWN`.

    Raises:
        EbmbenchError: there is nothing to publish, ``to`` holds something else, a picture is not
            there, or pyarrow is not installed.
    """
    records = read_records(out) if records is None else records
    _refuse_strangers(out, to)
    again = to.resolve() == out.resolve()
    to.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=to.parent, prefix=f".{to.name}.") as name:
        fresh = Path(name) / "whole"
        fresh.mkdir()
        _take_along(records, out, fresh)
        write_tables(records, fresh)
        if found := moments(records, fresh):
            (fresh / ROWS).write_bytes(to_bytes(found))
        shown = _keep_pictures(fresh / "figures", pictures)
        contents = [stored.content() for stored in iter_stored(out)]
        if not (weights or again):
            shutil.rmtree(fresh / "runs", ignore_errors=True)
            contents = [without_files(content) for content in contents]
        (fresh / PACK).write_bytes(pack_bytes(contents))
        _write_data(records, to.name, fresh, shown)
        to.mkdir(exist_ok=True)
        for part in OURS:
            _remove(to / part)
            if (fresh / part).exists():
                (fresh / part).rename(to / part)
    return Published(len(records), {part: _size(to / part) for part in OURS})


def _take_along(records: Sequence[Record], out: Path, fresh: Path) -> None:
    """Copy what the tables and pictures are made of, and what cannot be made again.

    Beside records lies what they name, pictures that a user put there, and nothing else of ours.
    """
    for record in records:
        copy = record_path(fresh, record.task, record.method, record.seed).parent
        for path in files_beside(record, out):
            copy.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(path, copy / path.name)
    if cache_of(out).is_dir():
        shutil.copytree(cache_of(out), cache_of(fresh))
    if not is_packed(out):
        return
    if (out / "figures").is_dir():
        shutil.copytree(out / "figures", fresh / "figures")
    if (out / ROWS).is_file():
        shutil.copyfile(out / ROWS, fresh / ROWS)


def _keep_pictures(figures: Path, asked: Sequence[str] | None) -> list[str]:
    """Remove all pictures but those asked for; return the names of those that stay."""
    found = sorted(path.name for path in figures.iterdir()) if figures.is_dir() else []
    stems = [Path(name).stem for name in found]
    for word in asked or ():
        if not fnmatch.filter(stems, word):
            raise EbmbenchError(f"there is no picture {word!r}{did_you_mean(word, stems)}")
    wanted = SHOWN if asked is None else asked
    kept = [name for name in found if any(fnmatch.fnmatch(Path(name).stem, w) for w in wanted)]
    for name in set(found) - set(kept):
        (figures / name).unlink()
    if found and not kept:
        figures.rmdir()
    return kept


def _write_data(records: Sequence[Record], name: str, folder: Path, shown: Sequence[str]) -> None:
    """Write the tables as parquet, the metadata and the page that says what the folder holds."""
    paths = {table: folder / f"{table}.csv" for table in DATA}
    texts = {table: path.read_text("utf-8") for table, path in paths.items() if path.is_file()}
    files = {PACK: (folder / PACK).read_bytes()}
    rows = {}
    for table, text in texts.items():
        files |= {f"{table}.csv": text.encode(), f"{table}.parquet": to_parquet(text)}
        (folder / f"{table}.parquet").write_bytes(files[f"{table}.parquet"])
        rows[table] = len(next(iter(columns_of(text).values())))
    metadata = to_croissant(records, name, texts, files)
    (folder / CROISSANT).write_text(metadata, encoding="utf-8", newline="")
    page = to_card(records, name, rows, shown)
    (folder / "README.md").write_text(page, encoding="utf-8", newline="")


def _refuse_strangers(out: Path, to: Path) -> None:
    if to.resolve() == out.resolve() and not is_packed(out):
        raise EbmbenchError(f"{str(to)!r} is the folder itself; publish it to another one")
    if to.is_dir():
        refuse_links(to)
    if to.exists() and not to.is_dir():
        raise EbmbenchError(f"{str(to)!r} is a file; allowed: a folder")
    strangers = sorted(p.name for p in to.iterdir() if p.name not in OURS) if to.is_dir() else []
    if strangers:
        raise EbmbenchError(
            f"{str(to)!r} holds {strangers[0]!r}, which publishing does not write; allowed: a new "
            "folder, or one that was published before"
        )


def _remove(path: Path) -> None:
    if path.is_dir():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)


def _size(path: Path) -> int:
    if path.is_dir():
        return sum(each.stat().st_size for each in path.rglob("*") if each.is_file())
    return path.stat().st_size if path.exists() else 0
