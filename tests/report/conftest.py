"""Records made by hand."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from ebmbench import catalog
from ebmbench.cards import card_hash
from ebmbench.records import CurvePoint, MetricRecord, Record, RunCost, Status

Make = Callable[..., Record]


def number(
    value: float,
    certified: bool = True,
    note: str = "",
    upper: float | None = None,
    stderr: float | None = None,
) -> MetricRecord:
    """Return a likelihood; with an upper end its value is the lower one."""
    return MetricRecord(
        value=value, certified=certified, note=note, unit="nats", higher_is_better=True,
        lower=None if upper is None else value, upper=upper, stderr=stderr,
    )  # fmt: skip


@pytest.fixture
def make(cost: RunCost) -> Make:
    """Return a function from task, method, seed and log-likelihood to a record."""

    def record(
        task: str,
        method: str,
        seed: int = 0,
        value: float | None = None,
        optimum: float | None = -2.0,
        status: Status = Status.OK,
        certified: bool = True,
        preset: str = "smoke",
        message: str = "",
        upper: float | None = None,
        regret_stderr: float | None = None,
    ) -> Record:
        task_card, method_card = catalog.tasks()[task], catalog.methods()[method]
        metrics = {}
        if value is not None:
            metrics["log_likelihood"] = number(
                value, certified, "" if certified else "too wide", upper
            )
            if optimum is not None:
                metrics["regret"] = number(optimum - value, stderr=regret_stderr)
        curve = [] if value is None else [
            CurvePoint(step=1, seconds=0.5, loss=1.0, log_likelihood=value - 1),
            CurvePoint(step=10, seconds=2.0, loss=0.5, log_likelihood=value + 0.04),
        ]  # fmt: skip
        return Record(
            run_id=f"{task}{method}{seed}",
            task=task,
            task_version=task_card.version,
            method=method,
            method_version=method_card.version,
            seed=seed,
            preset=preset,  # type: ignore[arg-type]
            status=status,
            message=message or ("" if status is Status.OK else "because"),
            metrics=metrics if status is Status.OK else {},
            curve=curve,
            cost=cost if status is Status.OK else None,
            contended=False,
            task_card=task_card,
            method_card=method_card.for_task(task),
            hashes={"task_card": card_hash(task_card), "method_card": card_hash(method_card)},
            versions={},
            machine={"processor": "a processor"},
            started="2026-01-01T00:00:00Z",
        )

    return record
