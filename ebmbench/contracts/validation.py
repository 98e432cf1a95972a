r"""Whether a loss that says it can be compared between steps is what its gradient descends.

With the same rows and the same noise such a loss is a function of the weights,
:math:`\ell(\theta)`, and along its gradient :math:`g`

.. math:: \ell(\theta + h\, g / \|g\|) - \ell(\theta - h\, g / \|g\|) = 2 h \|g\| + O(h^3).

A contrast with chains that follow the model is none: its gradient holds the chains fixed, its
value does not.
"""

from __future__ import annotations

import torch
from torch import Tensor

from ebmbench.energies.base import Energy
from ebmbench.objectives.base import Objective, State
from ebmbench.seeds import generator

STEPS = (0.03, 0.003)
"""``h``, of which the better counts: the longer has less rounding, the shorter less curvature."""
ALLOWED = 0.005
"""Relative difference of both sides. Of the suite's objectives it is 0.0005 at most where the
loss compares, and 0.09 at least (``jarzynski``) where chains or weights hide what its value is.
Losses that do not compare since a critic or a noise is trained along (``fce``, ``lsd``, ``vera``)
pass: within one step theirs do."""


def validation_problems(
    objective: Objective, energy: Energy, rows: Tensor, state: State
) -> list[str]:
    """Return a sentence if an objective says that it validates and its loss does not compare.

    Arguments:
        objective: any.
        energy: a model away from its start, where gradients are not zero.
        rows: ``(n, d)``.
        state: from :meth:`Objective.init`.
    """
    if not objective.validates:
        return []
    parameters = [*energy.parameters(), *state.learned.values()]
    moved, gradient = _slopes(objective, energy, rows, state, parameters)
    if not gradient or min(abs(slope / gradient - 1) for slope in moved) <= ALLOWED:
        return []
    return [
        f"validates is True, but along its gradient of {gradient:.4g} the loss of the same rows "
        f"with the same noise changes by {moved[0]:.4g} per unit: its value is not what its "
        "gradient descends, so it cannot be compared between steps; set validates to False"
    ]


def _slopes(
    objective: Objective, energy: Energy, rows: Tensor, state: State, parameters: list[Tensor]
) -> tuple[list[float], float]:
    """Return the slope of the loss along its gradient for every step, and the gradient's norm."""

    def loss() -> Tensor:
        return objective.loss(energy, rows, state, generator("contract: validation")).loss

    found = torch.autograd.grad(loss(), parameters, allow_unused=True)
    whole = [
        torch.zeros_like(p) if g is None else g for p, g in zip(parameters, found, strict=True)
    ]
    norm = float(torch.stack([(g.double() ** 2).sum() for g in whole]).sum().sqrt())

    if not norm:
        return [], 0.0

    def shifted(step: float) -> float:
        _move(parameters, whole, step / norm)
        value = float(loss().detach().double())
        _move(parameters, whole, -step / norm)
        return value

    return [(shifted(h) - shifted(-h)) / (2 * h) for h in STEPS], norm


@torch.no_grad()
def _move(parameters: list[Tensor], direction: list[Tensor], by: float) -> None:
    for parameter, along in zip(parameters, direction, strict=True):
        parameter.add_(along, alpha=by)
