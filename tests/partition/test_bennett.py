"""Bennett's acceptance ratio against closed forms and a second implementation."""

import math

import pytest
import torch
from scipy.optimize import minimize_scalar
from torch import Tensor

from ebmbench.energies.mixture import GaussianMixtureEnergy
from ebmbench.partition import InitialGaussian
from ebmbench.partition.annealing import anneal, anneal_back
from ebmbench.partition.base import log_mean_exp
from ebmbench.partition.bennett import bennett
from ebmbench.samplers.pilot import pilot

LOG_Z = 3.0


def gaussian_weights(spread: float, n: int, m: int, seed: int) -> tuple[Tensor, Tensor]:
    """Log-weights N(log Z ∓ s²/2, s²): the only Gaussian pair that obeys Crooks' relation."""
    generator = torch.Generator().manual_seed(seed)
    forward = torch.randn(n, generator=generator, dtype=torch.float64)
    reverse = torch.randn(m, generator=generator, dtype=torch.float64)
    shift = 0.5 * spread**2
    return LOG_Z - shift + spread * forward, LOG_Z + shift + spread * reverse


def test_the_estimate_is_the_intercept_of_a_logistic_regression() -> None:
    forward, reverse = gaussian_weights(1.5, 300, 500, 0)
    shift = math.log(500 / 300)

    def loss(c: float) -> float:
        return float(
            torch.nn.functional.softplus(forward - c + shift).sum()
            + torch.nn.functional.softplus(c - reverse - shift).sum()
        )

    found, stderr = bennett(forward, reverse)
    other = minimize_scalar(loss, bracket=(0.0, 6.0), tol=1e-12).x
    assert found == pytest.approx(other, abs=1e-6)
    assert 0 < stderr < 0.2


@pytest.mark.parametrize("spread", [0.5, 2.0])
def test_interval_covers_and_both_directions_beat_one(spread: float) -> None:
    repeats = 300
    estimates, scores, one_sided = [], [], []
    for seed in range(repeats):
        forward, reverse = gaussian_weights(spread, 200, 200, seed)
        found, stderr = bennett(forward, reverse)
        estimates.append(found - LOG_Z)
        scores.append((found - LOG_Z) / stderr)
        one_sided.append(log_mean_exp(forward) - LOG_Z)
    errors, one = torch.tensor(estimates), torch.tensor(one_sided)
    assert abs(float(errors.mean())) < 4 * float(errors.std()) / math.sqrt(repeats)
    assert float(torch.tensor(scores).std()) == pytest.approx(1.0, abs=0.15)
    assert float(errors.square().mean()) < float(one.square().mean())


def test_log_z_of_a_mixture_from_annealing_in_both_directions() -> None:
    means = torch.tensor([[-1.0, 0.0, 0.5], [1.0, 0.5, 0.0]], dtype=torch.float64)
    weights = torch.tensor([0.7, 0.3], dtype=torch.float64)
    model = GaussianMixtureEnergy(weights, means, torch.full((2,), 0.5, dtype=torch.float64))
    exact = model.log_z()
    assert exact is not None
    generator = torch.Generator().manual_seed(0)
    initial = InitialGaussian.of_reference(model)
    bridge = initial.bridge_to(model)
    path = pilot(bridge, generator)
    forward = anneal(bridge, path, 30, 400, generator=generator)
    start = bridge.evaluate(initial.to_z(model.sample(400, generator)))
    back = anneal_back(bridge, path, 30, start, generator=generator)
    found, stderr = bennett(forward.log_z, back.log_z)
    assert stderr < 0.05
    assert abs(found - float(exact)) < 4 * stderr
    assert log_mean_exp(forward.log_z) - 0.1 < found < -log_mean_exp(-back.log_z) + 0.1
