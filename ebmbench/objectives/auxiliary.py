r"""A network that an objective trains beside the energy: a critic, a flow, a sampler.

It is part of the state, and so it is a value. The module says what is computed and never changes;
its weights are one flat vector, with the moments of Adam (Kingma & Ba 2015) for a step of their
own. :meth:`Auxiliary.descend` gives the next value and leaves the old one as it is, so a step that
is tried and forgotten costs nothing, and the same generator gives the same bits. The step is made
within :meth:`~ebmbench.objectives.base.Objective.loss`; the optimiser of the energy, its schedule
and its average do not reach these weights, and no other objective sees them.

Every row that goes through the network is counted as ``auxiliary``, and once more where its
derivative in the row is taken.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import torch
from torch import Tensor, nn
from torch.func import functional_call

from ebmbench import calculus

Network = Callable[..., Any]
"""The module with some weights: takes what its ``forward`` takes, the rows first."""
BETAS = (0.9, 0.999)
EPSILON = 1e-8


@dataclass(frozen=True)
class Auxiliary:
    """A network with its weights and the state of its own optimiser."""

    module: nn.Module
    """What is computed; its own parameters are those of the start and are not used."""
    weights: Tensor
    """All parameters in their order, ``(p,)``."""
    first: Tensor
    """Adam's first moment, ``(p,)``."""
    second: Tensor
    """Adam's second moment, ``(p,)``."""
    steps: Tensor
    """Steps made, a scalar."""

    @classmethod
    def of(cls, module: nn.Module) -> Auxiliary:
        """Return a module at its start, before any step."""
        weights = torch.cat([each.detach().flatten() for each in module.parameters()])
        zero = torch.zeros_like(weights)
        return cls(module, weights, zero, zero, weights.new_zeros(()))

    def __call__(self, x: Tensor, *rest: Any) -> Any:
        """Run the network on rows ``x``, ``(n, …)``, without a graph."""
        with torch.no_grad():
            return self._run(self.weights, x, *rest)

    def through(self, x: Tensor, *rest: Any) -> Any:
        """Run the network with a graph to its rows, not to its weights."""
        with torch.enable_grad():
            return self._run(self.weights, x, *rest)

    def descend(
        self,
        loss: Callable[[Network], Tensor],
        learning_rate: float,
        betas: tuple[float, float] = BETAS,
    ) -> tuple[Auxiliary, Tensor]:
        """Return the network after one step of Adam down a loss, and that loss, detached.

        Arguments:
            loss: maps the network, which has a graph to its weights, to a scalar.
            learning_rate: of this step.
            betas: decay of the two moments, the same at every step.
        """
        weights = self.weights.clone().requires_grad_()
        with torch.enable_grad():
            value = loss(partial(self._run, weights))
        (gradient,) = torch.autograd.grad(value, weights)
        steps = self.steps + 1
        first = torch.lerp(gradient, self.first, betas[0])
        second = torch.lerp(gradient * gradient, self.second, betas[1])
        unbiased = second / (1 - betas[1] ** steps)
        move = first / (1 - betas[0] ** steps) / (unbiased.sqrt() + EPSILON)
        after = replace(
            self,
            weights=self.weights - learning_rate * move,
            first=first,
            second=second,
            steps=steps,
        )
        return after, value.detach()

    def _run(self, weights: Tensor, x: Tensor, *rest: Any) -> Any:
        calculus.record(auxiliary=len(x))
        named = dict(self.module.named_parameters())
        parts = torch.split(weights, [each.numel() for each in named.values()])
        views = {
            name: part.view(each.shape)
            for (name, each), part in zip(named.items(), parts, strict=True)
        }
        return functional_call(self.module, views, (x, *rest))
