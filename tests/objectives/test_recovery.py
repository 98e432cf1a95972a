"""Trained to the end on Gaussian data, every objective finds what its theory says."""

from collections.abc import Callable
from typing import Any

import pytest
import torch

from ebmbench.energies.base import Energy
from ebmbench.objectives import Objective
from ebmbench.optim import FlatAdam
from ebmbench.options import build
from ebmbench.registry import OBJECTIVES

Make = Callable[..., Energy]
SIGMA = 0.7
CASES: dict[str, dict[str, Any]] = {
    "mle-exact": {"points": 24},
    "mle-mcmc": {"transitions": 12, "leapfrog": 3},
    "cd": {"steps": 2, "sampler": "mala", "step_size": 0.7},
    "pcd": {"steps": 3, "sampler": "mala", "buffer": 500},
    "jarzynski": {"steps": 3, "walkers": 500},
    "pcd-pt": {"steps": 2, "rungs": 2, "buffer": 500},
    "cd-short": {"steps": 15, "step_size": 0.5, "data_noise": 0.0},
    "ps-cd": {"steps": 3, "buffer": 500},
    "mpf": {"epsilon": 0.7, "copies": 2},
    "sm": {},
    "dsm": {"sigma": SIGMA},
    "ssm": {},
    "ssm-vr": {},
    "fd-ssm": {},
    "nce": {"nu": 2},
    "cnce": {"epsilon": 0.7, "copies": 2},
    "ed": {"t": 0.5, "negatives": 32},
    "n2ce": {"nu": 2, "magnitude": 10},
    "snl": {"nu": 4, "inflation": 1.3},
    "ence": {"nu": 2, "inflation": 1.3},
    "is-mle": {"nu": 4, "inflation": 1.3},
    "ranking-nce": {"nu": 2},
    "nce-flow": {"nu": 2, "flow_steps": 50},
    "fce": {},
    "brier-cnce": {"epsilon": 0.7, "copies": 2},
    "dsm-cv": {"sigma": SIGMA},
    "ksd": {},
    "lsd": {"critic_rate": 1e-2, "critic_steps": 1, "width": 32},
    "vera": {"generator_rate": 3e-2, "width": 16},
    "f-ebm": {"steps": 3, "buffer": 500, "critic_rate": 1e-2, "critic_steps": 2, "width": 32},
}


def test_every_objective_is_here() -> None:
    """Those of many noise levels have tests of their own."""
    assert set(CASES) == {name for name in OBJECTIVES if not OBJECTIVES.get(name).needs_levels}


LONG = {"fce", "nce-flow"}
"""Those with a flow, whose steps are long."""


@pytest.mark.parametrize(
    "name", [pytest.param(name, marks=pytest.mark.slow if name in LONG else ()) for name in CASES]
)
def test_location_and_variance_are_found(
    name: str, gaussian_energy: Make, generator: torch.Generator
) -> None:
    variance = torch.tensor([0.5, 1.5], dtype=torch.float64)
    z = torch.empty(20_000, 2, dtype=torch.float64).normal_(generator=generator)
    rows = torch.tensor([0.5, -0.5]).double() + variance.sqrt() * z
    energy = gaussian_energy([0.0, 0.0], [1.0, 1.0])
    if name in LONG:
        pytest.importorskip("zuko")
    objective: Objective = build(OBJECTIVES.get(name), CASES[name], "test")
    state = objective.init(energy, rows, generator)
    steps = 250
    adam = FlatAdam(
        [*energy.parameters(), *state.learned.values()], 0.06, schedule="cosine", total_steps=steps
    )
    for k in range(steps):
        adam.zero_grad()
        batch = rows[200 * (k % 100) : 200 * (k % 100) + 200]
        step = objective.loss(energy, batch, state, generator)
        step.loss.backward()  # type: ignore[no-untyped-call]
        adam.step()
        state = step.state
    location, precision = (parameter.detach() for parameter in energy.parameters())
    found = 1 / precision
    # Denoising fits the data smoothed by the noise; all others are consistent here, but for short
    # runs, whose chains are what fits.
    expected = variance + (SIGMA**2 if name in {"dsm", "dsm-cv"} else 0.0)
    chains = objective.own_sampler(energy, state)
    if chains is not None:
        drawn = chains.draw(10_000, generator)
        location, found = drawn.mean(0), drawn.var(0)
    torch.testing.assert_close(location, torch.tensor([0.5, -0.5]).double(), atol=0.12, rtol=0)
    torch.testing.assert_close(found, expected, rtol=0.15, atol=0)
    if "log_z" in state.learned:
        log_z = 0.5 * (2 * torch.pi / precision).log().sum()
        torch.testing.assert_close(state.learned["log_z"].detach(), log_z, atol=0.05, rtol=0)
