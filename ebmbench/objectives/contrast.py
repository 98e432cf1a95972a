"""What the maximum-likelihood objectives share: the contrast of data and negative samples."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor

from ebmbench import calculus
from ebmbench.energies.base import Energy
from ebmbench.objectives.base import StateT, Step


def contrastive_step(
    energy: Energy,
    batch: Tensor,
    negatives: Tensor,
    state: StateT,
    *,
    info: Mapping[str, Tensor],
    energy_penalty: float = 0.0,
    negative_weights: Tensor | None = None,
) -> Step[StateT]:
    r"""Return the loss :math:`\bar E(x^+) - \bar E(x^-)`, whose gradient follows Eq. 3-4.

    The gradient of the negative log-likelihood is
    :math:`E_{data}\nabla_\theta E - E_{p_\theta}\nabla_\theta E` (Song & Kingma 2021, Eq. 3-4 with
    log p = −E − log Z); ``negatives`` stand for samples of the model and carry no graph.

    Arguments:
        energy: the model.
        batch: data, ``(b, d)``.
        negatives: samples, ``(m, d)``.
        state: the next state.
        info: diagnostics of the sampler.
        energy_penalty: weight of the mean squared energies of data and negatives, which keeps
            them near zero (Du & Mordatch 2019, Sect. 3.3).
        negative_weights: of the negatives in their mean, ``(m,)``, summing to one; equal ones
            unless given.
    """
    both = calculus.value(energy, torch.cat([batch, negatives]), create_graph=True)
    data, model = both[: len(batch)], both[len(batch) :]
    gap = data.mean() - (model.mean() if negative_weights is None else negative_weights @ model)
    loss = gap
    if energy_penalty:
        loss = gap + energy_penalty * ((data * data).mean() + (model * model).mean())
    return Step(loss, state, {**info, "energy_gap": gap.detach()})
