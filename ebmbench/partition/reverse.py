r"""The reverse annealing estimate of the likelihood of single points (RAISE).

Annealing with ``K`` temperatures is itself a model with density :math:`p_{ann}`, which tends to
:math:`p_\theta` as ``K`` grows. A reversed chain from a point ``x`` gives an unbiased estimate of
:math:`p_{ann}(x)`; since every transition is reversible, its logarithm comes to

.. math:: \log \hat p(x) = -E(x) - \log \hat Z_{rev}(x)

with the log-weight of the reversed chain (Burda, Grosse & Salakhutdinov 2015, arXiv:1412.8566,
Sect. 3). By Jensen's inequality it lies below :math:`\log p_{ann}(x)` on average: where annealing
falls short it is *pessimistic*, while forward annealing, which underestimates ``Z``, is
optimistic.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor

from ebmbench.energies.base import Energy
from ebmbench.partition.annealing import anneal_back
from ebmbench.partition.base import device_and_dtype
from ebmbench.partition.initial import InitialGaussian
from ebmbench.samplers.path import AnnealingPath


def raise_log_likelihood(
    energy: Energy,
    initial: InitialGaussian,
    path: AnnealingPath,
    temperatures: int,
    *,
    rows: Tensor,
    chains: int,
    generator: torch.Generator,
) -> Tensor:
    """Return the log-likelihood of every row, ``(n,)``, in float64.

    Arguments:
        energy: the model.
        initial: where forward chains start.
        path: step sizes and schedule, from :func:`~ebmbench.samplers.pilot.pilot`.
        temperatures: ``K``.
        rows: points, ``(n, d)``.
        chains: reversed chains from every row, whose estimates are averaged.
        generator: the source of all randomness.
    """
    device, dtype = device_and_dtype(energy)
    points = rows.to(device=device, dtype=dtype).repeat_interleave(chains, 0)
    bridge = initial.bridge_to(energy)
    start = bridge.evaluate(initial.to_z(points))
    back = anneal_back(bridge, path, temperatures, start, generator=generator)
    each = (start.log_density.double().cpu() - back.log_z).reshape(len(rows), chains)
    return torch.logsumexp(each, 1) - math.log(chains)
