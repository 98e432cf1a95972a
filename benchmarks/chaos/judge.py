"""What is left after a fault: which records stand, and whether they are those of a clean run."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from ebmbench.errors import EbmbenchError
from ebmbench.records import Record, Status, digest_of, read_record

TRACE = "Traceback (most recent call last)"


@dataclass
class Tally:
    """Of one fault over its trials."""

    times: int = 0
    lost: int = 0
    """Records that are not there, or not those of a clean run, once the command was repeated."""
    corrupt: int = 0
    """Records or files that stood after the fault and were not whole."""
    repeated: int = 0
    """Runs whose good record stood after the fault and that were done again."""
    tracebacks: int = 0
    """Commands that ended in one, or hung, or with another status than they should."""
    words: list[str] = field(default_factory=list)
    """What was wrong, a line each."""

    @property
    def faults(self) -> int:
        """All that should be zero."""
        return self.lost + self.corrupt + self.repeated + self.tracebacks


@dataclass(frozen=True)
class Standing:
    """The records of a folder that are whole."""

    records: dict[str, Record]
    """By their place below ``runs``."""
    numbers: dict[str, int]
    """Of the files they are in; another one is another run."""
    corrupt: list[str]


def standing(out: Path) -> Standing:
    """Look at every record of a folder and at the files that it names."""
    records: dict[str, Record] = {}
    numbers: dict[str, int] = {}
    corrupt = []
    for path in sorted((out / "runs").rglob("seed-*.json")):
        place = path.relative_to(out / "runs").as_posix()
        try:
            record = read_record(path)
        except EbmbenchError as error:
            corrupt.append(f"{place}: {error}")
            continue
        wrong = [name for name, digest in record.files.items() if _is_not(path, name, digest)]
        if wrong:
            corrupt.append(f"{place}: {', '.join(wrong)} not whole")
            continue
        records[place] = record
        numbers[place] = path.stat().st_ino
    return Standing(records, numbers, corrupt)


def _is_not(path: Path, name: str, digest: str) -> bool:
    file = path.parent / name
    return not file.is_file() or digest_of(file.read_bytes()) != digest


def compare(tally: Tally, before: Standing | None, after: Standing, clean: Standing) -> None:
    """Count what a fault has done.

    Arguments:
        tally: added to.
        before: what stood after the fault; ``None``: the fault itself took or spoiled files.
        after: what stands once the command was repeated.
        clean: what a run without a fault gives.
    """
    tally.words += after.corrupt
    tally.corrupt += len(after.corrupt)
    if before is not None:
        tally.words += before.corrupt
        tally.corrupt += len(before.corrupt)
        for place, number in before.numbers.items():
            good = before.records[place].status is Status.OK and place in clean.records
            if good and after.numbers.get(place) != number:
                tally.repeated += 1
                tally.words.append(f"{place} was done again")
    for place, record in clean.records.items():
        found = after.records.get(place)
        if found is None or (found.files, found.metrics) != (record.files, record.metrics):
            tally.lost += 1
            what = "is not there" if found is None else f"is another one ({found.message})"
            tally.words.append(f"{place} {what}")
