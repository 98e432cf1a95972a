r"""The leapfrog integrator, and the Metropolis-adjusted move along it.

With momentum :math:`r \sim N(0, M)`, :math:`M` diagonal, ``L`` steps of

.. math:: r \mathrel{+}= \tfrac{\epsilon}{2} s(x), \quad x \mathrel{+}= \epsilon M^{-1} r, \quad
          r \mathrel{+}= \tfrac{\epsilon}{2} s(x)

are accepted on the change of :math:`-\log p(x) + \tfrac12 r^\top M^{-1} r`. Neal (2011), Sect.
5.3 (arXiv:1206.1901). Two half steps of momentum meet at each inner point, and the score of the
accepted point is kept, so a transition costs exactly ``L`` scores.
"""

from __future__ import annotations

import torch
from torch import Tensor

from ebmbench.samplers.base import ChainInfo, ChainState, Target
from ebmbench.samplers.metropolis import accept


def leapfrog(
    state: ChainState, r: Tensor, target: Target, sizes: float | Tensor, *, steps: int
) -> tuple[ChainState, Tensor]:
    """Follow Hamilton's equations by the leapfrog rule, which is reversible and keeps volume.

    Arguments:
        state: where the chains are.
        r: momenta in units of ``1 / scale``, ``(n, d)``.
        target: the density.
        sizes: ``ε · scale``, a number or a tensor of any shape that broadcasts to ``(n, d)``.
        steps: ``L``; each costs one score.

    Returns:
        Where the positions and the momenta end.
    """
    r = _plus(r, sizes, target.score(state), 0.5)
    for k in range(steps):
        state = target.evaluate(_plus(state.x, sizes, r))
        r = _plus(r, sizes, target.score(state), 0.5 if k + 1 == steps else 1.0)
    return state, r


def hamiltonian_step(
    state: ChainState,
    momenta: Tensor,
    target: Target,
    sizes: float | Tensor,
    *,
    steps: int,
    generator: torch.Generator,
) -> tuple[ChainState, ChainInfo]:
    """Move every chain along a trajectory, or keep it, so that the target stays invariant.

    Arguments:
        state: where the chains are.
        momenta: standard normal numbers, ``(n, d)``.
        target: the density; its precision is that of the decision.
        sizes: as of :func:`leapfrog`; they may be drawn, but not depend on the momenta.
        steps: ``L``.
        generator: the source of the decision.
    """
    proposal, end = leapfrog(state, momenta, target, sizes, steps=steps)
    before, after = target.log_density(state), target.log_density(proposal)
    r, r_end = momenta.to(before), end.to(before)
    kinetic = 0.5 * ((r * r) - (r_end * r_end)).sum(-1)
    return accept(state, proposal, after - before + kinetic, generator)


def _plus(x: Tensor, sizes: float | Tensor, y: Tensor, factor: float = 1.0) -> Tensor:
    """Return ``x + factor · sizes · y``."""
    if isinstance(sizes, Tensor):
        return torch.addcmul(x, sizes, y, value=factor)
    return x + (factor * sizes) * y
