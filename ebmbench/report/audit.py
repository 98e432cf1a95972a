"""Checking an output folder: what a maintainer runs on a contributed result."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from ebmbench.cards import card_hash
from ebmbench.errors import EbmbenchError
from ebmbench.records import Record, Status, read_record, record_path
from ebmbench.report.write import table_texts


def find_problems(out: Path, run_id: Callable[[Record], str]) -> list[str]:
    """Return a sentence per problem of an output folder; none means that it is whole.

    Every record must be valid, lie where its content says, carry the hashes of its own cards, and
    have what its status promises. Every table must be, byte for byte, what the records give.

    Arguments:
        out: the folder.
        run_id: the identity that a record should have.

    Raises:
        EbmbenchError: the folder does not exist or holds no record.
    """
    paths = sorted((out / "runs").rglob("seed-*.json"))
    if not paths:
        raise EbmbenchError(f"output folder {str(out)!r} holds no record under runs/")
    problems: list[str] = []
    records: list[Record] = []
    for path in paths:
        try:
            record = read_record(path)
        except EbmbenchError as error:
            problems.append(str(error))
            continue
        records.append(record)
        name = path.relative_to(out).as_posix()
        problems += [f"{name}: {text}" for text in _of_record(record, path, out, run_id)]
    if not problems:
        problems += _of_tables(records, out)
    return problems


def _of_record(
    record: Record, path: Path, out: Path, run_id: Callable[[Record], str]
) -> list[str]:
    problems = []
    if record_path(out, record.task, record.method, record.seed) != path:
        problems.append(f"holds {record.task} × {record.method} seed {record.seed}")
    for kind, card in (("task", record.task_card), ("method", record.method_card)):
        named = (record.task, record.task_version)
        if kind == "method":
            named = (record.method, record.method_version)
        if named != (card.name, card.version):
            problems.append(f"names {kind} {named[0]} version {named[1]}, its card does not")
        if record.hashes.get(f"{kind}_card") != card_hash(card):
            problems.append(f"the hash of the {kind} card is not that of the card in it")
    if record.run_id != run_id(record):
        problems.append("run_id is not the hash of what the record says was asked")
    if record.status is Status.OK:
        missing = [name for name in record.task_card.metrics.names[:1] if not record.metrics]
        problems += [f"is ok but has no metric, not even {name}" for name in missing]
        if record.cost is None:
            problems.append("is ok but says no cost")
    elif not record.message:
        problems.append(f"is {record.status.value} but says no reason")
    if record.weights is not None and not (path.parent / record.weights).is_file():
        problems.append(f"the weights {record.weights!r} are missing")
    return problems


def _of_tables(records: list[Record], out: Path) -> list[str]:
    ordered = sorted(records, key=lambda r: (r.task, r.method, r.seed))
    try:
        texts = table_texts(ordered)
    except EbmbenchError as error:
        return [str(error)]
    problems = []
    for name, text in texts.items():
        if not (out / name).is_file():
            problems.append(f"{name} is missing; `ebmbench report` writes it")
        elif (out / name).read_bytes() != text.encode():
            problems.append(f"{name} is not what the records give; `ebmbench report` writes it")
    return problems
