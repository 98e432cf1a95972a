r"""Annealed Langevin dynamics: chains that go down the noise levels of a conditional energy.

Song & Ermon (2019), Alg. 1 (arXiv:1907.05600), and (2020, arXiv:2006.09011). Chains start from the
Gaussian of the highest level, which at the start of training is the data's convolved with its
noise, and make ``steps`` Langevin transitions at every level, of the size
:math:`\epsilon_i = r\,\sigma_i`: their :math:`\alpha_i \propto \sigma_i^2`, whose published
settings come to ``r`` of 0.63. Here steps are Metropolis-adjusted, so that each level is left
invariant and the acceptance says whether its score is followed; they are larger by ``√2``.
"""

from __future__ import annotations

import torch
from torch import Tensor

from ebmbench.energies.conditional import ConditionalEnergy
from ebmbench.samplers.bridge import ReferenceGaussian
from ebmbench.samplers.mala import MALA
from ebmbench.samplers.target import target_of

STEPS = 20
"""Transitions a level; between the 5 and the 100 of the two papers."""
RELATIVE_STEP = 0.89
"""``r``: ``√2`` times ``√(2 · 2e-5) / 0.01``, the settings of Song & Ermon (2019)."""


def down_the_levels(
    energy: ConditionalEnergy,
    n: int,
    generator: torch.Generator,
    steps: int = STEPS,
    *,
    relative_step: float = RELATIVE_STEP,
) -> tuple[Tensor, Tensor]:
    """Return points of the lowest level, ``(n, d)``, and the acceptance of each level.

    Arguments:
        energy: the model.
        n: chains.
        generator: the source of all randomness.
        steps: transitions a level.
        relative_step: step size in units of the noise of the level.
    """
    kernel = MALA()
    x = ReferenceGaussian.of(energy.at(float(energy.levels[0]))).draw(n, generator)
    acceptance = []
    for sigma in energy.levels.tolist():
        target = target_of(energy.at(sigma))
        state = target.evaluate(x)
        total = torch.zeros_like(state.log_density)
        for _ in range(steps):
            state, info = kernel.step(state, target, relative_step * sigma, generator)
            total += info.acceptance
        acceptance.append(total.mean() / steps)
        x = state.x
    return x, torch.stack(acceptance)
