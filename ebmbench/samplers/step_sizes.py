r"""Step sizes of many chains, adapted so that few of them stand still.

One step size adapted to the mean acceptance hides dead chains: where the score is steep an
adjusted Langevin proposal overshoots and is refused every time, while the others raise the mean.
So there are ``g`` groups of step sizes with aims :math:`a^*_j` below, at and above the kernel's
own target, and at every transition ``t`` chain ``i`` uses the step size of the next group,
:math:`j = (i + t) \bmod g`:

.. math:: \log\epsilon_j \mathrel{+}= \gamma_t\,e_j, \qquad e_j = \bar a_j - a^*_j, \qquad
          \gamma_t = \frac{\gamma}{1 + t / \tau}

(Andrieu & Thoms 2008, Sect. 4.2.2), but for the last, most careful group

.. math:: e_g = \min\{\bar a_g - a^*_g,\; (0.02 - f) / 0.1\}

with the fraction ``f`` of its chains whose proposal is as good as refused, accepted with
probability below 0.05: its step falls until nearly all chains move, whatever the mean. Which group
a chain is in depends on its number and on ``t``, not on where it is: each transition leaves the
target invariant, as does their cycle. The gain falls like ``1 / t``: the step sizes freeze by and
by, in the sense of diminishing adaptation (Roberts & Rosenthal 2007), but can follow a model that
sharpens more and more slowly.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

SPREAD = (-0.2, 0.0, 0.2)
"""Aims of the groups less the kernel's target acceptance."""
REFUSED = 0.05
"""Acceptance probability below which a proposal is as good as refused."""
TOLERATED = 0.02
"""Fraction of the most careful group's chains whose proposal may be that."""
URGENCY = 0.1
"""Excess of that fraction which counts as much as an acceptance that is wrong by one."""
SETTLING = 10_000.0
"""``τ``: transitions after which the gain has halved."""


@dataclass(frozen=True)
class StepSizes:
    """The step sizes of groups of chains."""

    sizes: Tensor
    """``(g,)``, one or one for each of :data:`SPREAD`."""
    age: Tensor
    """Transitions that they were adapted by, a scalar."""

    @classmethod
    def start(cls, size: float, target_acceptance: float | None, like: Tensor) -> StepSizes:
        """Return equal step sizes; a single one for a kernel that has no acceptance to aim at.

        Arguments:
            size: the step size.
            target_acceptance: that of the kernel.
            like: gives precision and device.
        """
        groups = 1 if target_acceptance is None else len(SPREAD)
        return cls(like.new_full((groups,), size), like.new_zeros(()))

    @property
    def typical(self) -> Tensor:
        """The geometric mean of the groups, a scalar."""
        return self.sizes.log().mean().exp()

    def groups(self, chains: int, turn: int) -> Tensor:
        """Return the group of each chain at a transition, ``(n,)``.

        Arguments:
            chains: how many.
            turn: the number of the transition.
        """
        places = torch.arange(turn, turn + chains, device=self.sizes.device)
        return places % len(self.sizes)

    def of(self, groups: Tensor) -> Tensor:
        """Return the step size of each chain, ``(n, 1)``, or a scalar where there is but one."""
        return self.sizes[0] if len(self.sizes) == 1 else self.sizes[groups][:, None]

    def adapted(
        self, acceptance: Tensor, groups: Tensor, target_acceptance: float, gain: float
    ) -> StepSizes:
        """Return the step sizes after a transition.

        Arguments:
            acceptance: of each chain's proposal, ``(n,)``.
            groups: of each chain, ``(n,)``.
            target_acceptance: that of the kernel.
            gain: ``γ``.
        """
        count = len(self.sizes)
        spread = self.sizes.new_tensor(SPREAD if count > 1 else (0.0,))
        members = self._sums(torch.ones_like(acceptance), groups)
        error = self._sums(acceptance, groups) - members * (target_acceptance + spread)
        if count > 1:
            refused = self._sums((acceptance < REFUSED).to(acceptance), groups)[-1]
            limit = (members[-1] * TOLERATED - refused) / URGENCY
            error[-1] = torch.minimum(error[-1], limit)
        # the error of a group without chains is zero
        error = error / members.clamp_min(1)
        falling = gain / (1 + self.age / SETTLING)
        return StepSizes(self.sizes * torch.exp(falling * error.clamp_min(-1)), self.age + 1)

    def _sums(self, values: Tensor, groups: Tensor) -> Tensor:
        """Return the sum of values over each group, ``(g,)``."""
        return torch.zeros_like(self.sizes).index_add_(0, groups, values)
