r"""Annealed importance sampling and sequential Monte Carlo along the geometric path.

.. math:: p_b(z) \propto \exp\bigl(-(1-b)\tfrac12\|z\|^2 - b\,U(z)\bigr), \qquad 0 = b_0 < \dots
    < b_K = 1,

with :math:`U(z) = E(x(z))` in the coordinates where the initial law is standard normal (Neal,
2001, Statistics and Computing 11). Transitions are Hamiltonian; their step sizes and the
schedule come from a pilot run and are frozen before any weight is computed, so that the estimate
stays unbiased. Forward, :math:`E\hat Z = Z`: ``log Ẑ`` is a stochastic lower bound. In reverse
from exact samples, :math:`E\,1/\hat Z = 1/Z`: a stochastic upper bound (Grosse, Ghahramani &
Adams, 2015, arXiv:1511.02543).
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor

from ebmbench.calculus import value_and_score
from ebmbench.energies.base import Energy
from ebmbench.partition.base import log_mean_exp, systematic_resample
from ebmbench.partition.initial import InitialGaussian

LEAPFROG = 2
"""Steps per transition. At equal cost, two left the least variance of log-weights on Gaussians and
mixtures of 10 to 50 dimensions; longer paths overshoot the shortest direction."""
TARGET_ACCEPTANCE = 0.8
VARIANCE = 0.1
"""Of the log-weights, at which the number of temperatures aims."""


@dataclass(frozen=True)
class Particles:
    """Where the chains are, with the energy and its gradient kept so that none is paid twice."""

    z: Tensor
    """``(n, d)``."""
    energy: Tensor
    """``U(z)``, ``(n,)``."""
    force: Tensor
    """``-∇U(z)``, ``(n, d)``."""

    @property
    def gap(self) -> Tensor:
        """Return ``½‖z‖² - U(z)``, the slope of the log-density along the path, in float64."""
        return 0.5 * self.z.double().square().sum(1) - self.energy.double()

    def __getitem__(self, index: Tensor) -> Particles:
        """Return the chosen chains."""
        return Particles(self.z[index], self.energy[index], self.force[index])


@dataclass(frozen=True)
class AnnealingPath:
    """What the pilot run learned, at its knots."""

    betas: Tensor
    """``(m,)`` from zero to one, float64."""
    step_sizes: Tensor
    """``(m,)``, float64."""
    length: Tensor
    """Thermodynamic length from zero to each knot, ``(m,)``: the integral of the standard
    deviation of the gap. ``length[-1]² / K`` is the variance of the log-weights that perfect
    transitions would leave with ``K`` temperatures."""

    def temperatures(self, least: int, most: int) -> int:
        """Return the ``K`` within a range at which that variance comes to :data:`VARIANCE`.

        The least if the length is not a number.
        """
        return math.ceil(min(max(least, float(self.length[-1]) ** 2 / VARIANCE), most))

    def schedule(self, temperatures: int) -> Tensor:
        """Return ``K + 1`` inverse temperatures at equal steps of thermodynamic length.

        A tenth of the length is spread evenly, so that no stretch is jumped over.
        """
        even = torch.linspace(0, 1, len(self.betas), dtype=torch.float64)
        path = 0.9 * self.length / self.length[-1].clamp_min(1e-12) + 0.1 * even
        path = path / path[-1]
        targets = torch.linspace(0, 1, temperatures + 1, dtype=torch.float64)
        betas = _interpolate(targets, path, self.betas)
        betas[0], betas[-1] = 0.0, 1.0
        return betas

    def step_size(self, beta: Tensor) -> Tensor:
        """Return the step sizes at given inverse temperatures."""
        return _interpolate(beta, self.betas, self.step_sizes.log()).exp()


@dataclass(frozen=True)
class Annealed:
    """The outcome of one run of chains."""

    log_z: Tensor
    """Estimates of ``log Z``, ``(n,)``: one per chain without resampling, else one per particle
    with the population's factor included, so that the mean of their exponentials is ``Ẑ``."""
    particles: Particles
    """Where the chains ended."""
    acceptance: float


def particles_at(energy: Energy, law: InitialGaussian, z: Tensor) -> Particles:
    """Evaluate the energy and its gradient in the coordinates of ``law``."""
    u, score = value_and_score(energy, law.to_x(z))
    return Particles(z, u, score @ law.factor)


def transition(
    energy: Energy,
    law: InitialGaussian,
    start: Particles,
    beta: float | Tensor,
    step_size: float | Tensor,
    generator: torch.Generator,
    leapfrog: int = LEAPFROG,
) -> tuple[Particles, Tensor]:
    """Make one Hamiltonian transition that leaves ``p_b`` invariant.

    Arguments:
        energy: the model.
        law: gives the coordinates.
        start: where the chains are.
        beta: the inverse temperature, or one for each chain, ``(n,)``.
        step_size: the step size, or one for each chain, ``(n,)``.
        generator: the source of all randomness.
        leapfrog: steps of the integrator; with one this is the Metropolis-adjusted Langevin
            algorithm.

    Returns:
        the new particles, and the acceptance probability of each chain, ``(n,)``.
    """
    jitter = float(torch.rand(1, generator=generator)) * 0.4 + 0.8
    eps = _column(step_size, start.z) * jitter
    momentum = torch.randn(start.z.shape, generator=generator).to(start.z)
    p = momentum + 0.5 * eps * _force(start, beta)
    moving = start
    for i in range(leapfrog):
        moving = particles_at(energy, law, moving.z + eps * p)
        p = p + (eps if i + 1 < leapfrog else 0.5 * eps) * _force(moving, beta)
    change = _hamiltonian(moving, p, beta) - _hamiltonian(start, momentum, beta)
    probability = torch.nan_to_num((-change).clamp(max=0).exp(), nan=0.0)
    u = torch.rand(probability.shape, generator=generator, dtype=torch.float64)
    accept = u.to(probability.device) < probability
    column = accept[:, None]
    new = Particles(
        torch.where(column, moving.z, start.z),
        torch.where(accept, moving.energy, start.energy),
        torch.where(column, moving.force, start.force),
    )
    return new, probability


def pilot(
    energy: Energy,
    law: InitialGaussian,
    generator: torch.Generator,
    chains: int = 64,
    knots: int = 16,
    transitions: int = 4,
) -> AnnealingPath:
    """Learn step sizes and the thermodynamic length with a quick annealing run."""
    t = torch.linspace(-4, 4, knots, dtype=torch.float64).sigmoid()
    betas = (t - t[0]) / (t[-1] - t[0])
    z = torch.randn(chains, law.dim, generator=generator).to(law.mean)
    particles = particles_at(energy, law, z)
    log_eps = -0.25 * math.log(law.dim)
    step_sizes, slopes = [], []
    for beta in betas:
        for i in range(transitions):
            particles, probability = transition(
                energy, law, particles, float(beta), math.exp(log_eps), generator
            )
            log_eps += 0.8 / (1 + i) ** 0.5 * (float(probability.mean()) - TARGET_ACCEPTANCE)
            log_eps = min(log_eps, math.log(1.5))
        step_sizes.append(math.exp(log_eps))
        slopes.append(particles.gap.std().cpu())
    speed = torch.stack(slopes)
    pieces = 0.5 * (speed[1:] + speed[:-1]) * betas.diff()
    length = torch.cat([torch.zeros(1, dtype=torch.float64), pieces.cumsum(0)])
    return AnnealingPath(betas, torch.tensor(step_sizes, dtype=torch.float64), length)


def anneal(
    energy: Energy,
    law: InitialGaussian,
    plan: AnnealingPath,
    temperatures: int,
    chains: int,
    generator: torch.Generator,
    populations: int | None = None,
    leapfrog: int = LEAPFROG,
) -> Annealed:
    """Run chains from the law to the model.

    Arguments:
        energy: the model.
        law: where the chains start.
        plan: step sizes and schedule.
        temperatures: ``K``.
        chains: number of chains; a multiple of ``populations``.
        generator: the source of all randomness.
        populations: ``None`` for AIS. Otherwise the chains form that many independent populations,
            each resampled when its effective size falls below half (SMC).
        leapfrog: steps per transition.
    """
    betas = plan.schedule(temperatures)
    step_sizes = plan.step_size(betas)
    z = torch.randn(chains, law.dim, generator=generator).to(law.mean)
    particles = particles_at(energy, law, z)
    log_w = torch.full((chains,), law.log_z, dtype=torch.float64)
    accepted = 0.0
    for k in range(1, temperatures + 1):
        log_w = log_w + (betas[k] - betas[k - 1]) * particles.gap.cpu()
        if populations is not None:
            log_w, index = _resample(log_w, populations, generator)
            particles = particles[index.to(particles.z.device)]
        particles, probability = transition(
            energy, law, particles, float(betas[k]), float(step_sizes[k]), generator, leapfrog
        )
        accepted += float(probability.mean())
    return Annealed(log_w, particles, accepted / temperatures)


def anneal_back(
    energy: Energy,
    law: InitialGaussian,
    plan: AnnealingPath,
    temperatures: int,
    particles: Particles,
    generator: torch.Generator,
) -> Annealed:
    """Run the reversed chains from the model, where ``particles`` are, to the law.

    Returns:
        ``log_z`` such that ``-log mean exp(-log_z)`` estimates ``log Z`` from above if the
        particles were exact samples.
    """
    betas = plan.schedule(temperatures)
    step_sizes = plan.step_size(betas)
    log_z = torch.full((particles.z.shape[0],), law.log_z, dtype=torch.float64)
    accepted = 0.0
    for k in range(temperatures, 0, -1):
        particles, probability = transition(
            energy, law, particles, float(betas[k]), float(step_sizes[k]), generator
        )
        accepted += float(probability.mean())
        log_z = log_z + (betas[k] - betas[k - 1]) * particles.gap.cpu()
    return Annealed(log_z, particles, accepted / temperatures)


def _column(number: float | Tensor, like: Tensor) -> float | Tensor:
    """Return a number for each chain as a column that multiplies points; one for all as it is."""
    return number[:, None].to(like) if isinstance(number, Tensor) else number


def _force(particles: Particles, beta: float | Tensor) -> Tensor:
    b = _column(beta, particles.z)
    return b * particles.force - (1 - b) * particles.z


def _hamiltonian(particles: Particles, p: Tensor, beta: float | Tensor) -> Tensor:
    z = particles.z.double()
    beta = beta.to(z) if isinstance(beta, Tensor) else beta
    kinetic = 0.5 * p.double().square().sum(1)
    potential = (1 - beta) * 0.5 * z.square().sum(1) + beta * particles.energy.double()
    return kinetic + potential


def _resample(
    log_w: Tensor, populations: int, generator: torch.Generator
) -> tuple[Tensor, Tensor]:
    """Resample populations of effective size below half; return weights and ancestors."""
    size = log_w.numel() // populations
    weights, ancestors = [], []
    for i, part in enumerate(torch.split(log_w, size)):
        mean = log_mean_exp(part)
        normalised = torch.softmax(part, 0)
        index = torch.arange(size)
        if float(normalised.square().sum()) * size > 2:
            index = systematic_resample(part, size, generator)
            part = torch.full_like(part, mean)
        weights.append(part)
        ancestors.append(index + i * size)
    return torch.cat(weights), torch.cat(ancestors)


def _interpolate(x: Tensor, knots: Tensor, values: Tensor) -> Tensor:
    """Return the piecewise linear interpolant through increasing ``knots`` at ``x``."""
    right = torch.searchsorted(knots, x).clamp(1, len(knots) - 1)
    left = right - 1
    share = ((x - knots[left]) / (knots[right] - knots[left])).clamp(0, 1)
    return values[left] + share * (values[right] - values[left])
