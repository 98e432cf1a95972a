"""Measuring everything that the validation shows, in processes of one thread each."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future, ProcessPoolExecutor, as_completed
from multiprocessing import get_context
from typing import Any, TypeVar

from ebmbench.harness.executors.local import end_with_the_parent
from ebmbench.numerics import configure
from ebmbench.studies.validation import exchange, paths, trained
from ebmbench.studies.validation.cases import CASES
from ebmbench.studies.validation.findings import Findings
from ebmbench.studies.validation.refusals import REFUSALS, run_refusal
from ebmbench.studies.validation.trials import run_row

T = TypeVar("T")


def measure(
    workers: int, progress: Callable[[int, int], None] = lambda done, total: None
) -> Findings:
    """Measure everything, the long work first.

    Arguments:
        workers: processes at a time.
        progress: called with the finished and all pieces of work.
    """
    rows = [(case.name, estimator) for case in CASES.values() for estimator in case.repeats]
    with ProcessPoolExecutor(workers, get_context("spawn"), initializer=_start) as pool:
        models = [pool.submit(trained.measure_trained, *pair) for pair in trained.MODELS]
        of_rows = {row: pool.submit(run_row, *row) for row in reversed(rows)}
        gaps = [pool.submit(paths.measure_gaps, model) for model in paths.MODELS]
        mixing = [pool.submit(exchange.measure_mixing, model) for model in exchange.MODELS]
        refusals = [pool.submit(run_refusal, index) for index in range(len(REFUSALS))]
        waiting: list[Future[Any]] = [*models, *of_rows.values(), *gaps, *mixing, *refusals]
        progress(0, len(waiting))
        try:
            for done, _ in enumerate(as_completed(waiting), 1):
                progress(done, len(waiting))
        except KeyboardInterrupt:
            pool.shutdown(wait=False, cancel_futures=True)
            raise
        return Findings(
            rows=[of_rows[row].result() for row in rows],
            refusals=[future.result() for future in refusals],
            gaps=_flat(gaps),
            mixing=_flat(mixing),
            trained=[each for future in models if (each := future.result()) is not None],
        )


def _start() -> None:
    configure(threads=1)
    end_with_the_parent()


def _flat(futures: list[Future[list[T]]]) -> list[T]:
    return [item for future in futures for item in future.result()]
