"""Two sets of weights of a run, chosen by nothing but the objective's own validation loss."""

from __future__ import annotations

import math
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
import torch

from ebmbench import catalog
from ebmbench.cards import TaskCard
from ebmbench.cardtables import Budget
from ebmbench.datasets.base import Dataset
from ebmbench.energies.base import Energy
from ebmbench.errors import EbmbenchError
from ebmbench.harness.build import load_data, make_energy, make_objective, make_streams
from ebmbench.harness.grid import plan
from ebmbench.harness.job import Job, requested_id
from ebmbench.harness.marks import LINEAR, OwnLoss, mark_steps, rows_per_mark
from ebmbench.harness.rescore import rescore
from ebmbench.harness.run import run_job
from ebmbench.harness.training import Training, train
from ebmbench.harness.weights import load_energy
from ebmbench.objectives.base import Objective
from ebmbench.records import Status, read_record
from ebmbench.records.identity import written_run_id
from tests.untuned import untuned

METHOD = "nce"
"""Whose loss validates, and which learns ``log Z`` beside the energy."""


@pytest.fixture
def overfitting(small_task: TaskCard) -> TaskCard:
    """Few training rows, a large network and many steps: the validation loss turns."""
    budget = Budget(steps=240, batch=16)
    return small_task.model_copy(
        update={
            "data": small_task.data.model_copy(update={"train": 16, "validation": 200}),
            "energy": small_task.energy.model_copy(update={"options": {"hidden": [64, 64]}}),
            "budget": small_task.budget.model_copy(update={"smoke": budget}),
        }
    )


def job_of(task: TaskCard, name: str = METHOD) -> Job:
    return Job(task, untuned(name), 0, "smoke")


def trained(task: TaskCard, name: str, **chosen: Any) -> tuple[Training, Energy, Dataset]:
    job = job_of(task, name)
    dataset = load_data(task, 0, None)
    energy, objective = make_energy(task, dataset, 0), make_objective(job.method)
    streams = make_streams(task.name, name, 0, "cpu")
    state = objective.init(energy, dataset.train, streams.noise)
    result = train(
        energy,
        objective,
        state,
        dataset,
        card=task,
        budget=task.budget.smoke,
        optimiser=job.method.optimiser.model_copy(update={"learning_rate": 0.02}),
        streams=streams,
        **chosen,
    )
    return result, energy, dataset


def own_loss(
    task: TaskCard, name: str, dataset: Dataset, energy: Energy, result: Training
) -> float:
    """Take the validation loss of the weights in place by hand, in one part."""
    budget = task.budget.smoke
    noise = torch.Generator().manual_seed(make_streams(task.name, name, 0, "cpu").validation_seed)
    objective: Objective = make_objective(job_of(task, name).method)
    count = rows_per_mark(budget, len(dataset.validation))
    total = 0.0
    for part in torch.split(dataset.validation[:count], budget.batch):
        step = objective.loss(energy, part, result.state, noise)
        total += len(part) * float(step.loss.detach())
    return total / count


def put(result: Training, energy: Energy, which: str) -> None:
    """Put one of the two sets of weights in place."""
    weights = result.selected if which == "selected" else result.last
    energy.load_state_dict(weights.energy)
    with torch.no_grad():
        for name, tensor in result.state.learned.items():
            tensor.copy_(weights.learned[name])


def test_the_marks_are_dense_and_end_with_the_last_step() -> None:
    for steps in (1, 2, 20, 100, 750, 20_000):
        marks = mark_steps(steps)
        assert marks[0] == 1
        assert marks[-1] == steps
        assert marks == sorted(set(marks))
        assert len(marks) >= min(steps, LINEAR)
        gaps = [b - a for a, b in pairwise(marks)]
        assert max(gaps, default=0) <= math.ceil(steps / LINEAR)


@pytest.mark.parametrize("preset", ["standard", "full"])
def test_the_rows_of_all_marks_are_few_against_the_training(preset: str) -> None:
    for card in catalog.tasks().values():
        budget = getattr(card.budget, preset)
        seen = rows_per_mark(budget, 10**6) * len(mark_steps(budget.steps))
        assert seen <= max(0.08 * budget.steps * budget.batch, 31 * budget.batch)


def test_few_rows_are_taken_more_than_once_and_never_fewer_than_a_batch() -> None:
    budget = Budget(steps=1000, batch=64)
    assert rows_per_mark(budget, 14) > 14
    assert rows_per_mark(Budget(steps=20, batch=128), 5000) == 128
    assert rows_per_mark(Budget(steps=20, batch=128), 100) == 100


def test_the_selected_weights_have_the_lowest_own_loss_of_all_marks(
    overfitting: TaskCard,
) -> None:
    result, energy, dataset = trained(overfitting, METHOD)
    losses = {point.step: point.validation_loss for point in result.curve}
    found = {step: loss for step, loss in losses.items() if loss is not None}
    assert len(found) == len(losses) >= LINEAR
    best = min(found, key=found.__getitem__)
    assert (result.selected.step, result.last.step) == (best, 240)
    assert best < 240
    # The weights in place are the selected ones, and both give their own loss back.
    for which, weights in (("in place", result.selected), ("last", result.last)):
        if which == "last":
            put(result, energy, which)
        again = own_loss(overfitting, METHOD, dataset, energy, result)
        assert again == pytest.approx(found[weights.step], rel=1e-5)
        assert weights.validation_loss == found[weights.step]
    assert result.selected.learned["log_z"] != result.last.learned["log_z"]


def test_selection_changes_nothing_about_the_training(overfitting: TaskCard) -> None:
    chosen, _, _ = trained(overfitting, METHOD)
    last, energy, _ = trained(overfitting, METHOD, selection="last")
    assert last.selected is last.last
    for name, tensor in chosen.last.tensors.items():
        assert torch.equal(tensor, last.last.tensors[name])
    assert all(torch.equal(last.last.energy[k], t) for k, t in energy.state_dict().items())


def test_the_noise_is_the_same_at_every_mark(small_task: TaskCard) -> None:
    dataset = load_data(small_task, 0, None)
    energy = make_energy(small_task, dataset, 0)
    for name in ("dsm", "nce", "ssm-vr"):
        objective = make_objective(job_of(small_task, name).method)
        state = objective.init(energy, dataset.train, torch.Generator().manual_seed(1))
        loss = OwnLoss(objective, dataset.validation, small_task.budget.smoke, 7)
        other = OwnLoss(objective, dataset.validation, small_task.budget.smoke, 8)
        assert loss(energy, state) == loss(energy, state)
        assert name == "ssm-vr" or loss(energy, state) != other(energy, state)


@pytest.mark.parametrize("name", ["cd", "pcd", "mle-mcmc"])
def test_what_cannot_be_compared_keeps_the_last_step(name: str, small_task: TaskCard) -> None:
    result, _, _ = trained(small_task, name)
    assert result.selected is result.last
    assert all(point.validation_loss is None for point in result.curve)


def test_a_record_has_both_likelihoods_and_the_file_both_weights(
    overfitting: TaskCard, tmp_path: Path
) -> None:
    job = job_of(overfitting)
    fast = job.method.optimiser.model_copy(update={"learning_rate": 0.02})
    job = replace(job, method=job.method.model_copy(update={"optimiser": fast}))
    record = run_job(job, tmp_path / "own", False)
    chosen = record.selection
    assert chosen is not None
    assert chosen.selected.step < chosen.last.step == 240
    assert chosen.last_log_likelihood is not None
    assert chosen.by_likelihood is not None
    assert chosen.last_log_likelihood.value < record.metrics["log_likelihood"].value - 0.1
    likelihoods = [p.log_likelihood for p in record.curve if p.log_likelihood is not None]
    assert chosen.by_likelihood.validation_log_likelihood == max(likelihoods)
    assert record.scored_curve[-1].step == chosen.selected.step
    assert read_record(job.path(tmp_path / "own")) == record

    # The last step's weights are those of a run that was asked for them.
    asked = replace(job, selection="last")
    other = run_job(asked, tmp_path / "last", False)
    assert other.selected_by == "last"
    assert other.selection is not None
    assert other.selection.selected == other.selection.last == chosen.last
    assert other.metrics["log_likelihood"].value == chosen.last_log_likelihood.value
    assert other.run_id == requested_id(other) == asked.run_id != record.run_id
    assert written_run_id(other.model_dump(mode="json")) == other.run_id
    stored = [
        load_energy(job.path(tmp_path / folder).parent / str(run.weights), job.task, "last")
        for folder, run in (("own", record), ("last", other))
    ]
    for a, b in zip(*(energy.state_dict().values() for energy in stored), strict=True):
        assert torch.equal(a, b)

    spoiled = record.model_copy(
        update={
            "metrics": {},
            "selection": chosen.model_copy(
                update={
                    "last_log_likelihood": chosen.last_log_likelihood.model_copy(
                        update={"value": 0.0}
                    )
                }
            ),
        }
    )
    again = rescore(spoiled, tmp_path / "own")
    assert (again.metrics, again.selection) == (record.metrics, record.selection)


def test_a_folder_never_mixes_selections(small_task: TaskCard, tmp_path: Path) -> None:
    job = job_of(small_task, "dsm")
    run_job(job, tmp_path, False)
    with pytest.raises(EbmbenchError, match="never mixes selections"):
        plan([small_task], [job.method], tmp_path, preset="smoke", seeds=1, selection="last")


def test_a_run_whose_end_is_lost_is_judged_by_what_is_scored(
    small_task: TaskCard, tmp_path: Path
) -> None:
    budget = Budget(steps=200, batch=32)
    task = small_task.model_copy(
        update={"budget": small_task.budget.model_copy(update={"smoke": budget})}
    )
    job = job_of(task, "dsm")
    wild = job.method.optimiser.model_copy(update={"learning_rate": 1.0, "weight_average": 0.0})
    job = replace(job, method=job.method.model_copy(update={"optimiser": wild}))
    record = run_job(job, tmp_path, False)
    assert record.selection is not None
    assert record.status is Status.OK
    assert "below its best" in record.selection.last_out_of_range
    lost = record.selection.last_log_likelihood
    assert lost is not None
    assert lost.value < record.metrics["log_likelihood"].value - 50
    assert run_job(replace(job, selection="last"), tmp_path, False).status is Status.DIVERGED
