r"""A search for energy minima that the points of an estimator do not visit.

From a wide box around the model, points descend the energy. Each distinct minimum :math:`x^*` gets
the Gaussian of its Hessian, and the set :math:`A` of its points within one typical radius. The
mass of ``A`` is found by importance sampling from that Gaussian, and compared with the weighted
share of the points in ``A``. A minimum with more mass than the tolerance allows that the points
miss means that ``log Z`` is too low, which no set of weights by itself can tell.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor

from ebmbench.calculus import hvp
from ebmbench.energies.base import Energy
from ebmbench.partition.base import CHUNK, log_density, log_mean_exp
from ebmbench.partition.initial import InitialGaussian
from ebmbench.partition.minima import STANDARD, Search, find_minima


@dataclass(frozen=True)
class Missed:
    """What the search found."""

    minima: int
    """Minima that were weighed."""
    mass: float
    """The most mass around a minimum that has less than half of its share of the points."""

    def failure(self, tolerance: float) -> str | None:
        """Say what is missed if it moves ``log Z`` by more than ``tolerance``; else nothing."""
        # mass that is missed moves log Z by -log(1 - mass)
        if self.mass <= 1 - math.exp(-tolerance):
            return None
        return f"a minimum holds {self.mass:.1%} of the mass and is not visited"


@dataclass(frozen=True)
class Minimum:
    """A minimum of the energy and how much of the model's mass lies around it."""

    x: Tensor
    """``(d,)``."""
    energy: float
    log_mass: float
    """``log ∫_A exp(-E)``, a stochastic lower bound."""
    share_found: float
    """Weighted share of the estimator's points that lie in ``A``."""


def missed_mass(
    energy: Energy,
    initial: InitialGaussian,
    points: Tensor,
    log_weights: Tensor,
    *,
    log_z: float,
    generator: torch.Generator,
    search: Search = STANDARD,
) -> Missed:
    """Search for minima and compare the mass around each with the share of weighted points there.

    Arguments:
        energy: the model.
        initial: gives the scale of the box that is searched.
        points: where an estimator of ``log Z`` looked, ``(m, d)``.
        log_weights: their weights, ``(m,)``.
        log_z: what it found.
        generator: the source of all randomness.
        search: how hard to look.
    """
    found = find_minima(energy, initial, generator, search.starts, steps=search.descents)
    missed = []
    for x in found[: search.candidates]:
        minimum = weigh_minimum(
            energy, x, initial, points, log_weights=log_weights, generator=generator
        )
        mass = math.exp(min(minimum.log_mass - log_z, 0.0))
        missed.append(mass if minimum.share_found < 0.5 * mass else 0.0)
    return Missed(len(missed), max(missed, default=0.0))


def weigh_minimum(
    energy: Energy,
    x: Tensor,
    initial: InitialGaussian,
    samples: Tensor,
    *,
    log_weights: Tensor,
    generator: torch.Generator,
    n: int = 512,
) -> Minimum:
    """Measure the mass around the minimum ``x``, ``(d,)``, and the points' share of it.

    Arguments:
        energy: the model.
        x: the minimum.
        initial: gives the scale of each coordinate.
        samples: points of an estimator, such as the ends of annealed chains, ``(m, d)``.
        log_weights: their weights, ``(m,)``.
        generator: the source of all randomness.
        n: points of importance sampling.
    """
    d = x.numel()
    centre = initial.to_z(x[None])
    # the Hessian of U(z), by products with all unit vectors at once; a hair beside the minimum,
    # so that a kink exactly there (a norm, a clamped distance) does not pass for flatness
    beside = torch.randn(centre.shape, generator=generator, dtype=torch.float64).to(centre)
    at = initial.to_x(centre + 0.02 * beside)
    directions = initial.factor.T.contiguous()
    products = torch.cat(
        [
            hvp(energy, at.expand(len(v), d).contiguous(), v)
            for v in torch.split(directions, max(1, CHUNK // d))
        ]
    )
    hessian = -(products @ initial.factor).double().cpu()
    values, vectors = torch.linalg.eigh(0.5 * (hessian + hessian.T))
    spread = values.clamp_min(1e-2).rsqrt()
    radius2 = d + 3 * math.sqrt(2.0 * d)
    centre = centre.double().cpu()
    g = torch.randn(n, d, generator=generator, dtype=torch.float64)
    z = centre + (g * spread) @ vectors.T
    size = g.square().sum(1)
    log_q = -0.5 * size - 0.5 * d * math.log(2 * math.pi) - spread.log().sum()
    log_jacobian = initial.log_z - 0.5 * d * math.log(2 * math.pi)
    log_w = log_density(energy, initial.to_x(z.to(initial.mean))) + log_jacobian - log_q
    log_w = torch.where(size <= radius2, log_w, -math.inf)
    offset = (initial.to_z(samples).double().cpu() - centre) @ vectors / spread
    inside = offset.square().sum(1) <= radius2
    share = torch.softmax(log_weights.double(), 0)[inside].sum()
    at_minimum = float(-log_density(energy, x[None]))
    return Minimum(x, at_minimum, log_mean_exp(log_w), float(share))
