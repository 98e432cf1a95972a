"""All methods see the same rows in the same order, from the same start."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from torch import Tensor

from ebmbench import catalog
from ebmbench.cards import MethodCard, TaskCard
from ebmbench.energies.base import Energy
from ebmbench.harness.build import load_data, make_energy, make_objective, make_streams
from ebmbench.harness.compatibility import reason_to_skip
from ebmbench.harness.coordinates import training_view
from ebmbench.harness.job import Job
from ebmbench.harness.run import run_job
from ebmbench.objectives.base import State, Step
from ebmbench.records import Status

STEPS = 6
"""Of the small task."""


def seen(job: Job, out: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[list[int], list[Tensor]]:
    """Numbers of the training rows that the objective is given, and the weights it meets first.

    What a network of many noise levels has beside that of the task must begin at zero.

    What the harness asks beside training is left out: the rehearsal on the first rows of the
    table, and anything about rows of another split.
    """
    dataset = load_data(job.task, job.seed, None)
    whole = make_energy(job.task, dataset, job.seed, job.method.coordinates)
    rows = training_view(whole, dataset)[1].train
    number = {row.numpy().tobytes(): k for k, row in enumerate(rows)}
    kind = type(make_objective(job.method))
    honest = kind.loss
    batches: list[list[int]] = []
    start: list[Tensor] = []

    def spy(
        self: object, energy: Energy, batch: Tensor, state: State, generator: torch.Generator
    ) -> Step:
        if not start:
            for name, p in energy.named_parameters():
                if name.startswith("shifts."):
                    assert torch.equal(p, torch.zeros_like(p))
                else:
                    start.append(p.detach().clone())
        found = [number.get(row.numpy().tobytes(), -1) for row in batch]
        if -1 not in found and found != list(range(len(batch))):
            batches.append(found)
        return honest(self, energy, batch, state, generator)  # type: ignore[arg-type]

    with monkeypatch.context() as patched:
        patched.setattr(kind, "loss", spy)
        assert run_job(job, out, False).status is Status.OK
    assert [len(batch) for batch in batches] == [32] * STEPS
    return [k for batch in batches for k in batch], start


def test_every_method_sees_the_same_rows_and_starts_at_the_same_weights(
    small_task: TaskCard, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    jobs = [Job(small_task, m.for_task(small_task.name), 0, "smoke") for m in learners()]
    jobs = [job for job in jobs if reason_to_skip(job) is None]
    assert len(jobs) >= 10
    found = {job.method.name: seen(job, tmp_path, monkeypatch) for job in jobs}
    rows, start = found["dsm"]
    assert len(set(rows)) > 50
    for name, (others, weights) in found.items():
        assert others == rows, name
        assert all(torch.equal(a, b) for a, b in zip(weights, start, strict=True)), name
    other_seed = Job(small_task, jobs[0].method, 1, "smoke")
    assert seen(other_seed, tmp_path, monkeypatch)[0] != rows


def learners() -> list[MethodCard]:
    return [method for method in catalog.methods().values() if method.objective is not None]


def test_the_stream_of_row_numbers_is_that_of_the_task_and_the_seed() -> None:
    def first(task: str, method: str, seed: int) -> tuple[Tensor, Tensor]:
        streams = make_streams(task, method, seed, "cpu")
        return torch.rand(4, generator=streams.batches), torch.rand(4, generator=streams.noise)

    rows, noise = first("2d/rings", "dsm", 0)
    for method in catalog.methods():
        again, own = first("2d/rings", method, 0)
        assert torch.equal(again, rows)
        assert torch.equal(own, noise) == (method == "dsm")
    assert not torch.equal(first("2d/rings", "dsm", 1)[0], rows)
    assert not torch.equal(first("2d/two-moons", "dsm", 0)[0], rows)
