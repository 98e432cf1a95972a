"""Maximum likelihood, exact and by chains, against closed forms on Gaussians."""

import math
from collections.abc import Callable

import pytest
import torch
from torch import Tensor

from ebmbench.energies.base import Energy
from ebmbench.errors import EbmbenchError
from ebmbench.objectives import State
from ebmbench.objectives.blocks import Blocks
from ebmbench.objectives.cd import ContrastiveDivergence
from ebmbench.objectives.contrast import contrastive_step
from ebmbench.objectives.mle_exact import ExactMaximumLikelihood
from ebmbench.objectives.mle_mcmc import MCMCMaximumLikelihood
from ebmbench.objectives.pcd import PersistentContrastiveDivergence
from ebmbench.objectives.persistent import PersistentChains
from ebmbench.samplers.step_sizes import StepSizes

Make = Callable[..., Energy]


def slopes(loss: Tensor, energy: Energy) -> Tensor:
    """The gradient in location and precision, in one vector."""
    return torch.cat(torch.autograd.grad(loss, list(energy.parameters())))


def likelihood_slopes(energy: Energy, rows: Tensor) -> Tensor:
    """The exact gradient of the negative log-likelihood of the Gaussian model."""
    m, precision = energy.parameters()
    closed = 0.5 * (precision * (rows - m) ** 2).sum(1).mean() - 0.5 * precision.log().sum()
    return slopes(closed, energy)


def z_scores(draws: list[Tensor], truth: Tensor) -> Tensor:
    values = torch.stack(draws)
    error: Tensor = (values.mean(0) - truth) / (values.std(0) / math.sqrt(len(draws)))
    return error.abs()


@pytest.mark.parametrize("tells", [False, True])
def test_exact_loss_and_gradient(
    tells: bool, gaussian_energy: Make, rows: Tensor, generator: torch.Generator
) -> None:
    energy = gaussian_energy([0.2, -0.3], [0.8, 3.0], tells)
    objective = ExactMaximumLikelihood()
    state = objective.init(energy, rows, generator)
    loss = objective.loss(energy, rows, state, generator).loss
    log_z = 0.5 * math.log((2 * math.pi) ** 2 / 2.4)
    assert float(loss.detach()) == pytest.approx(
        float(energy(rows).detach().mean()) + log_z, abs=1e-6
    )
    torch.testing.assert_close(
        slopes(loss, energy), likelihood_slopes(energy, rows), rtol=1e-4, atol=1e-5
    )


def test_the_lattice_gives_an_unbiased_partition_function(
    gaussian_energy: Make, rows: Tensor, generator: torch.Generator
) -> None:
    """A spike far below the spacing, where every single lattice is badly wrong."""
    energy = gaussian_energy([0.31, -0.17], [400.0, 400.0])
    objective = ExactMaximumLikelihood(points=16)
    z = torch.stack(
        [
            objective.loss(energy, rows[:2], State(), generator).info["log_z"].exp()
            for _ in range(2000)
        ]
    )
    exact = 2 * math.pi / 400
    assert float(z.std()) > 0.5 * exact
    assert abs(float(z.mean()) - exact) < 4 * float(z.std()) / math.sqrt(2000)


def test_no_partition_function_in_three_dimensions(
    gaussian_energy: Make, rows: Tensor, generator: torch.Generator
) -> None:
    energy = gaussian_energy([0.0] * 3, [1.0] * 3)
    with pytest.raises(EbmbenchError, match="found 3 dimensions"):
        ExactMaximumLikelihood().init(energy, rows, generator)


def test_the_contrast_is_data_minus_negatives(gaussian_energy: Make, rows: Tensor) -> None:
    energy = gaussian_energy([0.2, -0.3], [0.8, 3.0])
    data, negatives = rows[:30], rows[30:100]
    step = contrastive_step(energy, data, negatives, State(), info={"acceptance": torch.ones(())})
    expected = energy(data).mean() - energy(negatives).mean()
    torch.testing.assert_close(step.loss, expected)
    assert set(step.info) == {"acceptance", "energy_gap"}
    torch.testing.assert_close(step.info["energy_gap"], expected.detach())


def test_one_step_from_the_data_descends_the_fisher_divergence(
    gaussian_energy: Make, generator: torch.Generator
) -> None:
    """CD-1 by Langevin: gradient = ``(ε²/2) ∇ D_F + O(ε⁴)`` (tutorial Sect. 4.3, sign corrected).

    For N(0, a) data and precision λ the negative has variance ``a (1 - ε²λ/2)² + ε²``.
    """
    a, precision, eps = 1.7, 0.9, 0.5
    x = math.sqrt(a) * torch.empty(60_000, 1, dtype=torch.float64).normal_(generator=generator)
    energy = gaussian_energy([0.0], [precision])
    objective = ContrastiveDivergence(steps=1, step_size=eps)
    state = objective.init(energy, x, generator)
    draws = [
        slopes(objective.loss(energy, block, state, generator).loss, energy)[1:]
        for block in x.split(600)
    ]
    exact = 0.5 * (a - a * (1 - eps**2 * precision / 2) ** 2 - eps**2)
    assert float(z_scores(draws, torch.tensor([exact]).double())) < 4
    # D_F = ½ a (λ - 1/a)²
    fisher = a * precision - 1
    assert exact == pytest.approx(0.5 * eps**2 * fisher, rel=2 * eps**2)
    assert float(z_scores(draws, torch.tensor([-exact]).double())) > 8


@pytest.mark.parametrize(
    "options",
    [
        {"transitions": 25, "sampler": "mala", "step_size": 0.8},
        {"transitions": 14, "leapfrog": 4, "step_size": 0.5},
        {"transitions": 8, "leapfrog": 2, "annealed": 0.5, "resample": True},
    ],
)
def test_long_chains_give_the_likelihood_gradient(
    options: dict[str, object], gaussian_energy: Make, rows: Tensor, generator: torch.Generator
) -> None:
    energy = gaussian_energy([0.4, -0.3], [0.8, 2.0])
    objective = MCMCMaximumLikelihood(**options)  # type: ignore[arg-type]
    state = objective.init(energy, rows, generator)
    draws = []
    for k in range(45):
        step = objective.loss(energy, rows, state, generator)
        state = step.state
        if k >= 5:
            draws.append(slopes(step.loss, energy))
    assert float(z_scores(draws, likelihood_slopes(energy, rows)).max()) < 4


@pytest.mark.parametrize(("sampler", "wanted"), [("mala", 0.6), ("hmc", 0.75)])
def test_the_step_size_follows_the_acceptance_from_step_to_step(
    sampler: str, wanted: float, gaussian_energy: Make, rows: Tensor, generator: torch.Generator
) -> None:
    energy = gaussian_energy([0.0, 0.0], [4.0, 9.0])
    objective = MCMCMaximumLikelihood(sampler=sampler, step_size=3.0)  # type: ignore[arg-type]
    state = objective.init(energy, rows, generator)
    assert state.step_sizes.sizes.tolist() == [3.0, 3.0, 3.0]
    acceptance = []
    for _ in range(25):
        step = objective.loss(energy, rows[:50], state, generator)
        state = step.state
        acceptance.append(float(step.info["acceptance"]))
    assert acceptance[0] < 0.3
    assert sum(acceptance[-5:]) / 5 == pytest.approx(wanted, abs=0.06)
    sizes = state.step_sizes.sizes
    # the bolder a group's aim, the larger its step
    assert bool((sizes.diff() < 0).all())
    torch.testing.assert_close(step.info["step_size"], sizes.prod() ** (1 / 3))


@pytest.mark.parametrize(("sampler", "start", "wanted"), [("mala", 3.0, 0.6), ("hmc", 0.01, 0.75)])
def test_short_chains_from_the_data_adapt_their_step(
    sampler: str,
    start: float,
    wanted: float,
    *,
    gaussian_energy: Make,
    rows: Tensor,
    generator: torch.Generator,
) -> None:
    energy = gaussian_energy([0.0, 0.0], [4.0, 9.0])
    objective = ContrastiveDivergence(steps=5, sampler=sampler, step_size=start)
    state = objective.init(energy, rows, generator)
    for _ in range(150):
        step = objective.loss(energy, rows[:60], state, generator)
        state = step.state
    assert float(step.info["acceptance"]) == pytest.approx(wanted, abs=0.12)
    assert float(step.info["dead_chains"]) < 0.1


def test_plain_langevin_keeps_its_step(
    gaussian_energy: Make, rows: Tensor, generator: torch.Generator
) -> None:
    energy = gaussian_energy([0.0, 0.0], [4.0, 9.0])
    objective = ContrastiveDivergence(steps=3, step_size=0.2)
    step = objective.loss(energy, rows, objective.init(energy, rows, generator), generator)
    assert step.state.step_sizes.sizes.tolist() == [0.2]
    assert float(step.info["dead_chains"]) == 0


def test_persistent_chains_go_back_where_they_came_from(
    gaussian_energy: Make, rows: Tensor, generator: torch.Generator
) -> None:
    energy = gaussian_energy([0.0, 0.0], [1.0, 1.0])
    objective = PersistentContrastiveDivergence(buffer=100, restart=0.0, step_size=0.01)
    before = objective.init(energy, rows, generator)
    chains = before.chains
    assert chains.shape == (100, 2)
    after = objective.loss(energy, rows[:30], before, generator).state.chains
    moved = (after != chains).any(1)
    assert int(moved.sum()) == 30
    # Ten small steps: each chain is still near its own old place.
    assert float((after - chains).abs().max()) < 0.2


def test_restarted_chains_come_from_the_reference(
    gaussian_energy: Make, rows: Tensor, generator: torch.Generator
) -> None:
    energy = gaussian_energy([0.0, 0.0], [1.0, 1.0])
    chains = torch.full((4000, 2), 50.0).double()
    far = PersistentChains(Blocks.of(chains), StepSizes.start(1e-6, None, chains))
    batch = rows.repeat(10, 1)
    for restart in (0.0, 0.25, 1.0):
        objective = PersistentContrastiveDivergence(restart=restart, steps=1, sampler="langevin")
        chains = objective.loss(energy, batch, far, generator).state.chains
        near = chains[:, 0] < 40
        assert float(near.double().mean()) == pytest.approx(restart, abs=0.03)
        if restart == 1.0:
            torch.testing.assert_close(
                chains.std(0), energy.reference.std.double(), atol=0.1, rtol=0
            )


def test_persistent_chains_reach_the_model(
    gaussian_energy: Make, rows: Tensor, generator: torch.Generator
) -> None:
    energy = gaussian_energy([1.0, -1.0], [4.0, 0.5])
    objective = PersistentContrastiveDivergence(buffer=400, restart=0.0, sampler="mala")
    state = objective.init(energy, rows, generator)
    for _ in range(40):
        state = objective.loss(energy, rows, state, generator).state
    chains = state.chains
    truth = torch.tensor([1.0, -1.0]).double()
    assert float(((chains.mean(0) - truth) / (chains.std(0) / 20)).abs().max()) < 4
    variance = torch.tensor([0.25, 2.0]).double()
    squares = (chains - truth) ** 2
    assert float(((squares.mean(0) - variance) / (squares.std(0) / 20)).abs().max()) < 4
