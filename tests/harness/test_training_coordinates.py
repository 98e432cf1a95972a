"""Training in coordinates, and numbers in the space that the task names."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import get_args

import pytest
import torch

from ebmbench import catalog
from ebmbench.cards import TaskCard
from ebmbench.cardtables import Budget, Coordinates, EnergyTable, Tuned
from ebmbench.datasets.base import Dataset
from ebmbench.energies.coordinates import KINDS
from ebmbench.energies.ica import ICAEnergy
from ebmbench.energies.own_sampler import OwnSampler
from ebmbench.energies.pulled_back import PulledBack, moved
from ebmbench.harness.build import load_data, make_energy, make_objective
from ebmbench.harness.coordinates import kind_for, named_log_z, training_view
from ebmbench.harness.evaluation import evaluate_job
from ebmbench.harness.fitting import fit
from ebmbench.harness.job import Job
from ebmbench.harness.weights import load_energy, packed_weights
from ebmbench.metrics.base import Evaluation
from ebmbench.metrics.ica import demixing_of
from ebmbench.metrics.log_partition import log_z_of
from ebmbench.metrics.model_samples import samples_of
from ebmbench.partition.grid import reference_box, tabulate

kinds = pytest.mark.parametrize("kind", KINDS)


def job_of(task: str, method: str, kind: str, steps: int = 5) -> Job:
    """Return a job of few rows and steps."""
    card = catalog.tasks()[task]
    budget = Budget(steps=steps, batch=64)
    card = card.model_copy(
        update={
            "data": card.data.model_copy(update={"train": 500, "validation": 200, "test": 300}),
            "budget": card.budget.model_copy(update={"smoke": budget}),
        }
    )
    chosen = catalog.methods()[method].for_task(task)
    return Job(card, chosen.model_copy(update={"coordinates": kind}), 0, "smoke")


def correlated(card: TaskCard) -> Dataset:
    """Rows of a task, sheared, so that coordinates make a difference."""
    data = load_data(card, 0, None)
    shear = torch.tensor([[1.0, 0.7], [0.0, 0.6]])
    parts = {name: getattr(data, name) @ shear + 2 for name in ("train", "validation", "test")}
    return replace(data, **parts, truth=None, modes=None)


def test_cards_and_energies_know_the_same_coordinates() -> None:
    assert get_args(Coordinates) == KINDS


def test_what_is_tuned_for_a_task_may_be_its_coordinates() -> None:
    method = catalog.methods()["dsm"]
    tuned = Tuned(tasks="uci/*", found="By hand.", coordinates="whitened")
    card = method.model_copy(update={"tuned": [tuned], "coordinates": "standardised"})
    assert card.for_task("uci/casp").coordinates == "whitened"
    assert card.for_task("2d/rings").coordinates == "standardised"


def test_an_energy_that_needs_pixels_keeps_them() -> None:
    card = catalog.tasks()["2d/rings"]
    images = card.model_copy(
        update={"energy": EnergyTable(kind="conv", options={"channels": [2]})}
    )
    assert kind_for(card, "whitened") == "whitened"
    assert kind_for(images, "whitened") == "standardised"


@kinds
def test_the_curve_and_the_numbers_are_those_of_the_named_space(kind: str) -> None:
    job = job_of("ica/2", "mle-exact", kind)
    dataset = load_data(job.task, 0, None)
    fitted = fit(job, dataset, 0.0, lambda step, total: None)
    assert fitted.coordinates == kind
    energy = fitted.energy
    exact = energy.log_z()
    assert exact is not None
    by_hand = float((-energy(dataset.validation).mean() - exact).detach())
    assert fitted.selection is not None
    scored = {point.step: point for point in fitted.curve}[fitted.selection.selected.step]
    assert scored.log_likelihood == pytest.approx(by_hand, abs=1e-4)
    found = evaluate_job(job, energy, dataset, learned_log_z=None).metrics["log_likelihood"]
    by_hand = float((-energy(dataset.test).mean() - exact).detach())
    assert found.value == pytest.approx(by_hand, abs=1e-4)


@kinds
def test_a_learned_log_z_is_that_of_the_named_space(kind: str) -> None:
    job = job_of("2d/two-moons", "nce", kind)
    dataset = correlated(job.task)
    whole = make_energy(job.task, dataset, 0, kind)
    inner, rows = training_view(whole, dataset)
    state = make_objective(job.method).init(inner, rows.train, torch.Generator().manual_seed(0))
    exact = tabulate(whole, reference_box(whole, 8.0), 400).log_z
    assert named_log_z(state.learned["log_z"], whole) == pytest.approx(exact, abs=0.01)


@kinds
def test_weights_come_back_in_the_named_space(kind: str, tmp_path: Path) -> None:
    job = job_of("2d/two-moons", "dsm", kind)
    dataset = correlated(job.task)
    whole = make_energy(job.task, dataset, 0, kind)
    path = tmp_path / "weights.safetensors"
    path.write_bytes(packed_weights(whole, {}))
    again = load_energy(path, job.task)
    torch.testing.assert_close(again(dataset.test), whole(dataset.test))
    # as version 0.1 stored them: trained where the rows are
    path.write_bytes(packed_weights(whole.inner, {}))
    before = load_energy(path, job.task)
    assert not isinstance(before, PulledBack)
    torch.testing.assert_close(before(dataset.test), whole.inner(dataset.test))


@kinds
def test_log_z_and_samples_by_annealing_are_moved(kind: str) -> None:
    """At the start the model is the Gaussian of the rows, whose ``Z`` is known."""
    job = job_of("2d/two-moons", "dsm", kind)
    dataset = correlated(job.task)
    whole = make_energy(job.task, dataset, 0, kind).requires_grad_(False)
    metrics = job.task.metrics.model_copy(update={"log_z": "ais"})
    card = job.task.model_copy(update={"metrics": metrics})
    evaluation = Evaluation(whole, dataset, card, 0, None, 0)
    found = log_z_of(evaluation)
    exact = whole.inner.reference.log_z - whole.map.log_det
    assert found.log_z == pytest.approx(exact, abs=0.05)
    assert found.lower is not None
    assert found.upper is not None
    assert found.lower - 0.05 <= exact <= found.upper + 0.05
    drawn = samples_of(evaluation).x.double()
    torch.testing.assert_close(drawn.mean(0), whole.reference.mean.double(), atol=0.3, rtol=0)
    covariance = whole.reference.covariance
    torch.testing.assert_close(
        torch.cov(drawn.T), covariance, atol=0.35 * float(covariance.max()), rtol=0
    )


def test_the_demixing_matrix_is_that_of_the_rows() -> None:
    card = catalog.tasks()["ica/5"]
    dataset = load_data(card, 0, None)
    whole = make_energy(card, dataset, 0, "whitened")
    assert isinstance(whole.inner, ICAEnergy)
    found = demixing_of(whole)
    assert found is not None
    sources = dataset.train.double() @ found.T
    covariance = torch.cov(sources.T)
    torch.testing.assert_close(
        covariance, torch.pi**2 / 3 * torch.eye(5).double(), atol=0.01, rtol=0
    )


def test_a_sampler_that_a_method_brings_is_moved() -> None:
    card = catalog.tasks()["2d/two-moons"]
    dataset = correlated(card)
    whole = make_energy(card, dataset, 0, "whitened")
    inner, rows = training_view(whole, dataset)
    own = moved(OwnSampler("a copy", lambda n, generator: rows.train[:n]), whole)
    assert own is not None
    drawn = own.draw(5, torch.Generator())
    torch.testing.assert_close(drawn, dataset.train[:5])
    assert moved(own, inner) is own


def test_a_module_called_last_is_not_taken_for_the_weights_of_the_last_step(
    tmp_path: Path,
) -> None:
    job = job_of("2d/two-moons", "dsm", "standardised")
    options = {"hidden": [4], "levels": [1.0, 0.1]}
    levels = EnergyTable(kind="mlp-levels", options=options)
    card = job.task.model_copy(update={"energy": levels})
    dataset = load_data(card, 0, None)
    whole = make_energy(card, dataset, 0)
    assert "inner.last.weight" in whole.state_dict()
    after = {name: tensor + 1 for name, tensor in whole.state_dict().items()}
    path = tmp_path / "weights.safetensors"
    path.write_bytes(packed_weights(whole, {}, after))
    for which, expected in (("selected", whole.state_dict()), ("last", after)):
        found = load_energy(path, card, which).state_dict()  # type: ignore[arg-type]
        assert set(found) == set(expected)
        assert all(torch.equal(found[name], expected[name]) for name in found)
