r"""A law of round components fitted to a model: means of chains, curvature of the energy.

Few chains give a poor covariance in many dimensions, and the mean Hessian
:math:`\bar H = E_p[-\nabla^2 \log p]` gives :math:`\bar H^{-1} \preceq \mathrm{Cov}_p(x)` (the
Cramér-Rao bound of the location family), with equality for a Gaussian. The two are mixed, and the
mixture is the one under which chains that were left out of the covariance are likeliest. Where the
chains stay in separate places, these are the means of as many components, which share the
covariance within a place.
"""

from __future__ import annotations

import math

import torch
from sklearn.cluster import KMeans
from torch import Tensor

from ebmbench.energies.base import Energy
from ebmbench.partition.exploring import Explored
from ebmbench.partition.hessians import inverse_hessian, mean_hessian
from ebmbench.partition.initial import InitialGaussian, InitialMixture

SHARES = (0.0, 0.25, 0.5, 0.75, 1.0)
"""Of the curvature in the covariance, that are tried; the rest is the chains' own."""
SCALES = (0.9, 1.0, 1.15, 1.35)
"""Factors of the covariance that are tried."""
PLACES = (2, 3, 4, 5, 6, 8)
"""Numbers of places that are tried, up to the second that is no better than the best so far."""
WORTH = 1.0
"""Nats per left-out state that another place must bring: fewer are the slow moves of chains within
one place."""


def usual(explored: Explored) -> Tensor:
    """Return which chains, ``(chains,)`` bool, ended where the others did, by their density.

    A chain caught in a far hollow of the energy would drag the mean of a single Gaussian.
    """
    mean = explored.log_density.mean(0)
    floor = mean.median() - 10 - 4 * (0.5 * explored.coordinates.dim) ** 0.5
    kept: Tensor = (mean >= floor) & torch.isfinite(mean)
    return kept


def fit_law(
    energy: Energy, explored: Explored, generator: torch.Generator, points: int
) -> tuple[InitialGaussian, InitialMixture | None]:
    """Fit a law to where the chains were and how the energy curves there.

    Arguments:
        energy: the model.
        explored: the chains.
        generator: the source of the split and of the points.
        points: where Hessians are taken.

    Returns:
        A Gaussian; and a mixture of round components if the chains stay in several places, in
        coordinates that suit a single one.
    """
    z = explored.z[:, usual(explored)].double().cpu()
    d = z.shape[2]
    z = z[:, torch.randperm(z.shape[1], generator=generator)]
    flat = z.reshape(-1, d)
    at = flat[torch.randperm(len(flat), generator=generator)[:points]]
    curved = inverse_hessian(
        mean_hessian(energy, explored.coordinates, at.to(explored.coordinates.mean))
    )
    seed = int(torch.randint(2**31, (1,), generator=generator))
    shape, best_score = _shared(z - flat.mean(0), curved)
    whole = explored.coordinates.within(flat.mean(0), shape)
    mixture, worse = None, 0
    for size in PLACES:
        if 6 * size > z.shape[1] or worse == 2:
            break
        places, means = _places(z.mean(0), size, seed)
        shape, score = _shared(z - means[places], curved)
        score += _entropy(places)
        worse += 1
        if score > best_score + WORTH:
            mixture, best_score, worse = _mixture(explored, places, means, shape), score, 0
    return whole, mixture


def _mixture(explored: Explored, places: Tensor, means: Tensor, shape: Tensor) -> InitialMixture:
    """Return round components of one covariance at ``means``, in the coordinates of that one."""
    base = explored.coordinates.within(means.mean(0), shape)
    in_x = explored.coordinates.to_x(means.to(explored.coordinates.mean))
    return InitialMixture(
        base.mean,
        base.factor,
        (torch.bincount(places).double() / len(places)).log(),
        base.to_z(in_x).double().cpu(),
        torch.ones(len(means), dtype=torch.float64),
    )


def _places(means: Tensor, size: int, seed: int) -> tuple[Tensor, Tensor]:
    """Return the place of each chain, ``(chains,)``, and the centres, ``(size, d)``."""
    found = KMeans(size, n_init=4, random_state=seed).fit(means.numpy())
    labels = torch.from_numpy(found.labels_).long()
    return labels, torch.from_numpy(found.cluster_centers_).double()


def _entropy(places: Tensor) -> float:
    """Return the mean log-share of the chains' places."""
    shares = torch.bincount(places).double() / len(places)
    return float((shares * shares.clamp_min(1e-12).log()).sum())


def _shared(z: Tensor, curved: Tensor) -> tuple[Tensor, float]:
    """Return the covariance of centred states ``(kept, chains, d)`` and its held-out score."""
    d, third = z.shape[2], z.shape[1] // 3
    held, fit = z[:, :third].reshape(-1, d), z[:, third:].reshape(-1, d)
    own = torch.cov(fit.T).reshape(d, d)
    ridge = 1e-3 * torch.diag(own.diagonal().clamp_min(1e-6))
    best, best_score = curved, -math.inf
    for share in SHARES:
        shape = share * curved + (1 - share) * own + ridge
        factor, failed = torch.linalg.cholesky_ex(shape)
        if int(failed):
            continue
        whitened = torch.linalg.solve_triangular(factor, held.T, upper=False)
        squares = float(whitened.square().sum(0).mean())
        log_det = 2 * float(factor.diagonal().log().sum())
        for scale in SCALES:
            score = -0.5 * (squares / scale + log_det + d * math.log(scale))
            if score > best_score:
                best, best_score = scale * shape, score
    return best, best_score
