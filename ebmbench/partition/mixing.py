r"""A Gaussian mixture fitted to a model: for modes that no chain travels between.

A first mixture is fitted to the chains, whose shares of the modes are those of their starts.
Points that annealing from it weighs and resamples have the right shares, and a second mixture is
fitted to them: one round of population Monte Carlo (Cappé, Guillin, Marin & Robert 2004, J. Comp.
Graph. Stat. 13). Components that are too narrow make heavy weights, so covariances are widened and
a broad component is added. A minimum of the energy that the mixture all but overlooks gets the
Gaussian of its Hessian (Laplace's approximation).
"""

from __future__ import annotations

import math
import warnings

import torch
from sklearn.exceptions import ConvergenceWarning
from sklearn.mixture import GaussianMixture
from torch import Tensor

from ebmbench.energies.base import Energy
from ebmbench.partition.annealing import anneal
from ebmbench.partition.base import log_density
from ebmbench.partition.exploring import Explored
from ebmbench.partition.hessians import inverse_hessian, mean_hessian
from ebmbench.partition.initial import InitialGaussian, InitialMixture
from ebmbench.samplers.pilot import pilot, transition
from ebmbench.samplers.resampling import systematic_resample

SIZES = (1, 2, 3, 5, 8, 12, 16)
"""Components that are tried, in this order, up to the first that is worse than the best so far."""
WIDER = 1.1
"""Factor of the covariances."""
BROAD, BROAD_SHARE = 2.0, 0.05
"""The broad component: deviations in units of those of the whole, and its share."""
RIDGE = 1e-3
DRAWS, TEMPERATURES, MOVES = 400, 30, 12
"""Of the annealing that shares the mass out among modes, and transitions after it."""
OVERLOOKED = math.log(20.0)
"""Nats by which the weight at a minimum exceeds the highest of draws when a component is added."""
LAPLACE_SHARE = 0.1
MINIMA = 8


def fit_mixture(
    energy: Energy, explored: Explored, whole: InitialGaussian, generator: torch.Generator
) -> InitialMixture:
    """Fit a mixture in the coordinates of ``whole``.

    Arguments:
        energy: the model.
        explored: the chains, and the minima.
        whole: a Gaussian adapted to the model.
        generator: the source of all randomness.
    """
    z = explored.within(whole)
    z = z[:, torch.isfinite(z).all(2).all(0)]
    order = torch.randperm(z.shape[1], generator=generator)
    held, fit = z[:, order[: len(order) // 3]], z[:, order[len(order) // 3 :]]
    law = _fitted(fit.reshape(-1, whole.dim), held.reshape(-1, whole.dim), whole, generator)
    law = with_minima(energy, law, explored.minima, generator)
    points = _weighted(energy, law, generator)
    split = len(points) // 3
    law = _fitted(points[split:], points[:split], whole, generator)
    return with_minima(energy, law, explored.minima, generator)


def with_minima(
    energy: Energy, law: InitialMixture, minima: Tensor, generator: torch.Generator
) -> InitialMixture:
    """Add the Gaussians of minima, ``(m, d)`` in ``x``, that ``law`` all but overlooks."""
    z = law.origin.draw(DRAWS, generator)
    weights = log_density(energy, law.to_x(z)) - law.origin.log_density(z)
    highest = float(weights[torch.isfinite(weights)].max())
    coordinates = InitialGaussian(law.mean, law.factor)
    for x in minima[:MINIMA]:
        at = law.to_z(x[None])
        weight = log_density(energy, x[None]) - law.origin.log_density(at).cpu()
        if not float(weight) > highest + OVERLOOKED:
            continue
        hessian = mean_hessian(energy, coordinates, at)
        factor = torch.linalg.cholesky(WIDER * inverse_hessian(hessian))
        law = law.joined(at[0].double().cpu(), factor, LAPLACE_SHARE)
    return law


def _weighted(energy: Energy, law: InitialMixture, generator: torch.Generator) -> Tensor:
    """Return points that annealing from ``law`` ended at, resampled, ``(2 n, d)``, float64."""
    bridge = law.bridge_to(energy)
    path = pilot(bridge, generator)
    run = anneal(bridge, path, TEMPERATURES, DRAWS, generator=generator, populations=1)
    weights = torch.nan_to_num(run.log_z, nan=-math.inf, posinf=-math.inf)
    index = systematic_resample(weights, DRAWS, generator)
    index = index[torch.randperm(len(index), generator=generator)]
    state, kept = run.state[index.to(run.state.x.device)], []
    for k in range(MOVES):
        state, _ = transition(
            bridge, state, 1.0, float(path.step_sizes[-1]), generator=generator, leapfrog=4
        )
        if k % 4 == 3:
            kept.append(state.x)
    return torch.cat([z[torch.isfinite(z).all(1)] for z in kept]).double().cpu()


def _fitted(
    fit: Tensor, held: Tensor, whole: InitialGaussian, generator: torch.Generator
) -> InitialMixture:
    """Fit mixtures of growing size to ``fit`` and keep the one under which ``held`` is likeliest.

    Arguments:
        fit: ``(n, d)`` in the coordinates of ``whole``.
        held: ``(m, d)``.
        whole: gives the coordinates.
        generator: the source of the seeds.
    """
    d = whole.dim
    seed = int(torch.randint(2**31, (1,), generator=generator))
    best, best_score = None, -math.inf
    for size in SIZES:
        if size > 1 and len(fit) < 8 * size * (d + 1):
            break
        model = GaussianMixture(size, reg_covar=RIDGE, random_state=seed, max_iter=60, tol=1e-2)
        with warnings.catch_warnings():
            # one that has not converged is still a law; left-out points judge it
            warnings.simplefilter("ignore", ConvergenceWarning)
            model.fit(fit.numpy())
        score = float(model.score(held.numpy()))
        if best is not None and score < best_score:
            break
        if best is None or score > best_score + 1e-3:
            best, best_score = model, score
    assert best is not None
    factors = torch.linalg.cholesky(WIDER * torch.from_numpy(best.covariances_).double())
    law = InitialMixture(
        whole.mean,
        whole.factor,
        torch.from_numpy(best.weights_).double().clamp_min(0.01).log(),
        torch.from_numpy(best.means_).double(),
        factors,
    )
    normalised = law.log_weights - torch.logsumexp(law.log_weights, 0)
    law = InitialMixture(law.mean, law.factor, normalised, law.means, law.factors)
    covariance = torch.cov(fit.T).reshape(d, d) + RIDGE * torch.eye(d, dtype=torch.float64)
    broad = BROAD * torch.linalg.cholesky(covariance)
    return law.joined(fit.mean(0), broad, BROAD_SHARE)
