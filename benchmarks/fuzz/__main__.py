"""Spoil inputs of every kind at random, and print what they did.

    python -m benchmarks.fuzz --inputs 10000 --out results/reliability

Every kind is tried in a process and a folder of its own, driven by hypothesis. An input must be
taken, or refused in a sentence of at most 300 characters. Tracebacks, hangs, long sentences, what
is written elsewhere, and memory beyond twice what valid inputs take must be zero, else the status
is 1, and the inputs that did it are kept (`--findings`).
"""

from __future__ import annotations

import argparse
import hashlib
import os
import sys
from pathlib import Path

from benchmarks.fuzz.trying import apart
from benchmarks.fuzz.watching import Watch
from benchmarks.outcome import Outcome

COLUMNS = (
    "kind", "inputs", "taken", "refused", "tracebacks", "hangs", "long", "outside", "grown_bytes",
)  # fmt: skip
NAMES = (
    "task card", "method card", "TOML", "record", "pack", "safetensors", "IDX", "gzip", "CSV",
    "NPY", "NPZ", "parquet", "asv", "command line",
)  # fmt: skip
OUTCOME = Outcome(
    "fuzz",
    "Spoiled inputs",
    "Made by `make fuzz`. Inputs of every kind, spoiled in their bytes or in the tables and lists "
    "that they are texts of. Taken: valid all the same. Long: a sentence above 300 characters, of "
    "several lines or with control characters. Outside: files written elsewhere, processes and "
    "connections begun. Grown: resident memory beyond twice what valid inputs take.",
    COLUMNS,
    NAMES,
)


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
    rows: dict[str, list[int]] = {}
    print(",".join(COLUMNS), flush=True)
    faults = 0
    for name in asked.only or NAMES:
        watch = apart(name, asked.inputs, asked.seed)
        rows[name] = row(watch)
        print(",".join(map(str, [name, *rows[name]])), flush=True)
        faults += watch.faults
        for what, content in watch.findings.items():
            print(f"    {what}", file=sys.stderr, flush=True)
            if asked.findings:
                asked.findings.mkdir(parents=True, exist_ok=True)
                digest = hashlib.sha256(content).hexdigest()[:8]
                (asked.findings / f"{name.replace(' ', '-')}-{digest}").write_bytes(content)
        if asked.out:
            OUTCOME.write(rows, asked.out, asked.seed)
    sys.exit(int(faults > 0))


def row(watch: Watch) -> list[int]:
    """Return the counts of a kind."""
    counts = [watch.inputs, watch.taken, watch.refused, watch.tracebacks, watch.hangs]
    return [*counts, watch.long, watch.outside, watch.grown]


if __name__ == "__main__":
    main()
