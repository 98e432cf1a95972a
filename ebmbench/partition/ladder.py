r"""``log Z`` of the lowest noise level, by annealing along the learned ladder.

.. math:: \log w = \sum_k \bigl[E_\theta(x_k, \sigma_k) - E_\theta(x_k, \sigma_{k+1})\bigr], \qquad
          \sigma_0 > \dots > \sigma_K = \sigma_{\min}

Annealed importance sampling (Neal 2001) through the levels of a conditional energy, each of which
is the model with a noise that the next one has less of: modes part as the noise falls, where the
geometric path to the lowest level lets them grow far from each other. It begins with a geometric
path from the Gaussian that the highest level started as, of known ``Z``, to that level, and goes
on in steps of :math:`\log\sigma`, also between the levels of training, where it is defined too.
Step sizes come from a pilot run and are frozen before any weight is computed, so ``Ẑ`` is unbiased
whatever the ladder has learned: ``log Ẑ`` is a stochastic lower bound. Reverse chains from
resampled ends are a check, not a bound.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor

from ebmbench.calculus import count_evaluations
from ebmbench.energies.conditional import ConditionalEnergy
from ebmbench.partition.base import LogZ, effective_sample_size, jackknife_stderr, log_mean_exp
from ebmbench.partition.bennett import bennett
from ebmbench.partition.checks import LEAST_ACCEPTANCE, LEAST_SIZE
from ebmbench.samplers.base import ChainState, Target
from ebmbench.samplers.bridge import Bridge, ReferenceGaussian
from ebmbench.samplers.leapfrog import hamiltonian_step
from ebmbench.samplers.resampling import systematic_resample
from ebmbench.samplers.target import target_of
from ebmbench.seeds import normal_like

CHAINS = (100, 400, 1000)
"""For ``effort`` 0, 1 and 2."""
RUNGS = (8, 32, 64)
"""Steps of the path for every halving of the noise, and as many for the geometric part; half of
them in the check of their number."""
GROUPS = 10
"""Independent repeats, whose spread is the standard error."""
LEAPFROG = 2
PILOT = 64
"""Chains of the pilot run."""
AIM = 0.8
"""Acceptance at which the pilot run aims."""
TRANSITIONS = 2
"""Of the pilot run at each step of the path."""
SETTLE = 20
"""Transitions of the resampled ends before reverse chains start there."""


@dataclass(frozen=True)
class _Rung:
    """A density of the path, and its step size in units of the level's shortest deviation."""

    target: Target
    sigma: float
    step: float = 0.0


def ladder_log_z(
    energy: ConditionalEnergy,
    generator: torch.Generator,
    effort: int = 1,
    tolerance: float = 0.1,
) -> LogZ:
    """Estimate ``log Z`` of the lowest level and certify or refuse it.

    Arguments:
        energy: of many noise levels.
        generator: the source of all randomness.
        effort: 0, 1 or 2.
        tolerance: nats within which forward chains, those of half as many steps and reverse
            chains must agree.
    """
    with count_evaluations() as counts:
        origin = ReferenceGaussian.of(energy.at(float(energy.levels[0])))
        paths = [_Path.prepared(energy, origin, RUNGS[effort] // k, generator) for k in (2, 1)]
        half, (log_w, ends, accepted) = (path.forward(CHAINS[effort], generator) for path in paths)
        back = paths[1].back(ends, log_w, generator)
    values = {
        "half": log_mean_exp(half[0]),
        "forward": log_mean_exp(log_w),
        "reverse": -log_mean_exp(-back),
    }
    size = effective_sample_size(log_w) / len(log_w)
    stderr = jackknife_stderr(log_w, GROUPS)
    spread = max(values.values()) - min(values.values())
    failures = []
    if not spread <= tolerance:
        failures.append(f"its runs differ by {spread:.2g} nats, more than {tolerance:g}")
    if not 2 * stderr <= tolerance:
        failures.append(f"two standard errors are {2 * stderr:.2g} nats, more than {tolerance:g}")
    if not size >= LEAST_SIZE:
        failures.append(f"the effective share of the chains is {size:.2g}, needed: {LEAST_SIZE}")
    if not accepted >= LEAST_ACCEPTANCE:
        failures.append(f"acceptance is {accepted:.2f}, needed: {LEAST_ACCEPTANCE}")
    point, point_stderr = bennett(log_w, back)
    steps = len(paths[1].rungs) - 1
    how = f"AIS down the noise levels, {CHAINS[effort]} chains, {steps} steps"
    return LogZ(
        log_z=max(values["forward"], values["half"]),
        stderr=stderr,
        lower=min(values.values()) - 2 * stderr,
        upper=max(values.values()) + 2 * stderr,
        point=point,
        point_stderr=point_stderr,
        certified=not failures,
        note=f"{how}; refused: {'; '.join(failures)}" if failures else how,
        diagnostics={
            **values,
            "temperatures": steps,
            "ess": size * len(log_w),
            "acceptance": accepted,
            "energies": counts.energy,
            "scores": counts.score,
            "hvps": counts.hvp,
        },
    )


@dataclass(frozen=True)
class _Path:
    origin: ReferenceGaussian
    rungs: list[_Rung]
    """From the Gaussian of the highest level, which it has no density of, to the lowest."""

    @classmethod
    def prepared(
        cls,
        energy: ConditionalEnergy,
        origin: ReferenceGaussian,
        each: int,
        generator: torch.Generator,
    ) -> _Path:
        """Lay the steps, ``each`` of them for a halving of the noise, and learn their sizes."""
        highest, lowest = float(energy.levels[0]), float(energy.levels[-1])
        bridge = Bridge(origin, target_of(energy.at(highest)))
        rungs = [_Rung(bridge.at(k / each), highest) for k in range(each + 1)]
        count = math.ceil(each * math.log2(highest / lowest))
        for k in range(1, count + 1):
            sigma = highest * (lowest / highest) ** (k / count)
            rungs.append(_Rung(target_of(energy.at(sigma)), sigma))
        return cls(origin, _tuned(rungs, origin, generator))

    def forward(self, chains: int, generator: torch.Generator) -> tuple[Tensor, ChainState, float]:
        """Return log-weights whose mean exponential is ``Ẑ``, ``(n,)``, ends and acceptance."""
        x = self.origin.draw(chains, generator)
        log_w = torch.full((chains,), self.origin.gaussian.log_z, dtype=torch.float64)
        state, accepted = self.rungs[0].target.evaluate(x), 0.0
        for before, rung in zip(self.rungs, self.rungs[1:], strict=False):
            old = before.target.log_density(state)
            state = rung.target.evaluate(state.x)
            log_w += (rung.target.log_density(state).double() - old.double()).cpu()
            state, acceptance = _moved(rung, state, generator)
            accepted += acceptance
        return log_w, state, accepted / (len(self.rungs) - 1)

    def back(self, ends: ChainState, log_w: Tensor, generator: torch.Generator) -> Tensor:
        """Return log-weights of chains that go up again, ``(n,)``, as those of the way down."""
        index = systematic_resample(log_w, len(log_w), generator)
        state = ends[index[torch.randperm(len(index), generator=generator)].to(ends.x.device)]
        for _ in range(SETTLE):
            state, _ = _moved(self.rungs[-1], state, generator)
        total = torch.full((len(log_w),), self.origin.gaussian.log_z, dtype=torch.float64)
        for rung, before in zip(self.rungs[:0:-1], self.rungs[-2::-1], strict=True):
            state, _ = _moved(rung, state, generator)
            new = rung.target.log_density(state)
            state = before.target.evaluate(state.x)
            total += (new.double() - before.target.log_density(state).double()).cpu()
        return total


def _tuned(
    rungs: list[_Rung], origin: ReferenceGaussian, generator: torch.Generator
) -> list[_Rung]:
    """Give each step of a path its size, by chains that go down it."""
    state = rungs[0].target.evaluate(origin.draw(PILOT, generator))
    found, log_step = [], math.log(rungs[0].sigma) - 0.25 * math.log(state.x.shape[1])
    for k, rung in enumerate(rungs):
        state = rung.target.evaluate(state.x)
        if k:
            log_step += min(0.0, math.log(rung.sigma / rungs[k - 1].sigma))
        for i in range(TRANSITIONS):
            sized = _Rung(rung.target, rung.sigma, math.exp(log_step))
            state, acceptance = _moved(sized, state, generator)
            log_step += 0.5 / (1 + i) ** 0.5 * (acceptance - AIM)
        found.append(_Rung(rung.target, rung.sigma, math.exp(log_step)))
    return found


def _moved(rung: _Rung, state: ChainState, generator: torch.Generator) -> tuple[ChainState, float]:
    """Make one Hamiltonian transition; return where it leads and the mean acceptance."""
    momenta = normal_like(state.x, generator)
    jitter = 0.8 + 0.4 * float(torch.rand(1, generator=generator))
    state, info = hamiltonian_step(
        state, momenta, rung.target, rung.step * jitter, steps=LEAPFROG, generator=generator
    )
    return state, float(info.acceptance.mean())
