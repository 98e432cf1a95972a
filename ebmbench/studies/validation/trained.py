"""Brackets of models that a run trained, where nobody knows ``log Z``."""

from __future__ import annotations

import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

from ebmbench import catalog
from ebmbench.harness.build import load_data
from ebmbench.harness.job import Job
from ebmbench.harness.run import run_job
from ebmbench.harness.weights import load_energy
from ebmbench.metrics.log_partition import ROWS_FOR_INITIAL
from ebmbench.partition import InitialGaussian, ais
from ebmbench.records import Status
from ebmbench.seeds import generator

TASKS = ("uci/wine-red", "uci/ionosphere")
METHOD = "dsm"
EFFORTS = {1: "standard", 2: "full"}
TARGET = 0.1
"""Nats: the bracket wanted up to 32 dimensions."""


@dataclass(frozen=True)
class Bracket:
    """The bracket of ``log Z`` of one trained model at one effort."""

    task: str
    dim: int
    effort: str
    bracket: float | None
    stderr: float | None
    certified: bool
    note: str
    """How it was estimated, why it is refused, or why there is no model."""
    seconds: float | None


def measure_brackets(task: str) -> list[Bracket]:
    """Train one of :data:`TASKS` at the standard preset and estimate ``log Z`` at both efforts."""
    card = catalog.tasks()[task]
    method = catalog.methods()[METHOD].for_task(task)
    with tempfile.TemporaryDirectory() as folder:
        job = Job(card, method, 0, "standard")
        record = run_job(job, Path(folder), contended=True)
        if record.status is not Status.OK or record.weights is None:
            return [Bracket(task, 0, "standard", None, None, False, record.message, None)]
        energy = load_energy(job.path(Path(folder)).parent / record.weights, card)
    energy.requires_grad_(False)
    train = load_data(card, 0, None).train[:ROWS_FOR_INITIAL]
    law = InitialGaussian.fitted(energy, train)
    found = []
    for effort, name in EFFORTS.items():
        random = generator("validation", "runs", task, name)
        begin = time.perf_counter()
        estimate = ais(energy, random, effort, TARGET, initial=law)
        seconds = time.perf_counter() - begin
        assert estimate.lower is not None
        assert estimate.upper is not None
        width = estimate.upper - estimate.lower
        found.append(
            Bracket(
                task,
                energy.dim,
                name,
                width,
                estimate.stderr,
                estimate.certified,
                estimate.note,
                seconds,
            )
        )
    return found
