r"""How probable it is that one method is better than another on a further task of the family.

A hierarchical model over tasks and seeds with a region of practical equivalence (ROPE), after
Benavoli, Corani, Demšar and Zaffalon (2017), Time for a change: a tutorial for comparing multiple
classifiers through Bayesian analysis, JMLR 18(77). Their library, `baycomp`, needs a Stan compiler
for the hierarchical test, takes one ROPE for all tasks and no known errors, so the model here is
our own. It is small enough to be integrated on a grid, so nothing is drawn.

Differences of a hundredth of a nat and of thousands stand in one family. With the ROPE of the
task, :math:`r_t`, the model sees :math:`u = \operatorname{asinh}(d / r_t)`, linear within the
ROPE and logarithmic beyond, which keeps the sign and the ROPE as they are:

.. math::

    u_{ts} \sim N(\delta_t, \sigma^2 + v_{ts}), \qquad \delta_t \sim N(\mu, \tau^2)

with :math:`v` the error known from rows, ``log Z`` and brackets, a flat prior for :math:`\mu` and
half-Cauchy priors of scale one for :math:`\sigma` and :math:`\tau` (Gelman, 2006). The answer is
the probability that :math:`\delta` of a further task is above the ROPE, within it, or below.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr

from ebmbench.report.stats.outcomes import Outcomes, common_seeds
from ebmbench.report.stats.pairs import pair_at
from ebmbench.report.stats.rows import Moments

Array = NDArray[np.float64]
EDGE = math.asinh(1.0)
"""The end of the ROPE on the scale of the model."""
_SCALES = np.geomspace(0.01, 30.0, 33)
"""Values of :math:`\\sigma` and :math:`\\tau`; the ends hold next to no mass."""


@dataclass(frozen=True)
class Odds:
    """Probabilities for a further task of the family; they add up to one."""

    better: float
    """The first method is better by more than the ROPE."""
    equivalent: float
    worse: float


def odds(values: Sequence[Sequence[float]], variances: Sequence[Sequence[float]]) -> Odds:
    """Return the probabilities of the model.

    Arguments:
        values: per task, by seed, differences on the scale of the model.
        variances: their known errors, squared; zero where none is known.

    Raises:
        ValueError: there is no task.
    """
    # One axis each; what depends on the seeds has only that of sigma.
    tau, sigma = _SCALES[:, None], _SCALES[None, :]
    # Density of two half-Cauchys times the spacing of a grid that is even in the logarithm.
    log_weight = np.log(tau) - np.log1p(tau**2) + np.log(sigma) - np.log1p(sigma**2)
    precision, weighted, squares = np.zeros((3, *log_weight.shape))
    for of_seed, known in zip(values, variances, strict=True):
        u, v = np.asarray(of_seed), np.asarray(known)
        within = _SCALES[:, None] ** 2 + v
        of_task = (1 / within).sum(1)
        mean = (u / within).sum(1) / of_task
        # The seeds around the mean of their task, then that mean around the family's.
        log_weight -= 0.5 * (np.log(within).sum(1) + np.log(of_task))
        log_weight -= 0.5 * (((u - mean[:, None]) ** 2) / within).sum(1)
        total = tau**2 + 1 / of_task
        log_weight -= 0.5 * np.log(total)
        precision += 1 / total
        weighted += mean / total
        squares += mean**2 / total
    if not len(values):
        raise ValueError("odds need at least one task")
    centre = weighted / precision
    log_weight -= 0.5 * (squares - centre**2 * precision) + 0.5 * np.log(precision)
    weight = np.exp(log_weight - log_weight.max())
    weight /= weight.sum()
    spread = np.sqrt(tau**2 + 1 / precision)
    better = float((weight * ndtr((centre - EDGE) / spread)).sum())
    worse = float((weight * ndtr((-EDGE - centre) / spread)).sum())
    return Odds(better, max(0.0, 1.0 - better - worse), worse)


def compare(
    outcomes: Outcomes,
    moments: Moments,
    ropes: Mapping[str, float],
    methods: tuple[str, str],
    largest: float,
) -> Odds | None:
    """Return the odds of two methods over the tasks that both were tried on.

    A difference with a bracket counts at its middle, with the spread of a number that may be
    anywhere in it. A failure counts as a difference beyond the largest of the board. Where both
    failed, or a bracket is open, nothing is known and the seed is left out.

    Arguments:
        outcomes: of the tasks of one board.
        moments: of rows, as far as there are any.
        ropes: half the width of the ROPE by task, in nats.
        methods: the two.
        largest: size of the largest difference of the board on the scale of the model.
    """
    values, variances = [], []
    for task, rope in ropes.items():
        of_task: list[tuple[float, float]] = []
        for seed in common_seeds(outcomes[task], methods):
            found = outcomes[task][seed]
            a, b = found[methods[0]], found[methods[1]]
            gap = pair_at(*methods, found, moments.get((task, seed)))
            if gap is not None and math.isfinite(gap.upper - gap.lower):
                middle = 0.5 * (gap.lower + gap.upper)
                error = math.hypot(gap.stderr or 0.0, gap.bracket_stderr)
                of_task.append(on_scale(middle, error, rope))
            elif gap is None and math.isinf(a.value) != math.isinf(b.value):
                sign = 1.0 if math.isinf(b.value) else -1.0
                of_task.append((sign * (largest + 1.0), 0.0))
        if of_task:
            values.append([u for u, _ in of_task])
            variances.append([v for _, v in of_task])
    return odds(values, variances) if values else None


def on_scale(value: float, error: float, rope: float) -> tuple[float, float]:
    """Return a difference and its squared error on the scale of the model.

    The error by a central difference, which stays right where it is wider than the bend.

    Example:
        >>> on_scale(0.0, 0.0, 0.01)
        (0.0, 0.0)
    """
    ends = math.asinh((value + error) / rope) - math.asinh((value - error) / rope)
    return math.asinh(value / rope), (0.5 * ends) ** 2
