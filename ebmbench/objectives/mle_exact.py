r"""Maximum likelihood with the exact partition function: the ceiling of every table.

.. math:: \ell = E_{p_{data}} E_\theta(x) + \log Z_\theta

``log Z`` is that of the energy where it is known (ICA, NICE). In two dimensions it is a sum over
a square lattice of ``points²`` nodes, moved at every step by a uniform random offset, which makes
the sum an unbiased estimate of ``Z`` (Cranley & Patterson 1976); for a smooth energy it is exact
to many digits as soon as the spacing is below the smallest structure.

Cost: one energy of the data and, in 2D, ``points²`` energies per step. An oracle: no other
objective may use ``Z``. Consistent and efficient.
"""

from __future__ import annotations

import math
from typing import Annotated, ClassVar

import torch
from pydantic import Field
from torch import Tensor

from ebmbench import calculus
from ebmbench.energies.base import Energy
from ebmbench.errors import EbmbenchError
from ebmbench.objectives.base import Cost, Objective, State, Step
from ebmbench.options import options


@options
class ExactMaximumLikelihood(Objective):
    """The negative log-likelihood itself."""

    points: Annotated[int, Field(ge=8)] = 96
    """Lattice nodes per axis, in two dimensions."""
    margin: Annotated[float, Field(gt=0)] = 0.25
    """The box of the lattice is that of the data, wider by this fraction of it on each side."""

    needs_smooth_energy: ClassVar[bool] = False
    needs_log_z: ClassVar[bool] = True

    def init(self, energy: Energy, data: Tensor, generator: torch.Generator) -> State:
        """See :class:`~ebmbench.objectives.base.Objective`.

        Raises:
            EbmbenchError: the energy does not know its ``log Z`` and is not two-dimensional.
        """
        if energy.log_z() is not None:
            return State()
        if energy.dim != 2:
            raise EbmbenchError(
                f"mle-exact needs an energy with a known log Z or two dimensions, found "
                f"{energy.dim} dimensions"
            )
        low, high = data.min(0).values, data.max(0).values
        margin = self.margin * (high - low)
        return State(tensors={"low": low - margin, "high": high + margin})

    def loss(
        self, energy: Energy, batch: Tensor, state: State, generator: torch.Generator
    ) -> Step:
        """See :class:`~ebmbench.objectives.base.Objective`."""
        exact = energy.log_z()
        if exact is not None:
            return Step(calculus.value(energy, batch, create_graph=True).mean() + exact, state)
        low, high = state.tensors["low"], state.tensors["high"]
        spacing = (high - low) / self.points
        offset = batch.new_empty(2).uniform_(generator=generator)
        steps = torch.arange(self.points, dtype=batch.dtype, device=batch.device)
        axes = [low[k] + spacing[k] * (steps + offset[k]) for k in range(2)]
        both = torch.cat([batch, torch.cartesian_prod(*axes)])
        values = calculus.value(energy, both, create_graph=True)
        data_term = values[: len(batch)].mean()
        log_z = torch.logsumexp(-values[len(batch) :], 0) + spacing.log().sum()
        return Step(data_term + log_z, state, {"log_z": log_z.detach()})

    def cost(self, dim: int) -> Cost:
        """See :class:`~ebmbench.objectives.base.Objective`; the lattice is per step, not here."""
        return Cost(energy=1.0)
