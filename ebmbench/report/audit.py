"""Checking an output folder: what a maintainer runs on a contributed result."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from ebmbench.cards import card_hash
from ebmbench.errors import EbmbenchError
from ebmbench.records import (
    Record,
    Status,
    Stored,
    beside,
    holds_records,
    iter_stored,
    read_records,
    record_path,
)
from ebmbench.records.identity import written_card_hash, written_run_id
from ebmbench.report.publication.croissant import wrong_files
from ebmbench.report.stats.rows import ROWS, measured, moments, to_bytes
from ebmbench.report.write import table_texts

Key = tuple[str, str, int]


def find_problems(out: Path, run_id: Callable[[Record], str]) -> list[str]:
    """Return a sentence per problem of an output folder; none means that it is whole.

    Its records must be as :func:`record_problems` wants them. Every table must be, byte for byte,
    what the records give, and every file what the metadata of a published folder say.

    Arguments:
        out: the folder, its records loose or packed.
        run_id: the identity that a record should have.

    Raises:
        EbmbenchError: the folder does not exist or holds no record.
    """
    problems = record_problems(out, run_id)
    return problems or [*_of_tables(read_records(out), out), *wrong_files(out)]


def record_problems(out: Path, run_id: Callable[[Record], str]) -> list[str]:
    """Return a sentence per problem of the records of a folder; none means that they are whole.

    Every record must be valid, lie where its content says (in a pack: once and in order), carry
    the hashes of its own cards and of the files beside it, and have what its status promises. Runs
    of one task and seed must stand on the same rows.

    Arguments:
        out: the folder, its records loose or packed.
        run_id: the identity that a record should have.

    Raises:
        EbmbenchError: the folder does not exist or holds no record.
    """
    problems: list[str] = []
    records: dict[Key, Record] = {}
    try:
        for stored in iter_stored(out):
            problems += _of_stored(stored, records, run_id)
    except EbmbenchError as error:
        if not holds_records(out):
            raise
        problems.append(str(error))
    return problems + list(_of_rows(records.values()))


def _of_stored(
    stored: Stored, records: dict[Key, Record], run_id: Callable[[Record], str]
) -> list[str]:
    """Say what is wrong with one more record, and add it to those read before it."""
    try:
        record, content = stored.record(), stored.content()
    except EbmbenchError as error:
        return [str(error)]
    problems = [*_of_place(record, stored, records), *_of_identity(record, content, run_id)]
    problems += [*_of_promises(record), *_of_files(record, stored)]
    records[_key(record)] = record
    return [f"{stored.place}: {text}" for text in problems]


def _key(record: Record) -> Key:
    return record.task, record.method, record.seed


def _of_place(record: Record, stored: Stored, before: dict[Key, Record]) -> Iterable[str]:
    label = f"holds {record.task} × {record.method} seed {record.seed}"
    if stored.line is None:
        if record_path(stored.folder, *_key(record)) != stored.folder / stored.file:
            yield label
    elif _key(record) in before:
        yield f"{label}, as an earlier line does"
    elif before and _key(record) < next(reversed(before)):
        yield f"{label}, out of the order of task, method and seed"


def _of_identity(
    record: Record, content: dict[str, Any], run_id: Callable[[Record], str]
) -> Iterable[str]:
    named = {
        "task": (record.task, record.task_version, record.task_card),
        "method": (record.method, record.method_version, record.method_card),
    }
    for kind, (name, version, card) in named.items():
        if (name, version) != (card.name, card.version):
            yield f"names {kind} {name} version {version}, its card does not"
        # As of today, or as of the day it was written: cards gain fields.
        right = (card_hash(card), written_card_hash(content, kind))
        if record.hashes.get(f"{kind}_card") not in right:
            yield f"the hash of the {kind} card is not that of the card in it"
    if record.run_id not in (run_id(record), written_run_id(content)):
        yield "run_id is not the hash of what the record says was asked"


def _of_promises(record: Record) -> Iterable[str]:
    if record.status is not Status.OK:
        if not record.message:
            yield f"is {record.status.value} but says no reason"
        return
    if not record.metrics:
        for name in record.task_card.metrics.names[:1]:
            yield f"is ok but has no metric, not even {name}"
    if record.cost is None:
        yield "is ok but says no cost"


def _of_files(record: Record, stored: Stored) -> Iterable[str]:
    kinds = {record.weights: "weights", record.rows: "log-densities of test rows"}
    for name in dict.fromkeys([record.weights, record.rows, *record.files]):
        if name is None:
            continue
        try:
            if beside(record, stored.folder, name) is None:
                yield f"the {kinds.get(name, 'file')} {name!r} are missing"
        except EbmbenchError as error:
            yield str(error)


def _of_rows(records: Iterable[Record]) -> Iterable[str]:
    """Say where two runs of one task and seed stand on different rows."""
    first: dict[tuple[str, int], Record] = {}
    for record in records:
        if not (record.metrics and record.hashes.get("data")):
            continue
        other = first.setdefault((record.task, record.seed), record)
        if other.hashes["data"] != record.hashes["data"]:
            yield (
                f"{record.task} seed {record.seed}: {other.method} and {record.method} were run "
                "on different rows"
            )


def _of_tables(ordered: list[Record], out: Path) -> list[str]:
    try:
        found = moments(ordered, out)
        texts = table_texts(ordered, found)
        beside = measured(ordered, out)
    except EbmbenchError as error:
        return [str(error)]
    problems = []
    if beside and (out / ROWS).is_file() and (out / ROWS).read_bytes() != to_bytes(beside):
        problems.append(f"{ROWS} is not what the rows beside the records give")
    for name, text in texts.items():
        if not (out / name).is_file():
            problems.append(f"{name} is missing; `ebmbench report` writes it")
        elif (out / name).read_bytes() != text.encode():
            problems.append(f"{name} is not what the records give; `ebmbench report` writes it")
    return problems
