"""The marks of a training: when it is looked at, and the loss of validation rows there.

Cost. The rows of all marks together are at most :data:`SHARE` of the examples that training sees,
but at least one batch a mark. A loss on the way there only, without the way back and the step of
the optimiser, takes about a third of a training step: ``docs/measurements.md`` has what was
measured.
"""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from ebmbench.cardtables import Budget
from ebmbench.energies.base import Energy
from ebmbench.objectives.base import Objective, State

LINEAR = 24
"""Marks evenly spaced to the last step, where selection decides."""
GEOMETRIC = 12
"""Marks evenly spaced in the logarithm of the step; those before the first linear one are kept."""
SHARE = 0.08
"""Of the training examples, that the validation rows of all marks come to at most."""
MOST_ROWS = 4096
"""Rows of one mark, at most."""


def mark_steps(steps: int) -> list[int]:
    """Return the steps at which a training of ``steps`` steps is looked at, in order.

    They are dense early, where a loss falls fast, and no further apart than a twenty-fourth of
    the training later on; the last step is one of them.

    Example:
        >>> mark_steps(240)[:6], mark_steps(240)[-2:]
        ([1, 2, 3, 4, 7, 10], [230, 240])
    """
    linear = np.linspace(0, steps, LINEAR + 1)[1:].round().clip(1)
    geometric = np.geomspace(1, steps, GEOMETRIC).round()
    return [int(s) for s in np.unique([*geometric[geometric < linear[0]], *linear])]


def rows_per_mark(budget: Budget, available: int) -> int:
    """Return how many validation rows a mark looks at.

    Few rows are taken as often as the budget allows, each time with noise of their own.

    Arguments:
        budget: of the training.
        available: distinct validation rows.
    """
    affordable = int(SHARE * budget.steps * budget.batch / len(mark_steps(budget.steps)))
    least = min(available, budget.batch)
    return max(least, min(affordable, MOST_ROWS))


class OwnLoss:
    """The mean loss of validation rows, with the same rows and the same noise at every call.

    It is taken by parts of at most a batch, so that no more memory is needed than for training.

    Arguments:
        objective: one that says that its loss validates.
        rows: validation rows on the device of training, ``(n, d)``.
        budget: of the training.
        seed: of the noise.
    """

    def __init__(self, objective: Objective, rows: Tensor, budget: Budget, seed: int) -> None:
        count = rows_per_mark(budget, len(rows))
        index = torch.arange(count, device=rows.device) % len(rows)
        self._objective = objective
        self._parts = torch.split(rows[index], budget.batch)
        self._count = count
        self._seed = seed

    def __call__(self, energy: Energy, state: State) -> float:
        """Return the loss of the weights as they are; nothing is changed.

        Arguments:
            energy: the model.
            state: what the objective carries at this step.
        """
        noise = torch.Generator(self._parts[0].device).manual_seed(self._seed)
        total = 0.0
        for part in self._parts:
            outcome = self._objective.loss(energy, part, state, noise)
            total += len(part) * float(outcome.loss.detach())
        return total / self._count
