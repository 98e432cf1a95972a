"""Peak memory of a training step, next to plain autograd's, torchebm's and ebmkit's.

    python -m benchmarks.memory --out results/ratios

The peak is that of the tensor allocator over one step, above what was allocated before it, when
everything lazy has run (:func:`ebmbench.harness.memory.allocator_peak`). It is the same on every
machine with the same kernels.
"""

from __future__ import annotations

import argparse
import json
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from benchmarks import callables, folders, peer, plain
from benchmarks.callables import OPTIONS, SIZES, Action
from benchmarks.ratios import merged
from ebmbench import catalog
from ebmbench.harness.build import make_objective
from ebmbench.harness.memory import allocator_peak
from ebmbench.harness.provenance import machine, now, versions
from ebmbench.numerics import configure

MIB = 2**20
LARGEST = "784"
"""The size at which the methods are measured that nobody else has."""
RECORDS = 20_000
OURS, OTHERS = "ours", ("plain autograd", "torchebm", "ebmkit")


def peak(action: Action) -> float:
    """Return the MiB of the second step."""
    action()
    return allocator_peak(lambda: callables.repeat(action, 1), "cpu") / MIB


def measure(name: str, size: str) -> dict[str, float]:
    """Return the peaks of those who have the objective."""
    peaks = {
        OURS: peak(callables.ours(name, SIZES[size])),
        OTHERS[0]: peak(plain.plain(name, SIZES[size])),
    }
    if name in peer.TORCHEBM:
        peaks[OTHERS[1]] = peak(peer.torchebm(name, SIZES[size]))
    if name in peer.EBMKIT:
        peaks[OTHERS[2]] = peak(peer.ebmkit(name, SIZES[size]))
    return peaks


def of_all_others() -> list[str]:
    """Return the methods with an objective that is not among those of :data:`OPTIONS`."""
    known = {registered for registered, _ in OPTIONS.values()}
    return [
        name
        for name, card in catalog.methods().items()
        if card.objective and card.objective not in known and not make_objective(card).needs_log_z
    ]


def report_mib() -> float:
    """Return the peak of a report without site over :data:`RECORDS` records in files."""
    with tempfile.TemporaryDirectory() as name:
        out = Path(name) / "out"
        folders.write_folder(out, folders.seeds_for(RECORDS), packed=False)
        taken = folders.run("report", str(out), "--no-site", "--format", "csv")
    assert taken.status == 0
    return taken.mib


def to_markdown(rows: list[dict[str, Any]], words: dict[str, str]) -> str:
    """Return the table, with what it was measured on above it."""
    lines = [
        f"Peak of the tensor allocator in one training step, above what was allocated before it, "
        f"MiB. torch {words['torch']}, {words['measured'][:10]}.",
        "",
        f"| step | d | {OURS} | {' | '.join(OTHERS)} |",
        "| --- | ---: | ---: | ---: | ---: | ---: |",
    ]
    for row in rows:
        cells = (f"{row[key]:.1f}" if key in row else "–" for key in (OURS, *OTHERS))
        lines.append(f"| {row['name']} | {row['d']} | {' | '.join(cells)} |")
    return "\n".join([*lines, ""])


def measured(names: list[str], sizes: list[str]) -> Iterator[dict[str, Any]]:
    """Yield the rows: those that others have at all sizes, and all others at the largest."""
    for size in sizes:
        for name in names:
            if name in OPTIONS:
                yield {"name": name, "d": int(size), **measure(name, size)}
            elif size == LARGEST:
                action = callables.of_card(name, SIZES[size])
                yield {"name": name, "d": int(size), OURS: peak(action)}


def main() -> None:
    """Measure, print and write; rows that are not measured anew stay."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--names", nargs="*", default=[*OPTIONS, *of_all_others()])
    parser.add_argument("--sizes", nargs="*", default=list(SIZES))
    parser.add_argument("--out", type=Path, help="Folder for memory.md and memory.json.")
    chosen = parser.parse_args()
    words = machine("cpu", configure(threads=1)) | versions() | {"measured": now()}
    # First, since a process begins with the peak of the one that starts it.
    reports = report_mib()
    rows: list[dict[str, Any]] = []
    for row in measured(chosen.names, chosen.sizes):
        rows.append(row)
        print(to_markdown([row], words).splitlines()[-1], flush=True)
    beside = f"A report without site over {RECORDS} records peaks at {reports:.0f} MiB.\n"
    print(beside)
    if chosen.out is not None:
        chosen.out.mkdir(parents=True, exist_ok=True)
        stored = chosen.out / "memory.json"
        if stored.exists():
            rows = merged(json.loads(stored.read_text())["rows"], rows)
        (chosen.out / "memory.md").write_text(f"{to_markdown(rows, words)}\n{beside}")
        found = {"words": words, "rows": rows, "report_mib": reports}
        stored.write_text(json.dumps(found, indent=1) + "\n")


if __name__ == "__main__":
    main()
