r"""Parallel tempering: samples of a model whose modes no single chain can travel between.

A ladder holds one chain at each inverse temperature :math:`0 = b_0 < \dots < b_R = 1` of the
bridge. A sweep moves every chain by a Hamiltonian transition, draws the one at :math:`b_0` anew
from the Gaussian, and then swaps neighbours (:mod:`ebmbench.samplers.swaps`), even and odd pairs
in turn (Syed, Bouchard-Côté, Deligiannidis & Doucet, 2022, JRSS B 84, arXiv:1905.02939). What
reaches :math:`b_R` from :math:`b_0` is a fresh start, so the shares of the modes are those of the
model. Rungs stand at equal steps of thermodynamic length; a step of one means that about half of
the swaps are accepted, which is near the optimum there.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor

from ebmbench.samplers.base import ChainInfo, ChainState
from ebmbench.samplers.bridge import Bridge, Origin
from ebmbench.samplers.path import AnnealingPath
from ebmbench.samplers.pilot import transition
from ebmbench.samplers.resampling import systematic_resample
from ebmbench.samplers.swaps import swap

SETTLING = 4
"""Transitions of each rung's first population, which is resampled from the rung below."""


@dataclass(frozen=True)
class Tempered:
    """Samples of the model and how well the ladders mixed."""

    z: Tensor
    """Positions at ``b = 1`` in the coordinates of the bridge, ``(draws, chains, d)``."""
    slope: Tensor
    """``g`` of all rungs at the same sweeps, ``(draws, R + 1, chains)``, in float64."""
    betas: Tensor
    """Inverse temperatures, ``(R + 1,)``, float64."""
    swap_rates: Tensor
    """Mean probability of a swap between neighbours, ``(R,)``, float64."""
    restarts: float
    """Chains that went from the Gaussian to the model, per ladder: what the ladders forget by."""
    acceptance: float
    """Mean acceptance of the transitions above ``b = 0``."""


@dataclass(frozen=True)
class Ladders:
    """How many ladders, how long they run, and how tall they may be."""

    chains: int
    """Independent ladders, side by side."""
    thinning: int
    """Sweeps between two states that are kept."""
    burn_in: int
    """Sweeps before the first of them."""
    most: int
    """Steps of a ladder at most; about one unit of thermodynamic length each below that."""

    def steps(self, path: AnnealingPath) -> int:
        """Return ``R`` for the path that a pilot run measured."""
        length = float(path.length[-1])
        return min(max(1, math.ceil(length)), self.most) if math.isfinite(length) else self.most


def temper(
    bridge: Bridge[Origin],
    path: AnnealingPath,
    ladders: Ladders,
    draws: int,
    *,
    generator: torch.Generator,
) -> Tempered:
    """Run ladders and keep what they visit at ``b = 1``.

    Arguments:
        bridge: from the Gaussian at ``b = 0`` to the model.
        path: step sizes and thermodynamic length.
        ladders: how many and how long.
        draws: states to keep of each ladder.
        generator: the source of all randomness.
    """
    chains = ladders.chains
    betas = path.schedule(ladders.steps(path))
    step_sizes = path.step_size(betas)
    state = _first(bridge, betas, step_sizes, chains, generator)
    # of every chain, whether the last end it saw was the Gaussian
    fresh = torch.zeros(len(betas), chains, dtype=torch.bool)
    swap_rates = torch.zeros(len(betas) - 1, dtype=torch.float64)
    attempts = torch.zeros_like(swap_rates)
    restarts, accepted, kept, slopes = 0, 0.0, [], []
    sweeps = ladders.burn_in + draws * ladders.thinning
    for k in range(sweeps):
        state, info = _moved(bridge, betas, step_sizes, state, generator)
        accepted += float(info.acceptance.mean()) / sweeps
        slope = bridge.slope(state).cpu().reshape(-1, chains)
        order, swapped = swap(slope, betas, k % 2, generator)
        swap_rates[k % 2 :: 2] += swapped
        attempts[k % 2 :: 2] += 1
        state = state[order.flatten().to(state.x.device)]
        fresh[0] = True
        fresh = fresh.flatten()[order]
        restarts += int(fresh[-1].sum())
        fresh[-1] = False
        if k >= ladders.burn_in and (sweeps - k - 1) % ladders.thinning == 0:
            kept.append(state.x[-chains:])
            slopes.append(slope.flatten()[order])
    return Tempered(
        z=torch.stack(kept),
        slope=torch.stack(slopes),
        betas=betas,
        swap_rates=swap_rates / attempts.clamp_min(1),
        restarts=restarts / chains,
        acceptance=accepted,
    )


def _first(
    bridge: Bridge[Origin],
    betas: Tensor,
    step_sizes: Tensor,
    chains: int,
    generator: torch.Generator,
) -> ChainState:
    """Return a population for every rung, each resampled from the one below and moved."""
    at = bridge.evaluate(bridge.initial.draw(chains, generator))
    populations = [at]
    for r in range(1, len(betas)):
        weights = (betas[r] - betas[r - 1]) * bridge.slope(at).cpu()
        index = systematic_resample(weights, chains, generator)
        # systematic resampling sorts; chains of one ancestor must not be neighbours in a ladder
        index = index[torch.randperm(chains, generator=generator)]
        at = at[index.to(at.x.device)]
        for _ in range(SETTLING):
            at, _ = transition(
                bridge, at, float(betas[r]), float(step_sizes[r]), generator=generator
            )
        populations.append(at)
    return ChainState.joined(populations)


def _moved(
    bridge: Bridge[Origin],
    betas: Tensor,
    step_sizes: Tensor,
    state: ChainState,
    generator: torch.Generator,
) -> tuple[ChainState, ChainInfo]:
    """Draw the chains at ``b = 0`` anew and move all others at once."""
    chains = len(state.x) // len(betas)
    drawn = bridge.evaluate(bridge.initial.draw(chains, generator))
    above = state[torch.arange(chains, len(state.x), device=state.x.device)]
    beta, step_size = (t[1:].repeat_interleave(chains) for t in (betas, step_sizes))
    moved, info = transition(bridge, above, beta, step_size, generator=generator)
    return ChainState.joined([drawn, moved]), info
