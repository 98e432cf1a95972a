"""How probable it is that a method has the best mean rank over the tasks of a family."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
DRAWS = 20_000


def best_probabilities(ranks: Sequence[Array], generator: np.random.Generator) -> Array:
    """Return the probability of the best mean rank, ``(methods,)``; a shared best is split.

    A Dirichlet process over tasks, and over the seeds within them (Rubin, 1981, The Bayesian
    Bootstrap), whose prior weighs as one task on which every order is as probable (Benavoli et
    al., 2014, A Bayesian Wilcoxon signed-rank test based on the Dirichlet process). Ranks that
    brackets leave open are shared, so they favour nobody.

    Arguments:
        ranks: per task ``(seeds, methods)``.
        generator: source of the weights.

    Example:
        >>> p = best_probabilities([np.array([[1.0, 2.0]])] * 20, np.random.default_rng(0))
        >>> bool(p[0] > 0.99), round(float(p.sum()), 6)
        (True, 1.0)
    """
    methods = ranks[0].shape[1]
    weights = _flat_dirichlet(len(ranks) + 1, generator)
    orders = 1.0 + generator.random((DRAWS, methods)).argsort(1).argsort(1)
    total = weights[:, -1:] * orders
    for task, of_seed in enumerate(ranks):
        inner = _flat_dirichlet(len(of_seed), generator)
        total += weights[:, task : task + 1] * (inner @ of_seed)
    first = total <= total.min(1, keepdims=True) + 1e-12
    result: Array = (first / first.sum(1, keepdims=True)).mean(0)
    return result


def _flat_dirichlet(size: int, generator: np.random.Generator) -> Array:
    """Return weights that are uniform on the simplex, ``(DRAWS, size)``.

    Of uniform numbers alone: how NumPy draws other laws may change with its version, and the same
    records must give the same bytes.
    """
    waits: Array = generator.random((DRAWS, size))
    # In place: with a thousand seeds that is the largest array of a report.
    for function in (np.negative, np.log1p, np.negative):
        function(waits, out=waits)
    waits /= waits.sum(1, keepdims=True)
    return waits
