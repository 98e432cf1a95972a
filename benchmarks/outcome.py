"""The outcome of a long check as CSV and Markdown; a part that is done again replaces its rows."""

from __future__ import annotations

import csv
import io
import textwrap
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import psutil

from ebmbench.files import write_atomically
from ebmbench.harness.provenance import commit_here, machine, versions


@dataclass(frozen=True)
class Outcome:
    """What is written."""

    name: str
    """Of the two files."""
    title: str
    words: str
    """What the columns mean, as Markdown."""
    columns: Sequence[str]
    """The first is the key of a row."""
    order: Sequence[str]
    """Of the rows."""

    def write(self, rows: Mapping[str, Sequence[object]], out: Path, seed: int) -> None:
        """Write rows, and those of other keys that lie there, each with commit and seed.

        Arguments:
            rows: by key, without it.
            out: the folder.
            seed: that they were made with.
        """
        path = out / f"{self.name}.csv"
        known: dict[str, list[str]] = {}
        if path.is_file():
            with path.open(encoding="utf-8", newline="") as file:
                known = {row[0]: row for row in list(csv.reader(file))[1:]}
        for key, values in rows.items():
            known[key] = [key, *map(str, values), str(seed), commit_here()]
        table = [[*self.columns, "seed", "commit"]]
        table += [known[key] for key in self.order if key in known]
        text = io.StringIO()
        csv.writer(text, lineterminator="\n").writerows(table)
        write_atomically(path, text.getvalue())
        where = machine("cpu", {})
        made = ", ".join(f"{key} {value}" for key, value in versions().items())
        lines = [f"| {' | '.join(row)} |" for row in table]
        lines.insert(1, "|---|" + "---:|" * (len(table[0]) - 1))
        page = [
            f"# {self.title}", "", textwrap.fill(self.words, 96), "",
            f"{where['processor']}, {psutil.cpu_count()} cores; {made}.", "", *lines,
        ]  # fmt: skip
        write_atomically(out / f"{self.name}.md", "\n".join(page) + "\n")
