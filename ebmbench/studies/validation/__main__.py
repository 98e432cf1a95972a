"""Measure everything and write ``validation.md`` and its pictures.

python -m ebmbench.studies.validation --out results/validation
"""

from __future__ import annotations

import argparse
import multiprocessing
import os
import sys
from concurrent.futures import Future, ProcessPoolExecutor
from pathlib import Path
from typing import Any, TypeVar

from tqdm import tqdm

from ebmbench.harness.provenance import machine, now, versions
from ebmbench.harness.store import open_folder, write_atomically
from ebmbench.numerics import configure
from ebmbench.studies.validation import exchange, paths, runs
from ebmbench.studies.validation.cases import CASES
from ebmbench.studies.validation.findings import Findings, draw_brackets, draw_errors, to_markdown
from ebmbench.studies.validation.refusals import REFUSALS, run_refusal
from ebmbench.studies.validation.trials import run_row

T = TypeVar("T")


def measure(jobs: int) -> Findings:
    """Measure everything with ``jobs`` processes of one thread each, the long work first."""
    rows = [(case.name, estimator) for case in CASES.values() for estimator in case.repeats]
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(jobs, context, initializer=configure, initargs=(1,)) as pool:
        brackets = [pool.submit(runs.measure_brackets, task) for task in runs.TASKS]
        of_rows = {row: pool.submit(run_row, *row) for row in reversed(rows)}
        gaps = [pool.submit(paths.measure_gaps, model) for model in paths.MODELS]
        mixing = [pool.submit(exchange.measure_mixing, model) for model in exchange.MODELS]
        refusals = [pool.submit(run_refusal, index) for index in range(len(REFUSALS))]
        futures: list[Future[Any]] = [*brackets, *of_rows.values(), *gaps, *mixing, *refusals]
        with tqdm(total=len(futures), disable=not sys.stderr.isatty()) as bar:
            for future in futures:
                future.add_done_callback(lambda _: bar.update())
            return Findings(
                rows=[of_rows[row].result() for row in rows],
                refusals=[future.result() for future in refusals],
                gaps=_flat(gaps),
                mixing=_flat(mixing),
                brackets=_flat(brackets),
            )


def _flat(futures: list[Future[list[T]]]) -> list[T]:
    return [item for future in futures for item in future.result()]


def main() -> int:
    """Measure and write; exit status 1 if a promise does not hold."""
    parser = argparse.ArgumentParser(prog="python -m ebmbench.studies.validation")
    parser.add_argument("--out", type=Path, required=True, help="Folder for page and pictures.")
    parser.add_argument("--jobs", type=int, default=os.cpu_count(), help="Processes.")
    arguments = parser.parse_args()
    out: Path = arguments.out
    open_folder(out)
    words = machine("cpu", configure(threads=1)) | versions()
    found = measure(arguments.jobs)
    write_atomically(out / "validation.md", to_markdown(found, words, now()))
    draw_errors(found.rows).savefig(out / "errors.png", dpi=110)
    draw_brackets(found.gaps).savefig(out / "brackets.png", dpi=110)
    for problem in found.problems:
        print(problem)
    print(f"Written to {out}: validation.md, errors.png, brackets.png")
    return int(bool(found.problems))


if __name__ == "__main__":
    sys.exit(main())
