"""Models whose ``log Z`` is known, in the form in which estimators meet them: without it."""

from __future__ import annotations

import math

import torch
from torch import nn

from ebmbench.energies.base import Energy
from ebmbench.energies.ica import ICAEnergy
from ebmbench.energies.mixture import GaussianMixtureEnergy
from ebmbench.energies.nice import NICEEnergy

SEED = 1
"""Of the random matrices and networks below."""


def gaussian(d: int) -> GaussianMixtureEnergy:
    """Return a Gaussian off the origin whose deviations run from 0.5 to 2."""
    variances = torch.logspace(-0.6, 0.6, d, dtype=torch.float64)
    mean = torch.full((1, d), 0.3, dtype=torch.float64)
    return GaussianMixtureEnergy(torch.ones(1, dtype=torch.float64), mean, variances[None])


def mixture(
    d: int, distance: float, weight: float = 0.7, std: float = 0.6
) -> GaussianMixtureEnergy:
    """Return two round modes.

    Arguments:
        d: dimension.
        distance: between the means, in standard deviations of a mode.
        weight: mass of the first mode, which lies on the negative side.
        std: standard deviation of a mode.
    """
    half = 0.5 * distance * std / math.sqrt(d)
    means = torch.stack([torch.full((d,), -half), torch.full((d,), half)]).double()
    weights = torch.tensor([weight, 1 - weight], dtype=torch.float64)
    variances = torch.full((2,), std**2, dtype=torch.float64)
    return GaussianMixtureEnergy(weights, means, variances)


def ill_conditioned(d: int, condition: float) -> GaussianMixtureEnergy:
    """Return a Gaussian in a random basis whose variances run over a factor of ``condition``."""
    g = torch.Generator().manual_seed(SEED)
    basis, _ = torch.linalg.qr(torch.randn(d, d, generator=g, dtype=torch.float64))
    end = 0.5 * math.log10(condition)
    variances = torch.logspace(-end, end, d, dtype=torch.float64)
    covariance = (basis * variances) @ basis.T
    mean = torch.full((1, d), 0.3, dtype=torch.float64)
    return GaussianMixtureEnergy(torch.ones(1).double(), mean, covariance[None])


def five_modes(d: int, distance: float = 10.0) -> GaussianMixtureEnergy:
    """Return five round modes of unit deviation in random directions.

    Arguments:
        d: dimension.
        distance: from the origin times the square root of two, which in many dimensions is about
            that between two modes.
    """
    g = torch.Generator().manual_seed(SEED)
    means = torch.randn(5, d, generator=g, dtype=torch.float64)
    means = means / means.norm(dim=1, keepdim=True) * distance / math.sqrt(2)
    weights = torch.tensor([0.35, 0.25, 0.2, 0.15, 0.05], dtype=torch.float64)
    return GaussianMixtureEnergy(weights, means, torch.ones(5, dtype=torch.float64))


def ica(d: int) -> ICAEnergy:
    """Return independent logistic sources behind a random, well-conditioned matrix."""
    g = torch.Generator().manual_seed(SEED)
    demixing = torch.randn(d, d, generator=g, dtype=torch.float64)
    demixing = demixing + math.sqrt(d) * torch.eye(d, dtype=torch.float64)
    covariance = torch.linalg.inv(demixing.T @ demixing) * math.pi**2 / 3
    origin = torch.zeros(d, dtype=torch.float64)
    return ICAEnergy(demixing, "logistic", origin, covariance.diagonal().sqrt())


def nice(d: int, hidden: int, size: float) -> NICEEnergy:
    """Return a flow with random couplings.

    Arguments:
        d: dimension.
        hidden: width of each coupling's network.
        size: standard deviation of the last layers' weights, which start at zero.
    """
    g = torch.Generator().manual_seed(SEED)
    origin, unit = torch.zeros(d), torch.ones(d)
    model = NICEEnergy(origin, unit, 4, [hidden], activation="softplus", generator=g)
    with torch.no_grad():
        for coupling in model.couplings:
            last = list(coupling.children())[-1]
            assert isinstance(last, nn.Linear)
            nn.init.normal_(last.weight, 0.0, size, generator=g)
    return model.double()


def exact_log_z(energy: Energy) -> float:
    """Return the known ``log Z``."""
    known = energy.log_z()
    assert known is not None
    return float(known.detach())
