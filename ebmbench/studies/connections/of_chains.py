r"""What chains with weights owe to maximum likelihood, as measured and predicted values."""

from __future__ import annotations

import torch
from torch import Tensor

from ebmbench import calculus
from ebmbench.energies.base import Energy
from ebmbench.studies.connections.base import Connection
from ebmbench.studies.connections.expectations import (
    gradient,
    grid_nodes,
    likelihood_gradient,
    log_partition,
    mean,
    noisy,
)
from ebmbench.studies.connections.setting import Setting

STEP = 0.4
"""``ε`` of the Langevin step, at which it is far from exact."""


def jarzynski_weights(setting: Setting, _: float) -> tuple[Tensor, Tensor]:
    r"""T23: an unadjusted Langevin step and its weight give the likelihood of *new* parameters.

    Walkers of the law of ``other``, parameters ``k``, make one step
    :math:`x' = x - h \nabla E_k(x) + \sqrt{2h}\,\xi` and take the log-weight
    :math:`A = a_k(x, x') - a_{k+1}(x', x)` with :math:`a(x, y) = E(x) + \tfrac12 (y - x)^\top
    \nabla E(x) + \tfrac h4 \|\nabla E(x)\|^2`; ``k + 1`` are the parameters of ``energy``.
    """
    h = 0.5 * STEP**2
    old, new = setting.other, setting.energy
    grid, _volume = grid_nodes(new.dim, reach=10.0, count=61)
    start = torch.softmax(-calculus.value(old, grid), 0)
    moved, z, w = noisy(grid - h * -calculus.score(old, grid), start, STEP, count=8)
    x = grid[:, None].expand(-1, len(z) // len(grid), -1).flatten(0, 1)
    log_weights = _action(old, x, moved, h) - _action(new, moved, x, h)
    log_ratio = torch.logsumexp(w.log() + log_weights, 0)
    weights = (w.log() + log_weights - log_ratio).exp()
    data, w_data = setting.nodes(24)
    positive = mean(w_data, calculus.value(new, data, create_graph=True))
    negative = mean(weights, calculus.value(new, moved, create_graph=True))
    measured = torch.cat([gradient(new, positive - negative), log_ratio[None]])
    exact = log_partition(new) - log_partition(old)
    return measured, torch.cat([likelihood_gradient(new, data, w_data), exact[None]])


def _action(energy: Energy, x: Tensor, y: Tensor, h: float) -> Tensor:
    value, score = calculus.value_and_score(energy, x)
    along = ((y - x) * score).sum(-1)
    return value - 0.5 * along + 0.25 * h * (score * score).sum(-1)


OF_CHAINS: tuple[Connection, ...] = (
    Connection(
        "T23",
        "Contrastive divergence with Jarzynski's weights is unbiased, and they bring log Z",
        "Carbone, Hua, Coste & Vanden-Eijnden (2023, arXiv:2305.19414)",
        "",
        None,
        jarzynski_weights,
        of_gradients=True,
    ),
)
