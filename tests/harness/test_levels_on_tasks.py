"""Methods of many noise levels on tasks whose energy is of one: from the card to the weights."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from ebmbench import catalog
from ebmbench.cardtables import Budget
from ebmbench.energies.conditional import ConditionalEnergy
from ebmbench.energies.mixture import GaussianMixtureEnergy
from ebmbench.energies.mlp_levels import MLPLevels
from ebmbench.energies.pulled_back import PulledBack
from ebmbench.harness.build import load_data
from ebmbench.harness.compatibility import reason_to_skip
from ebmbench.harness.fitting import fit
from ebmbench.harness.job import Job
from ebmbench.harness.rescore import disagreements, evaluate_again
from ebmbench.harness.run import run_job
from ebmbench.harness.weights import load_energy
from ebmbench.metrics.base import Evaluation
from ebmbench.metrics.levels import OF_LEVELS, ladder_log_z_error, sample_mode_error
from ebmbench.metrics.levels_flow import inconsistency, ode_log_likelihood
from ebmbench.metrics.likelihood import log_likelihood
from ebmbench.records import Status


def job_of(task: str, method: str) -> Job:
    """Return a job of few rows and steps."""
    card = catalog.tasks()[task]
    few = {"train": 400, "validation": 64, "test": 64}
    card = card.model_copy(
        update={
            "data": card.data.model_copy(update=few),
            "budget": card.budget.model_copy(update={"smoke": Budget(steps=5, batch=64)}),
            "energy": card.energy.model_copy(update={"options": {"hidden": [8, 8]}}),
        }
    )
    return Job(card, catalog.methods()[method].for_task(task), 0, "smoke")


def quick(job: Job) -> Job:
    """Measure nothing but the likelihood, and what is measured of levels."""
    metrics = job.task.metrics.model_copy(update={"names": ["log_likelihood"]})
    task = job.task.model_copy(update={"metrics": metrics})
    return Job(task, job.method, job.seed, job.preset)


LONG = ["tre", "dual-sm", "diffclf", "drl"]


@pytest.mark.parametrize(
    "method", ["ncsn", *(pytest.param(name, marks=pytest.mark.slow) for name in LONG)]
)
def test_a_run_is_whole_and_comes_back_from_its_weights(method: str, tmp_path: Path) -> None:
    job = quick(job_of("2d/twentyfive-gaussians", method))
    record = run_job(job, tmp_path, contended=True)
    assert record.status is Status.OK, record.message
    assert set(OF_LEVELS) <= set(record.metrics)
    sigmas = [level.sigma for level in record.levels]
    assert sigmas[-1] == pytest.approx(0.1)
    assert sigmas == sorted(sigmas, reverse=True)
    assert all(level.acceptance and 0.2 < level.acceptance <= 1 for level in record.levels)
    again = evaluate_again(record, tmp_path).metrics
    assert disagreements(record, again) == []
    for name in ("sample_mode_error", "inconsistency", "log_likelihood"):
        assert again[name].value == pytest.approx(record.metrics[name].value, rel=1e-6)
    energy = load_energy(
        tmp_path / "runs" / job.task.name / method / str(record.weights), job.task
    )
    assert isinstance(energy, PulledBack)
    assert isinstance(energy.inner, MLPLevels)


def test_a_method_of_one_level_keeps_the_network_of_the_task() -> None:
    job = job_of("2d/rings", "dsm")
    fitted = fit(job, load_data(job.task, 0, None), 0.0, lambda step, total: None)
    assert isinstance(fitted.energy, PulledBack)
    assert not isinstance(fitted.energy.inner, ConditionalEnergy)


def test_a_network_that_cannot_be_conditioned_is_skipped_with_the_reason() -> None:
    card = catalog.tasks()["ica/2"]
    job = Job(card, catalog.methods()["tre"].for_task(card.name), 0, "smoke")
    assert reason_to_skip(job) == (
        "tre needs an energy of many noise levels, and the network of the task cannot be "
        "conditioned on them"
    )
    assert reason_to_skip(job_of("2d/rings", "tre")) is None


class Exact(ConditionalEnergy):
    """The mixture of the task convolved with its noise."""

    def __init__(self) -> None:
        super().__init__(torch.zeros(2), torch.full((2,), 2.01), [40.0, 4.0, 0.4, 0.02])
        self.truth = load_data(catalog.tasks()["2d/twentyfive-gaussians"], 0, None)

    def at(self, sigma: float | torch.Tensor) -> GaussianMixtureEnergy:
        modes = self.truth.modes
        assert modes is not None
        variances = torch.full((25,), 0.02 + float(sigma) ** 2)
        level = GaussianMixtureEnergy(modes.weights.float(), modes.centres.float(), variances)
        return level.to(self.mean)


@pytest.mark.slow
def test_exact_levels_are_consistent_and_their_constant_is_found() -> None:
    energy = Exact()
    card = catalog.tasks()["2d/twentyfive-gaussians"]
    evaluation = Evaluation(energy, energy.truth, card, effort=0, learned_log_z=None, seed=0)
    apart = inconsistency(evaluation)
    flow, of_energy = ode_log_likelihood(evaluation), log_likelihood(evaluation)
    assert apart is not None
    assert flow is not None
    assert apart.value < 0.05
    assert flow.stderr is not None
    assert abs(flow.value - of_energy.value) < 4 * flow.stderr
    down = ladder_log_z_error(evaluation)
    assert down is not None
    assert down.stderr is not None
    assert down.value < 4 * down.stderr + 0.02
    modes = sample_mode_error(evaluation)
    assert modes is not None
    assert modes.value < 0.2
