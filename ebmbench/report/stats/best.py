"""How probable it is that a method has the best mean rank over the tasks of a family."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
DRAWS = 4000


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
    weights = generator.dirichlet(np.ones(len(ranks) + 1), DRAWS)
    orders = np.tile(np.arange(1.0, methods + 1), (DRAWS, 1))
    total = weights[:, -1:] * generator.permuted(orders, axis=1)
    for task, of_seed in enumerate(ranks):
        inner = generator.dirichlet(np.ones(len(of_seed)), DRAWS)
        total += weights[:, task : task + 1] * (inner @ of_seed)
    first = total <= total.min(1, keepdims=True) + 1e-12
    result: Array = (first / first.sum(1, keepdims=True)).mean(0)
    return result
