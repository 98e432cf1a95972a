r"""The runs of annealed chains that estimate one ``log Z``, and the bracket that they make.

Forward, :math:`\log \hat Z` is a stochastic lower bound and so is the mean log-weight of single
chains, :math:`E\,w \le \log Z` (Jensen). In reverse both are upper bounds if the chains start at
samples of the model. Where the runs agree, the bracket is their range and two standard errors to
each side. Where they do not, a few heavy weights make ``log Ẑ`` and its standard error, and the
bracket goes out to what no single chain decides: the mean log-weight, or the median less
:math:`\log 2` (by Markov's inequality :math:`P(w > \log Z + c) \le e^{-c}`, so the median of
forward log-weights is at most :math:`\log Z + \log 2`), whichever is nearer; likewise in reverse.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor

from ebmbench.partition.annealing import Annealed
from ebmbench.partition.base import (
    delta_stderr,
    effective_sample_size,
    jackknife_stderr,
    log_mean_exp,
)
from ebmbench.partition.effort import REPEATS

QUANTILE = 2.0
"""Standard errors to each side of a bracket: 95 % of a normal law."""


@dataclass(frozen=True)
class Ends:
    """The runs with ``K`` temperatures, and the one with half as many."""

    half: Annealed
    forward: Annealed
    wide: Annealed
    """From the second law."""
    reverse: Annealed

    @property
    def values(self) -> dict[str, float]:
        """Return ``log Z`` of each run."""
        return {
            "half": log_mean_exp(self.half.log_z),
            "forward": log_mean_exp(self.forward.log_z),
            "wide": log_mean_exp(self.wide.log_z),
            "reverse": -log_mean_exp(-self.reverse.log_z),
        }

    @property
    def errors(self) -> dict[str, float]:
        """Return the standard error of each full run."""
        return {
            "forward": stderr_of(self.forward.log_z),
            "wide": stderr_of(self.wide.log_z),
            "reverse": stderr_of(-self.reverse.log_z),
        }

    @property
    def size(self) -> float:
        """Return the smaller effective share of the chains of the two forward runs."""
        return min(
            effective_sample_size(run.log_z) / run.log_z.numel()
            for run in (self.forward, self.wide)
        )

    def headline(self) -> tuple[float, float]:
        """Return the largest ``log Z`` of a full run, and its standard error."""
        errors, values = self.errors, self.values
        name = max(errors, key=lambda run: values[run])
        return values[name], errors[name]

    def bracket(self, agree: bool) -> tuple[float, float]:
        """Return the lower and the upper end.

        Arguments:
            agree: whether the runs do; else the bracket is made of what is robust.
        """
        values, errors = self.values, self.errors
        low = min(values[run] - QUANTILE * errors[run] for run in errors)
        high = max(values[run] + QUANTILE * errors[run] for run in errors)
        if agree:
            return low, high
        for run in (self.forward, self.wide):
            low = min(low, bound_below(run.log_z))
        high = max(high, -bound_below(-self.reverse.log_z))
        drift = abs(values["forward"] - values["half"])
        return low - drift, high + drift


def stderr_of(log_weights: Tensor) -> float:
    """Return the larger of the two standard errors: over chains and over repeats."""
    return max(delta_stderr(log_weights), jackknife_stderr(log_weights, REPEATS))


def bound_below(log_weights: Tensor) -> float:
    """Return a lower bound of ``log E exp(w)`` that no single one of ``(n,)`` weights decides.

    The better one of two: the mean less two of its standard errors (Jensen), and the quantile of
    level two fifths less ``log 2`` (Markov, with a margin for the noise of the median).
    """
    w = log_weights.double()
    by_mean = float(w.mean()) - QUANTILE * float(w.std()) / math.sqrt(w.numel())
    by_median = float(torch.quantile(w, 0.4)) - math.log(2.0)
    return max(by_mean, by_median)
