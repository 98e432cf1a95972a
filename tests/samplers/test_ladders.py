"""Parallel tempering against quadrature, exact mode weights, and a single chain that is stuck."""

import math
from collections.abc import Callable

import numpy as np
import pytest
import torch
from scipy import stats
from torch import Tensor

from ebmbench.energies.mixture import GaussianMixtureEnergy
from ebmbench.partition import InitialGaussian
from ebmbench.partition.annealing import anneal
from ebmbench.partition.quadrature import quadrature_grid
from ebmbench.partition.sampling import model_samples, positions
from ebmbench.samplers.ladders import Ladders, temper
from ebmbench.samplers.pilot import pilot, transition
from ebmbench.samplers.swaps import swap

LADDERS = Ladders(chains=100, thinning=5, burn_in=20, most=16)


def two_modes(d: int, distance: float, weight: float = 0.7) -> GaussianMixtureEnergy:
    """Two unit Gaussians so many standard deviations apart."""
    means = torch.zeros(2, d, dtype=torch.float64)
    means[1, 0] = distance
    weights = torch.tensor([weight, 1 - weight], dtype=torch.float64)
    return GaussianMixtureEnergy(weights, means, torch.ones(2, dtype=torch.float64))


def test_only_tempered_chains_travel_between_modes() -> None:
    model, generator = two_modes(6, 12.0), torch.Generator().manual_seed(0)
    initial = InitialGaussian.of_reference(model)
    bridge = initial.bridge_to(model)
    path = pilot(bridge, generator)
    found = temper(bridge, path, LADDERS, 20, generator=generator)
    share = (positions(found, initial)[:, 0] > 6.0).double()
    # ladders are independent; the spread over draws is at least that of independent points
    assert float(share.mean()) == pytest.approx(0.3, abs=4 * math.sqrt(0.21 / 100 / 5))
    assert found.restarts > 10
    # a chain at the model's own temperature, started in the light mode, stays there
    start = model.means[1] + torch.randn(100, 6, generator=generator, dtype=torch.float64)
    stuck = bridge.evaluate(initial.to_z(start))
    for _ in range(100):
        stuck, _ = transition(bridge, stuck, 1.0, float(path.step_sizes[-1]), generator=generator)
    assert float((initial.to_x(stuck.x)[:, 0] > 6.0).double().mean()) > 0.95


def test_draws_follow_the_density_that_quadrature_finds() -> None:
    model, generator = two_modes(2, 4.0), torch.Generator().manual_seed(1)
    initial = InitialGaussian(torch.zeros(2).double(), 2 * torch.eye(2).double())
    bridge = initial.bridge_to(model)
    found = temper(bridge, pilot(bridge, generator), LADDERS, 20, generator=generator)
    grid = quadrature_grid(model)[1]
    mass = grid.probabilities().sum(1)
    edges = torch.cat([torch.zeros(1).double(), mass.cumsum(0)]).numpy()
    at = [float(grid.box.low[0] + k * grid.steps[0]) for k in range(len(edges))]
    # every fourth draw of a ladder counts as independent
    x = torch.stack([initial.to_x(z) for z in found.z[::4]])[:, :, 0].flatten().numpy()
    assert stats.kstest(x, lambda t: np.interp(t, at, edges)).pvalue > 1e-3


def test_swaps_are_even_along_the_ladder() -> None:
    model, generator = two_modes(10, 8.0), torch.Generator().manual_seed(2)
    initial = InitialGaussian.of_reference(model).widened(3.0)
    bridge = initial.bridge_to(model)
    path = pilot(bridge, generator)
    found = temper(bridge, path, LADDERS, 10, generator=generator)
    assert len(found.betas) == len(found.swap_rates) + 1 == math.ceil(float(path.length[-1])) + 1
    assert float(found.swap_rates.min()) > 0.3
    assert float(found.swap_rates.max() - found.swap_rates.min()) < 0.3
    assert found.acceptance > 0.5


def test_of_the_gaussian_itself_all_swaps_are_made() -> None:
    one = torch.ones(1, dtype=torch.float64)
    model = GaussianMixtureEnergy(one, torch.zeros(1, 5, dtype=torch.float64), one)
    generator = torch.Generator().manual_seed(3)
    initial = InitialGaussian.of_reference(model)
    bridge = initial.bridge_to(model)
    found = temper(bridge, pilot(bridge, generator), LADDERS, 4, generator=generator)
    assert torch.allclose(found.swap_rates, torch.ones_like(found.swap_rates))
    assert found.z.shape == (4, 100, 5)


def test_a_ladder_is_no_taller_than_allowed() -> None:
    model, generator = two_modes(10, 8.0), torch.Generator().manual_seed(4)
    initial = InitialGaussian.of_reference(model).widened(3.0)
    bridge = initial.bridge_to(model)
    path = pilot(bridge, generator)
    assert Ladders(10, 1, 1, 2).steps(path) == 2 < LADDERS.steps(path)


def test_a_swap_keeps_the_law_of_every_rung(z_score: Callable[[Tensor], float]) -> None:
    """On the way from N(0, 1) to N(2, 1/4) each rung is a Gaussian of precision ``1 + 3 b``."""
    generator, n = torch.Generator().manual_seed(7), 20_000
    betas = torch.tensor([0.0, 0.1, 0.35, 1.0], dtype=torch.float64)
    precision = (1 + 3 * betas)[:, None]
    mean = 8 * betas[:, None] / precision
    z = torch.randn(4, n, generator=generator, dtype=torch.float64)
    x = mean + z / precision.sqrt()
    for first in (0, 1):
        slope = 0.5 * x.square() - 2 * (x - 2).square()
        order, rates = swap(slope, betas, first, generator)
        assert order.flatten().sort().values.tolist() == list(range(4 * n))
        assert bool(((rates > 0.1) & (rates < 0.9)).all())
        x = x.flatten()[order]
        for rung in range(4):
            centred = (x[rung] - mean[rung]) * precision[rung].sqrt()
            assert z_score(centred) < 4
            assert z_score(centred.square() - 1) < 4


def test_samples_are_a_function_of_the_generator() -> None:
    class Hidden(GaussianMixtureEnergy):
        """Without the exact sampler."""

        def sampler(self) -> None:
            return None

    plain = two_modes(5, 3.0)
    model = Hidden(plain.weights, plain.means, torch.ones(2, dtype=torch.float64))
    draws = [model_samples(model, 70, torch.Generator().manual_seed(9), 0).x for _ in range(2)]
    assert torch.equal(*draws)
    assert draws[0].shape == (70, 5)


def test_a_beta_for_each_chain_is_that_beta_for_all() -> None:
    model, generator = two_modes(3, 2.0), torch.Generator().manual_seed(5)
    initial = InitialGaussian.of_reference(model)
    bridge = initial.bridge_to(model)
    state = anneal(bridge, pilot(bridge, generator), 20, 30, generator=generator).state
    each = torch.full((30,), 0.4, dtype=torch.float64)
    ends = [
        transition(bridge, state, beta, size, generator=torch.Generator().manual_seed(6))[0]
        for beta, size in ((0.4, 0.3), (each, 0.75 * each))
    ]
    assert torch.allclose(ends[0].x, ends[1].x)
