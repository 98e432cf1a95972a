"""Spoil inputs of every kind at random, and print what they did.

    python -m benchmarks.fuzz --inputs 10000 --out results/reliability

Every kind is tried in a process and a folder of its own, driven by hypothesis. An input must be
taken, or refused in a sentence of at most 300 characters. Tracebacks, hangs, long sentences, what
is written elsewhere, and memory beyond twice what valid inputs take must be zero, else the status
is 1, and the inputs that did it are kept (`--findings`).
"""

from __future__ import annotations

import argparse
import csv
import hashlib
import io
import os
import sys
from pathlib import Path

import psutil

from benchmarks.fuzz.trying import apart
from benchmarks.fuzz.watching import Watch
from ebmbench.files import write_atomically
from ebmbench.harness.provenance import commit_here, machine, versions

COLUMNS = (
    "kind", "inputs", "taken", "refused", "tracebacks", "hangs", "long", "outside", "grown_bytes",
)  # fmt: skip
NAMES = (
    "task card", "method card", "TOML", "record", "pack", "safetensors", "IDX", "gzip", "CSV",
    "NPY", "NPZ", "parquet", "asv", "command line",
)  # fmt: skip


def main() -> None:
    """Try all kinds."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--inputs", type=int, default=10_000, help="Of every kind.")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--only", action="append", help="A kind by name.")
    parser.add_argument("--findings", type=Path, help="Folder for inputs that are at fault.")
    parser.add_argument("--out", type=Path, help="Folder to write fuzz.csv and fuzz.md to.")
    asked = parser.parse_args()
    os.environ["OMP_NUM_THREADS"] = "1"
    rows = []
    print(",".join(COLUMNS), flush=True)
    faults = 0
    for name in asked.only or NAMES:
        watch = apart(name, asked.inputs, asked.seed)
        rows.append(row(name, watch))
        print(",".join(map(str, rows[-1])), flush=True)
        faults += watch.faults
        for what, content in watch.findings.items():
            print(f"    {what}", file=sys.stderr, flush=True)
            if asked.findings:
                asked.findings.mkdir(parents=True, exist_ok=True)
                digest = hashlib.sha256(content).hexdigest()[:8]
                (asked.findings / f"{name.replace(' ', '-')}-{digest}").write_bytes(content)
        if asked.out:
            publish(rows, asked.out, asked.seed)
    sys.exit(int(faults > 0))


def row(name: str, watch: Watch) -> list[object]:
    """Return a line of the table."""
    counts = (watch.inputs, watch.taken, watch.refused, watch.tracebacks, watch.hangs)
    return [name, *counts, watch.long, watch.outside, watch.grown]


def publish(rows: list[list[object]], out: Path, seed: int) -> None:
    """Write the table as CSV and as Markdown, with where and of what it was made."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(COLUMNS)
    writer.writerows(rows)
    write_atomically(out / "fuzz.csv", text.getvalue())
    where = machine("cpu", {})
    lines = [
        "# Spoiled inputs",
        "",
        "Made by `make fuzz`. Inputs of every kind, spoiled in their bytes or in the tables and",
        "lists that they are texts of. Taken: valid all the same. Long: a sentence above 300",
        "characters, of several lines or with control characters. Outside: files written",
        "elsewhere, processes and connections begun. Grown: resident memory beyond twice what",
        "valid inputs take.",
        "",
        f"Seed {seed}, commit {commit_here()}, {where['processor']}, {psutil.cpu_count()} cores,",
        ", ".join(f"{key} {value}" for key, value in versions().items()) + ".",
        "",
        "| " + " | ".join(COLUMNS) + " |",
        "|---|" + "---:|" * (len(COLUMNS) - 1),
        *(f"| {' | '.join(map(str, each))} |" for each in rows),
    ]
    write_atomically(out / "fuzz.md", "\n".join(lines) + "\n")


if __name__ == "__main__":
    main()
