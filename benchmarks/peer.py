"""torchebm 0.8.9 and ebmkit 0.16.0, set so that they compute the same thing as the suite.

That is no energy penalty in CD, one projection in SSM and the exact trace in SM, on flat vectors,
with ``torch.optim.Adam``. The noise of ebmkit's NCE is its default, a standard normal.
"""

from __future__ import annotations

from importlib import import_module
from typing import Any

import torch
from torch import Tensor

from benchmarks.callables import (
    CHAIN_STEPS,
    LEAPFROG,
    LEARNING_RATE,
    SIGMA,
    STEP_SIZE,
    TRANSITIONS,
    Action,
    Size,
    network,
    rows,
)
from benchmarks.plain import contrast, stepper
from ebmbench.energies.mlp import MLPEnergy

TORCHEBM = ("dsm", "ssm", "sm", "cd-1", "cd-10", "pcd", "mle-mcmc")
"""What torchebm 0.8.9 has."""
EBMKIT = (*TORCHEBM, "ssm-vr", "nce")
"""What ebmkit 0.16.0 has."""
BUFFER = 10_000
"""Chains of a replay buffer, as of ours."""


def torchebm(name: str, size: Size) -> Action:
    """Return one training step of torchebm."""
    from torchebm import losses, samplers

    energy, batch = network(size), rows(size)
    model = _model(energy)
    adam = torch.optim.Adam(energy.parameters(), lr=LEARNING_RATE)
    if name == "mle-mcmc":
        hmc = samplers.HamiltonianMonteCarlo(model, STEP_SIZE, n_leapfrog_steps=LEAPFROG)

        def likelihood() -> Tensor:
            x = hmc.sample(x=torch.randn_like(batch), n_steps=TRANSITIONS)
            return contrast(energy, batch, x.detach())

        return stepper(adam, likelihood)
    if name in ("cd-1", "cd-10", "pcd"):
        # its step size is the tutorial's ε²/2
        langevin = samplers.LangevinDynamics(model, step_size=0.5 * STEP_SIZE**2)
        divergence = losses.ContrastiveDivergence(
            model,
            langevin,
            k_steps=1 if name == "cd-1" else 10,
            persistent=name == "pcd",
            energy_reg_weight=0.0,
        )
        return stepper(adam, lambda: divergence(batch)[0])
    made = {
        "dsm": lambda: losses.DenoisingScoreMatching(model, noise_scale=SIGMA),
        "ssm": lambda: losses.SlicedScoreMatching(model, n_projections=1),
        "sm": lambda: losses.ScoreMatching(model, hessian_method="exact"),
    }[name]()
    return stepper(adam, lambda: made(batch))


def torchebm_chains(name: str, size: Size) -> Action:
    """Return as many transitions of torchebm's sampler."""
    from torchebm import samplers

    model, x = _model(network(size).requires_grad_(False)), rows(size)
    if name == "hmc":
        sampler = samplers.HamiltonianMonteCarlo(model, STEP_SIZE, n_leapfrog_steps=LEAPFROG)
    else:
        sampler = samplers.LangevinDynamics(model, step_size=0.5 * STEP_SIZE**2)
    return lambda: sampler.sample(x=x, n_steps=CHAIN_STEPS)


def ebmkit(name: str, size: Size) -> Action:
    """Return one training step of ebmkit."""
    ebm = import_module("ebm")
    energy, batch = network(size), rows(size)
    if name == "mle-mcmc":
        hmc = ebm.HMC(STEP_SIZE, leapfrog_steps=LEAPFROG, steps=TRANSITIONS)
        made = ebm.ContrastiveDivergence(hmc, init_fn=torch.randn)
    elif name in ("cd-1", "cd-10", "pcd"):
        # its step size is the tutorial's ε²/2
        steps = 1 if name == "cd-1" else 10
        langevin = ebm.LangevinDynamics(step_size=0.5 * STEP_SIZE**2, steps=steps)
        if name == "pcd":
            buffer = ebm.ReplayBuffer(BUFFER, (size.dim,))
            made = ebm.ContrastiveDivergence(langevin, buffer=buffer)
        else:
            # Without a buffer its chains start from noise, not from the rows, at the same cost.
            made = ebm.ContrastiveDivergence(langevin)
    else:
        made = {
            "dsm": lambda: ebm.DenoisingScoreMatching(sigma=SIGMA),
            "ssm": lambda: ebm.SlicedScoreMatching(vr=False),
            "ssm-vr": lambda: ebm.SlicedScoreMatching(),
            "sm": lambda: ebm.ExactScoreMatching(),
            "nce": lambda: ebm.NoiseContrastiveEstimation(),
        }[name]()
    adam = torch.optim.Adam([*energy.parameters(), *made.parameters()], lr=LEARNING_RATE)
    return stepper(adam, lambda: made(energy, batch).loss)


def ebmkit_chains(name: str, size: Size) -> Action:
    """Return as many transitions of ebmkit's sampler."""
    ebm = import_module("ebm")
    energy, x = network(size).requires_grad_(False), rows(size)
    if name == "hmc":
        sampler = ebm.HMC(STEP_SIZE, leapfrog_steps=LEAPFROG)
    else:
        sampler = ebm.LangevinDynamics(step_size=0.5 * STEP_SIZE**2)
    return lambda: sampler.sample(energy, x, steps=CHAIN_STEPS)


def _model(energy: MLPEnergy) -> Any:
    from torchebm.core import BaseModel

    class Model(BaseModel):  # type: ignore[misc]
        def __init__(self, energy: MLPEnergy) -> None:
            super().__init__()
            self.energy = energy

        def forward(self, x: Tensor) -> Tensor:
            return self.energy(x)  # type: ignore[no-any-return]

    return Model(energy)
