"""What training took: which timings may stand side by side, and medians of them."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median

from ebmbench.cards import MethodCard
from ebmbench.records import Record, RunCost, network_passes

SHORTEST = 0.05
"""Seconds of training below which a timing is that of the clock and of caches, not of a step."""


@dataclass(frozen=True)
class MedianCosts:
    """Medians over the runs of one method on one board; ``None`` where nothing was measured."""

    step_ms: float | None
    passes: float | None
    train_seconds: float | None
    peak_bytes: float | None


NO_COST = MedianCosts(None, None, None, None)


def kind_of(card: MethodCard) -> str:
    """Return ``oracle``, ``reference`` or empty."""
    if "oracle" in card.tags:
        return "oracle"
    return "reference" if card.family == "reference" else ""


def passes(cost: RunCost) -> float:
    """Return network passes per training example and step."""
    return network_passes(
        cost.energy_evaluations,
        cost.score_evaluations,
        cost.hvp_evaluations,
        cost.auxiliary_evaluations or 0.0,
    )


def evaluations(record: Record, steps: int | None = None) -> float:
    """Return the network evaluations of a run: steps × batch × passes per example.

    Arguments:
        record: of the run; without a cost the result is not a number.
        steps: up to which; ``None``: all that it took.
    """
    if record.cost is None:
        return math.nan
    batch: int = getattr(record.task_card.budget, record.preset).batch
    taken = record.cost.steps if steps is None else steps
    return taken * batch * passes(record.cost)


def timed(records: Sequence[Record]) -> list[Record]:
    """Return the runs whose seconds mean something: trained by steps, and long enough."""
    return [
        r for r in records
        if r.cost is not None
        and kind_of(r.method_card) != "reference"
        and r.cost.train_seconds >= SHORTEST
    ]  # fmt: skip


def contended_pairs(records: Sequence[Record]) -> frozenset[tuple[str, str]]:
    """Return the pairs of task and method whose timings do not stand beside the others.

    They are those that were timed on shared cores, where some were timed alone; where all were
    shared or none was, all are alike and the set is empty. References, and runs too short to
    measure, decide nothing.
    """
    found = timed(records)
    if all(record.contended for record in found):
        return frozenset()
    return frozenset((record.task, record.method) for record in found if record.contended)


def cost_of(records: Sequence[Record], apart: frozenset[tuple[str, str]]) -> MedianCosts:
    """Return what the runs of one method cost.

    Arguments:
        records: of one method.
        apart: of :func:`contended_pairs`.
    """
    costs = [
        r.cost for r in records if r.cost is not None and kind_of(r.method_card) != "reference"
    ]
    alike = [r.cost for r in timed(records) if (r.task, r.method) not in apart and r.cost]
    peaks = [c.allocator_peak_bytes for c in costs if c.allocator_peak_bytes is not None]
    return MedianCosts(
        step_ms=median(c.step_ms_median for c in alike) if alike else None,
        passes=median(map(passes, costs)) if costs else None,
        train_seconds=median(c.train_seconds for c in alike) if alike else None,
        peak_bytes=median(peaks) if peaks else None,
    )


def cost_note(records: Sequence[Record], apart: frozenset[tuple[str, str]]) -> str:
    """Say, per column, which timings were taken on shared cores, and which are left out."""
    trained = [r for r in records if r.cost is not None and kind_of(r.method_card) != "reference"]
    if not trained:
        return ""
    found = timed(records)
    parts = []
    shared = sum(record.contended for record in found)
    if not shared:
        parts.append("all measured alone" if found else "no run is long enough to be timed")
    elif any((r.task, r.method) in apart for r in found):
        parts.append(
            f"{shared} of {len(found)} runs were timed while other work shared the cores and are "
            "left out"
        )
    elif shared == len(found):
        parts.append(f"all {shared} runs were timed while other work shared the cores")
    short = len(trained) - len(found)
    if short and found:
        parts.append(f"{short} shorter than {SHORTEST:g} s are left out")
    return f"ms/step and s: {'; '.join(parts)}. passes and MiB are counted and depend on no clock."
