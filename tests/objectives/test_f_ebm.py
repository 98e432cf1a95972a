"""f-divergences and f-EBM, against quadrature with ``f`` written out."""

import math
from collections.abc import Callable
from dataclasses import replace
from typing import get_args

import pytest
import torch
from torch import Tensor, nn

from ebmbench.energies.base import Energy
from ebmbench.objectives.auxiliary import Auxiliary
from ebmbench.objectives.blocks import Blocks
from ebmbench.objectives.f_divergences import DIVERGENCES, DivergenceName
from ebmbench.objectives.f_ebm import CriticAndChains, FDivergenceMinimisation, surrogate
from ebmbench.objectives.pcd import PersistentContrastiveDivergence
from ebmbench.objectives.persistent import PersistentChains

Make = Callable[..., Energy]
F: dict[DivergenceName, Callable[[Tensor], Tensor]] = {
    "kl": lambda r: r * r.log(),
    "reverse-kl": lambda r: -r.log(),
    "jensen-shannon": lambda r: r * r.log() - (r + 1) * (0.5 * (r + 1)).log(),
    "squared-hellinger": lambda r: (r.sqrt() - 1) ** 2,
}
MEAN, STD = 0.4, 0.9
each = pytest.mark.parametrize("name", get_args(DivergenceName))


def log_data(x: Tensor) -> Tensor:
    """The data are N(0.4, 0.9²)."""
    return -0.5 * ((x - MEAN) / STD) ** 2 - math.log(STD * math.sqrt(2 * math.pi))


def exact(energy: Energy, name: DivergenceName) -> Tensor:
    """``∫ q f(p / q)`` by the trapezium rule, with its graph."""
    x = torch.linspace(-9, 9, 20_001, dtype=torch.float64)
    log_q = -energy(x[:, None])
    log_q = log_q - torch.logsumexp(log_q, 0) - torch.log(x[1] - x[0])
    integrand = log_q.exp() * F[name]((log_data(x) - log_q).exp())
    return torch.trapezoid(integrand, x)


def quantiles(n: int) -> Tensor:
    """Standard normal points, one for each n-th of the mass, ``(n, 1)``."""
    u = (torch.arange(n, dtype=torch.float64) + 0.5) / n
    return torch.special.ndtri(u)[:, None]


def gradients(loss: Tensor, energy: Energy) -> Tensor:
    return torch.cat(torch.autograd.grad(loss, list(energy.parameters())))


class ExactCritic(nn.Module):
    """``log p + log Z``, with a parameter that does nothing."""

    def __init__(self, log_z: float) -> None:
        super().__init__()
        self.log_z = log_z
        self.nothing = nn.Parameter(torch.zeros(1, dtype=torch.float64))

    def forward(self, x: Tensor) -> Tensor:
        return log_data(x[:, 0]) + self.log_z + 0 * self.nothing


@each
def test_the_bound_of_the_exact_ratio_is_the_divergence(
    name: DivergenceName, gaussian_energy: Make
) -> None:
    energy = gaussian_energy([0.0], [0.8])
    data, model = MEAN + STD * quantiles(400_000), quantiles(400_000) / math.sqrt(0.8)
    log_z = 0.5 * math.log(2 * math.pi / 0.8)
    u = [(log_data(x[:, 0]) + energy(x) + log_z).detach() for x in (data, model)]
    found = float(DIVERGENCES[name].bound(*u))
    assert found == pytest.approx(float(exact(energy, name).detach()), rel=2e-3)
    # Any other function in the place of the ratio gives less.
    assert float(DIVERGENCES[name].bound(*(1.1 * each + 0.05 for each in u))) < found - 1e-4


@each
def test_with_the_exact_critic_the_gradient_is_that_of_the_divergence(
    name: DivergenceName, gaussian_energy: Make
) -> None:
    """The paper's form, of the energy as it is, and with ``log Z`` added as in the objective."""
    energy = gaussian_energy([0.0], [0.8])
    expected = gradients(exact(energy, name), energy)
    data, model = MEAN + STD * quantiles(400_000), quantiles(400_000) / math.sqrt(0.8)
    log_z = 0.5 * math.log(2 * math.pi / 0.8)
    of_data, of_model = energy(data), energy(model)
    for centre in (0.0, of_model.mean() - of_model.mean().detach()):
        u = [
            log_data(x[:, 0]) + log_z + e - centre for x, e in ((data, of_data), (model, of_model))
        ]
        loss = surrogate(DIVERGENCES[name], *u, of_model)
        found = torch.cat(torch.autograd.grad(loss, list(energy.parameters()), retain_graph=True))
        torch.testing.assert_close(found, expected, rtol=3e-3, atol=1e-4)
    if name == "kl":
        likelihood = gradients(of_data.mean() - of_model.mean(), energy)
        torch.testing.assert_close(likelihood, expected, rtol=3e-3, atol=1e-4)


@each
def test_the_loss_has_that_gradient_with_chains_of_the_model(
    name: DivergenceName, gaussian_energy: Make, generator: torch.Generator
) -> None:
    energy, n = gaussian_energy([0.0], [0.8]), 2000
    expected = gradients(exact(energy, name), energy)
    objective = FDivergenceMinimisation(
        divergence=name, critic_steps=1, critic_rate=1e-12, buffer=n, restart=0.0, steps=1
    )
    found = []
    for _ in range(40):
        z, draws = (torch.empty(n, 1).double().normal_(generator=generator) for _ in range(2))
        state = objective.init(energy, z, generator)
        chains = replace(state.chains, buffer=Blocks.of(draws / math.sqrt(0.8)))
        critic = Auxiliary.of(ExactCritic(0.5 * math.log(2 * math.pi / 0.8)))
        step = objective.loss(energy, MEAN + STD * z, CriticAndChains(critic, chains), generator)
        found.append(gradients(step.loss, energy))
    all_found = torch.stack(found)
    error = (all_found.mean(0) - expected) / (all_found.std(0) / math.sqrt(len(found)))
    assert float(error.abs().max()) < 4
    assert float(all_found.std(0).max()) < 0.1


def test_of_the_likelihood_it_is_contrastive_divergence_whatever_the_critic(
    gaussian_energy: Make, rows: Tensor
) -> None:
    energy = gaussian_energy([0.1, -0.2], [0.7, 1.6])
    objective = FDivergenceMinimisation(divergence="kl", buffer=400, steps=3)
    state = objective.init(energy, rows, torch.Generator().manual_seed(1))
    critic, _ = state.critic.descend(lambda network: network(rows).mean(), 0.5)
    persistent = PersistentContrastiveDivergence(
        sampler="mala", steps=3, restart=objective.restart
    )
    chains: PersistentChains = state.chains
    mine = objective.loss(
        energy, rows, CriticAndChains(critic, chains), torch.Generator().manual_seed(2)
    )
    theirs = persistent.loss(energy, rows, chains, torch.Generator().manual_seed(2))
    assert float((critic(rows) - state.critic(rows)).abs().mean()) > 1
    torch.testing.assert_close(gradients(mine.loss, energy), gradients(theirs.loss, energy))


@each
def test_a_trained_critic_finds_the_divergence(
    name: DivergenceName, gaussian_energy: Make, generator: torch.Generator
) -> None:
    """With the energy held where it is, from a ratio of one to that of data and model."""
    energy = gaussian_energy([-0.2], [1.4])
    objective = FDivergenceMinimisation(
        divergence=name, critic_steps=2, critic_rate=1e-2, width=16, buffer=1000, steps=3
    )

    def batch() -> Tensor:
        return MEAN + STD * torch.empty(1000, 1).double().normal_(generator=generator)

    state, found = objective.init(energy, batch(), generator), []
    for k in range(120):
        step = objective.loss(energy, batch(), state, generator)
        state = step.state
        if k >= 60:
            found.append(float(step.info["divergence"]))
    value = float(exact(energy, name).detach())
    assert value > 0.1
    assert sum(found) / len(found) == pytest.approx(value, rel=0.15)
