"""The best temperature of Gaussian energies, where it is known."""

import math
from dataclasses import replace

import pytest
import torch

from ebmbench import catalog
from ebmbench.energies.own_sampler import OwnSampler
from ebmbench.metrics import find_metrics
from ebmbench.metrics.evaluate import evaluate
from ebmbench.metrics.temperature import best_shift

NAMES = ["temperature_calibration", "inverse_temperature_error"]


@pytest.mark.parametrize("precision", [0.8, 1.0, 1.1])
def test_the_best_temperature_of_a_gaussian_in_ten_dimensions(precision: float) -> None:
    """``E = λ|x|²/2`` has mean ``d/2`` and variance ``d/2`` under its model.

    For N(0, I) data the gap is ``d (1 - λ)/2``: β* = 2 - λ to second order (exactly 1/λ), and the
    loss ``d (1 - λ)²/4`` (exactly ``d (λ - 1 - log λ)/2``).
    """
    d, n = 10, 200_000
    generator = torch.Generator().manual_seed(0)
    x, y = torch.randn(2, n, d, generator=generator, dtype=torch.float64)
    of_data = 0.5 * precision * x.square().sum(1)
    of_model = 0.5 * y.square().sum(1)
    shift, stderr, variance = best_shift(of_model, of_data)
    assert abs(shift - (1 - precision)) < 4 * stderr
    assert stderr < 0.01
    loss = 0.5 * variance * (shift**2 - stderr**2)
    assert loss == pytest.approx(d * (1 - precision) ** 2 / 4, abs=0.005)
    exact = d * (precision - 1 - math.log(precision)) / 2
    assert loss == pytest.approx(exact, abs=0.01 + 0.2 * exact)


@pytest.mark.parametrize("log_z", ["quadrature", "ais"])
def test_it_is_measured_on_samples_of_the_model(log_z, mixture, evaluation) -> None:
    """Data of variance 1 and a model of variance 0.8 in the plane: β* = 1 - 0.25."""
    truth, model = mixture([[0.0, 0.0]], 1.0), mixture([[0.0, 0.0]], math.sqrt(0.8))
    made = evaluation(truth, model, log_z, effort=0 if log_z == "ais" else 1)
    found = evaluate(made, find_metrics(NAMES))
    error = found["inverse_temperature_error"]
    assert error.stderr is not None
    assert error.value == pytest.approx(0.25, abs=5 * error.stderr)
    lost = found["temperature_calibration"]
    assert lost.stderr is not None
    assert lost.value == pytest.approx(0.5 * 0.25**2, abs=4 * lost.stderr)
    assert "best inverse temperature 0." in error.note


def test_the_truth_needs_no_other_temperature(mixture, evaluation) -> None:
    truth = mixture([[-2.0, 0.0], [2.0, 0.0]], 0.5)
    found = evaluate(evaluation(truth, truth), find_metrics(NAMES))
    error = found["inverse_temperature_error"]
    assert error.stderr is not None
    assert error.value < 4 * error.stderr
    assert abs(found["temperature_calibration"].value) < 0.01


def test_a_sampler_of_the_method_does_not_speak_for_the_energy(mixture, evaluation) -> None:
    truth = mixture([[0.0, 0.0]], 1.0)
    wrong = OwnSampler("a short run", lambda n, generator: torch.full((n, 2), 7.0))
    made = replace(evaluation(truth, truth), own_sampler=wrong)
    error = evaluate(made, find_metrics(NAMES))["inverse_temperature_error"]
    assert error.stderr is not None
    assert error.value < 4 * error.stderr


def test_samples_that_are_not_finite_are_refused(mixture, evaluation) -> None:
    truth = mixture([[0.0, 0.0]], 1.0)
    made = evaluation(truth, truth, constant=None, rows=50)
    made.energy.constants.fill_(torch.nan)
    found = evaluate(made, find_metrics(NAMES))
    assert not any(measurement.certified for measurement in found.values())


def test_every_task_measures_it() -> None:
    for task in catalog.tasks().values():
        assert set(NAMES) <= set(task.metrics.names), task.name
