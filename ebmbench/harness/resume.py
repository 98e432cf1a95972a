"""What of a request is done already, and why the rest is done again."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from ebmbench.cards import card_hash
from ebmbench.errors import EbmbenchError
from ebmbench.harness.job import Job, requested_id
from ebmbench.records import Outline, Status

Stored = Mapping[Path, Outline]
"""What an output folder holds by where it lies."""


def why_again(job: Job, record: Outline, named: Mapping[str, str]) -> str | None:
    """Return why a job is done again though there is a record of it; ``None``: it is done.

    The cards in the record must be those that its name is a hash of, so that one whose cards were
    edited is run again.

    Arguments:
        job: what is asked.
        record: what lies where its record goes.
        named: :func:`ebmbench.harness.identity.named_hashes` of the job as of now.
    """
    if record.status is not Status.OK:
        return f"ended as {record.status.value.replace('_', ' ')}"
    if not record.run_id == job.run_id == requested_id(record):
        return "other cards or settings then"
    if record.hashes.get("source", "") != named.get("source", ""):
        return "the source of a class that a card names has changed"
    if record.hashes.get("files", "") != named.get("files", ""):
        return "a file beside the task's card has changed"
    return None


def refuse_mixtures(
    out: Path,
    asked: Mapping[Path, Job],
    stored: Stored,
    named: Mapping[tuple[str, str], Mapping[str, str]],
) -> None:
    """Refuse a request whose table would mix what does not compare, before anything is computed.

    Arguments:
        out: the output folder.
        asked: jobs of the request, all of one preset and selection, by where their records go.
        stored: what the folder holds.
        named: by task and method, :func:`ebmbench.harness.identity.named_hashes` as of now.

    Raises:
        EbmbenchError: the folder holds runs of another preset or selection, or a record that
            the request does not replace has another card or other rows of its task.
    """
    first = next(iter(asked.values()))
    wanted = {job.task.name: job.task for job in asked.values()}
    files = {task: each.get("files", "") for (task, _), each in named.items()}
    for path, record in stored.items():
        who = f"({record.method} seed {record.seed})"
        for what, found, right in (
            ("preset", record.preset, first.preset),
            ("selection", record.selected_by, first.selection),
        ):
            if found != right:
                raise EbmbenchError(
                    f"output folder {str(out)!r} holds runs of {what} {found!r}, asked for "
                    f"{right!r}; a table never mixes {what}s, so choose another --out"
                )
        if path in asked or record.task not in wanted:
            continue
        if card_hash(wanted[record.task]) != card_hash(record.task_card):
            raise EbmbenchError(
                f"output folder {str(out)!r} holds runs of {record.task} with another card or "
                f"other --steps or --set {who}, which one table cannot mix; choose another --out"
            )
        if record.metrics and files[record.task] != record.hashes.get("files", ""):
            raise EbmbenchError(
                f"output folder {str(out)!r} holds runs of {record.task} on other rows {who}: a "
                "file beside its card has changed since; choose another --out, or name that "
                "method too, so that it is run again"
            )


def rows_of(records: Sequence[Outline]) -> dict[tuple[str, int], str]:
    """Return the hash of the rows by task and seed that the numbers of records stand on."""
    return {
        (record.task, record.seed): record.hashes["data"]
        for record in records
        if record.metrics and record.hashes.get("data")
    }


def in_words(reasons: Sequence[str]) -> list[str]:
    """Return a line per reason for which runs are done again, in the order of the first of each.

    Example:
        >>> in_words(["ended as failed", "ended as failed"])
        ['2 runs again: ended as failed']
    """
    counts = {reason: reasons.count(reason) for reason in dict.fromkeys(reasons)}
    return [f"{n} run{'s' if n > 1 else ''} again: {reason}" for reason, n in counts.items()]
