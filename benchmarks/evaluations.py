"""What a certified number costs beside the training that it is of, by task, from records.

    python -m benchmarks.evaluations runs/standard runs/full --out results/evaluation

Of every task: how many of the trained runs have a certified log-likelihood, the median seconds of
training and of the whole evaluation, the processor's seconds of ``log Z`` alone, its widest
bracket, and how many evaluations took no longer than a third of their training or a minute.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterable, Sequence
from pathlib import Path
from statistics import median

import pandas as pd

from ebmbench.files import write_atomically
from ebmbench.records import Record, Status, read_records

HEADLINE = "log_likelihood"
SHARE, LEAST = 1 / 3, 60.0
"""Of the training, or seconds, whichever is more: what an evaluation may take."""


def to_frame(records: Iterable[Record]) -> pd.DataFrame:
    """Return a row per trained run that has a model."""
    rows = []
    for record in records:
        cost, number = record.cost, record.metrics.get(HEADLINE)
        if record.status is not Status.OK or not record.method_card.objective or cost is None:
            continue
        log_z = record.log_z
        width = 0.0
        if log_z is not None and log_z.lower is not None and log_z.upper is not None:
            width = log_z.upper - log_z.lower
        rows.append(
            {
                "preset": record.preset,
                "task": record.task,
                "method": record.method,
                "seed": record.seed,
                "certified": number is not None and number.certified,
                "width": width,
                "train": cost.train_seconds,
                "evaluation": cost.evaluation_seconds,
                "log_z": None if log_z is None else log_z.cpu_seconds,
                "in_time": cost.evaluation_seconds <= max(SHARE * cost.train_seconds, LEAST),
            }
        )
    return pd.DataFrame(rows)


def to_markdown(frame: pd.DataFrame) -> str:
    """Return a line per preset and task, and below each preset the runs without a certificate."""
    lines = []
    for preset, of_preset in frame.groupby("preset", sort=False):
        certified = of_preset["certified"].mean()
        lines += [
            f"## {preset}",
            "",
            f"{len(of_preset)} trained runs, {certified:.1%} certified, "
            f"{of_preset['in_time'].mean():.1%} evaluated within a third of their training or "
            f"{LEAST:g} s.",
            "",
            "| task | runs | certified | in time | training, s | evaluation, s "
            "| log Z, s of processor | widest bracket, nats |",
            "|---|---:|---:|---:|---:|---:|---:|---:|",
        ]
        for task, rows in of_preset.groupby("task"):
            seconds = [each for each in rows["log_z"] if each is not None and each == each]
            log_z = f"{median(seconds):.1f}" if seconds else "–"
            lines.append(
                f"| {task} | {len(rows)} | {rows['certified'].sum()} | {rows['in_time'].sum()} "
                f"| {rows['train'].median():.1f} | {rows['evaluation'].median():.1f} | {log_z} "
                f"| {rows['width'].max():.2g} |"
            )
        lines += ["", *_refused(of_preset)]
    return "\n".join(lines)


def _refused(frame: pd.DataFrame) -> list[str]:
    rows = frame[~frame["certified"]]
    if rows.empty:
        return ["All are certified.", ""]
    named = [f"{r.task} × {r.method} seed {r.seed}" for r in rows.itertuples()]
    return [f"Not certified: {'; '.join(named)}.", ""]


def main(folders: Sequence[Path], out: Path | None) -> None:
    """Print the page, and write it."""
    page = to_markdown(to_frame(rec for folder in folders for rec in read_records(folder)))
    print(page)
    if out is not None:
        out.mkdir(parents=True, exist_ok=True)
        write_atomically(out / "evaluation.md", page)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folders", nargs="+", type=Path)
    parser.add_argument("--out", type=Path)
    asked = parser.parse_args()
    main(asked.folders, asked.out)
