"""Models as targets of a sampler."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

from ebmbench import calculus
from ebmbench.energies.base import Energy
from ebmbench.samplers.base import ChainState, Target

LogDensityAndScore = Callable[[Tensor], tuple[Tensor, Tensor]]
"""Maps ``x (n, d)`` to the unnormalised log-density ``(n,)`` and its gradient ``(n, d)``."""


class Model(Target):
    """The model itself as the target.

    Arguments:
        function: its log-density up to a constant, and its score.
    """

    def __init__(self, function: LogDensityAndScore) -> None:
        self.function = function

    def evaluate(self, x: Tensor) -> ChainState:
        """See :class:`~ebmbench.samplers.base.Target`."""
        return ChainState(x, *self.function(x))

    def log_density(self, state: ChainState) -> Tensor:
        """See :class:`~ebmbench.samplers.base.Target`."""
        return state.log_density

    def score(self, state: ChainState) -> Tensor:
        """See :class:`~ebmbench.samplers.base.Target`."""
        return state.score


def target_of(energy: Energy) -> Model:
    """Return an energy as a target, in its own coordinates.

    The values of its parameters may change while it is in use; the parameters themselves may not
    be replaced.
    """
    value_and_score = calculus.value_and_score_of(energy)

    def function(x: Tensor) -> tuple[Tensor, Tensor]:
        value, score = value_and_score(x)
        return -value, score

    return Model(function)


def in_coordinates(energy: Energy, to_x: Callable[[Tensor], Tensor], factor: Tensor) -> Model:
    r"""Return an energy as a target in the coordinates of :math:`z`, :math:`x = m + A z`.

    The density in ``z`` is left without the constant :math:`|\det A|`; by the chain rule its
    score is :math:`A^\top \nabla_x \log p(x(z))`.

    Arguments:
        energy: the model.
        to_x: the map from ``z``, ``(n, d)``, to ``x``, ``(n, d)``.
        factor: its matrix ``A``, ``(d, d)``.
    """
    value_and_score = calculus.value_and_score_of(energy)

    def function(z: Tensor) -> tuple[Tensor, Tensor]:
        value, score = value_and_score(to_x(z))
        return -value, torch.mm(score, factor)

    return Model(function)
