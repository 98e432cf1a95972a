r"""Maximum likelihood with the exact partition function: the ceiling of every table.

.. math:: \ell = E_{p_{data}} E_\theta(x) + \log Z_\theta

``log Z`` is that of the energy where it is known (ICA, NICE). In two dimensions

.. math:: Z = \int e^{-E(x)} dx = \int_{[0,1]^2} \frac{e^{-E(x(u))}}{q(x(u))} du

is summed over a square lattice of ``points²`` nodes ``u``, moved at every step by a uniform random
offset modulo one, which makes the sum an unbiased estimate of ``Z`` (Cranley & Patterson 1976);
``x(u)`` are quantiles of a wide Gaussian ``q`` about the data, so that the whole plane counts and
the nodes are dense where the density is.

Cost: one energy per example and, in 2D, ``points²`` energies per step. An oracle: no other
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
from ebmbench.objectives.base import Objective, State, Step, StepCost
from ebmbench.options import options


@options
class ExactMaximumLikelihood(Objective[State]):
    """The negative log-likelihood itself."""

    points: Annotated[int, Field(ge=8)] = 64
    """Lattice nodes per axis, in two dimensions."""
    width: Annotated[float, Field(gt=1)] = 1.5
    """Standard deviation of ``q`` in units of that of the energy's reference."""

    needs_smooth_energy: ClassVar[bool] = False
    needs_log_z: ClassVar[bool] = True
    validates: ClassVar[bool] = True

    def init(self, energy: Energy, data: Tensor, generator: torch.Generator) -> State:
        """See :class:`~ebmbench.objectives.base.Objective`.

        Raises:
            EbmbenchError: the energy does not know its ``log Z`` and is not two-dimensional.
        """
        if energy.log_z() is None and energy.dim != 2:
            raise EbmbenchError(
                f"mle-exact needs an energy with a known log Z or two dimensions, found "
                f"{energy.dim} dimensions"
            )
        return State()

    def loss(
        self, energy: Energy, batch: Tensor, state: State, generator: torch.Generator
    ) -> Step[State]:
        """See :class:`~ebmbench.objectives.base.Objective`."""
        exact = energy.log_z()
        if exact is not None:
            return Step(calculus.value(energy, batch, create_graph=True).mean() + exact, state)
        nodes, log_q = self._lattice(energy, generator)
        both = torch.cat([batch, nodes])
        values = calculus.value(energy, both, create_graph=True)
        data_term = values[: len(batch)].mean()
        log_z = torch.logsumexp(-values[len(batch) :] - log_q, 0)
        return Step(data_term + log_z, state, {"log_z": log_z.detach()})

    def _lattice(self, energy: Energy, generator: torch.Generator) -> tuple[Tensor, Tensor]:
        """Return the nodes ``(points², 2)`` and ``log(points² q)`` at each, ``(points²,)``."""
        mean, std = energy.reference.mean, energy.reference.std
        steps = torch.arange(self.points, dtype=torch.float64, device=mean.device)
        axes, log_densities = [], []
        for k in range(2):
            offset = steps.new_empty(()).uniform_(generator=generator)
            u = ((steps + offset) / self.points).clamp(1e-16, 1 - 1e-16)
            z = torch.special.ndtri(u)
            x = mean[k].double() + self.width * std[k].double() * z
            axes.append(x)
            scale = (self.points / (self.width * std[k].double() * math.sqrt(2 * math.pi))).log()
            log_densities.append(scale - 0.5 * z * z)
        nodes = torch.cartesian_prod(*axes).to(mean.dtype)
        log_q = (log_densities[0][:, None] + log_densities[1]).flatten()
        return nodes, log_q.to(mean.dtype)

    def cost(self, dim: int) -> StepCost:
        """See :class:`~ebmbench.objectives.base.Objective`; the lattice is per step, not here."""
        return StepCost(energy=1.0)
