"""What every estimator of ``log Z`` returns, and the sums of exponentials that they share."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Literal

import torch
from torch import Tensor

from ebmbench.calculus import value
from ebmbench.energies.base import Energy

CHUNK = 1 << 12
"""Rows per evaluation: large enough to amortise calls, small enough to stay in the cache."""


@dataclass(frozen=True)
class LogZ:
    """An estimate of ``log Z`` in nats and how far it can be trusted."""

    log_z: float
    """The headline; where several runs estimate it, the largest (conservative) one."""
    stderr: float
    """Standard error of ``log_z``; zero where it is deterministic."""
    lower: float | None = None
    upper: float | None = None
    """The bracket. Of annealing it holds ``log Z`` at a level of 95 %: stochastic bounds from both
    sides and two standard errors. Of the other simulations it is the stochastic bounds alone."""
    point: float | None = None
    """The best point estimate where chains ran in both directions (Bennett's acceptance ratio); no
    bound, so never the headline."""
    point_stderr: float | None = None
    certified: bool = True
    """Whether every check of the estimator passed."""
    note: str = ""
    """How it was computed; if not certified, which check failed, in words and numbers."""
    diagnostics: Mapping[str, float] = field(default_factory=dict)
    """Numbers by name; of annealing among them what was evaluated, rows of ``x`` each."""
    law: Literal["gaussian", "mixture"] | None = None
    """Where annealed chains started."""
    cpu_seconds: float | None = field(default=None, compare=False)
    """What the estimate took, where it was measured; no two runs take the same."""

    def shifted(self, nats: float) -> LogZ:
        """Return the estimate with all its ends moved: that of an energy less ``nats``."""
        lower, upper, point = (
            None if end is None else end + nats for end in (self.lower, self.upper, self.point)
        )
        return replace(self, log_z=self.log_z + nats, lower=lower, upper=upper, point=point)


def device_and_dtype(energy: Energy) -> tuple[torch.device, torch.dtype]:
    """Return where and in which precision ``energy`` computes."""
    mean = energy.reference.mean
    return mean.device, mean.dtype


def log_density(energy: Energy, x: Tensor, chunk: int = CHUNK) -> Tensor:
    """Return ``-E(x)``, ``(n,)``, in float64, evaluated in chunks of rows."""
    device, dtype = device_and_dtype(energy)
    parts = [
        value(energy, rows.to(device=device, dtype=dtype)).double().cpu()
        for rows in torch.split(x, chunk)
    ]
    return -torch.cat(parts)


def log_mean_exp(log_weights: Tensor) -> float:
    """Return ``log mean exp`` of ``(n,)`` numbers, in float64.

    Example:
        >>> round(log_mean_exp(torch.tensor([0.0, math.log(3.0)])), 6) == round(math.log(2.0), 6)
        True
    """
    weights = log_weights.double()
    return float(torch.logsumexp(weights, 0)) - math.log(weights.numel())


def effective_sample_size(log_weights: Tensor) -> float:
    r"""Return :math:`(\sum w)^2 / \sum w^2`, the size that the weighted sample is worth."""
    weights = log_weights.double()
    total = 2 * torch.logsumexp(weights, 0) - torch.logsumexp(2 * weights, 0)
    return float(total.exp())


def delta_stderr(log_weights: Tensor) -> float:
    r"""Return the standard error of ``log mean w`` for independent weights.

    The delta method gives :math:`\sqrt{1/\mathrm{ESS} - 1/n}` up to the factor
    :math:`n/(n-1)` of the sample variance.
    """
    n = log_weights.numel()
    excess = 1 / effective_sample_size(log_weights) - 1 / n
    return math.sqrt(max(excess, 0.0) * n / (n - 1))


def jackknife_stderr(log_weights: Tensor, groups: int) -> float:
    """Return the jackknife standard error of ``log mean w`` over equal groups of chains.

    Arguments:
        log_weights: ``(n,)`` with ``n`` a multiple of ``groups``.
        groups: number of independent repeats, at least two.
    """
    sums = torch.logsumexp(log_weights.double().reshape(groups, -1), 1)
    others = sums.expand(groups, groups).clone()
    others.fill_diagonal_(-math.inf)
    left_out = torch.logsumexp(others, 1)
    return float(((groups - 1) * left_out.var(correction=0)).sqrt())
