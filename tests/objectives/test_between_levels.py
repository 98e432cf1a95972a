"""Objectives that tie the constants of noise levels: closed forms, and their own ``log Z``."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from ebmbench.contracts.quadratic import LEVELS
from ebmbench.energies.conditional import ConditionalEnergy, TiltedLevels
from ebmbench.energies.mixture import GaussianMixtureEnergy
from ebmbench.energies.mlp_levels import MLPLevels
from ebmbench.errors import EbmbenchError
from ebmbench.objectives.base import Objective
from ebmbench.objectives.diffclf import LevelClassification, Offsets
from ebmbench.objectives.dual_sm import DualScoreMatching
from ebmbench.objectives.tre import TelescopingRatioEstimation
from ebmbench.optim import FlatAdam
from ebmbench.partition.quadrature import quadrature

OBJECTIVES = [
    DualScoreMatching(),
    TelescopingRatioEstimation(),
    LevelClassification(),
    LevelClassification(compared=3),
]
each = pytest.mark.parametrize("objective", OBJECTIVES, ids=str)


class Quadratics(TiltedLevels):
    """``a‖x‖²/2(1 + σ²) + b/(1 + σ)`` in the plane: a wrong slope, and constants of its own."""

    def __init__(self, slope: float, constant: float = 0.0) -> None:
        super().__init__(torch.zeros(2).double(), torch.ones(2).double(), LEVELS)
        self.slope = nn.Parameter(torch.tensor(slope).double())
        self.constant = nn.Parameter(torch.tensor(constant).double())

    def tilt(self, u: Tensor, sigma: Tensor) -> Tensor:
        height = self.constant / (1 + sigma[:, 0])
        return 0.5 * (self.slope - 1) * (u * u).sum(-1) + height


def normal_rows(n: int, generator: torch.Generator) -> Tensor:
    return torch.empty(n, 2).double().normal_(generator=generator)


def log_z(slope: float, constant: float) -> float:
    """That of the lowest level."""
    lowest = LEVELS[-1]
    return math.log(2 * math.pi * (1 + lowest**2) / slope) - constant / (1 + lowest)


@each
def test_at_the_truth_the_gradient_is_zero_and_the_constant_right(
    objective: Objective[Any], generator: torch.Generator
) -> None:
    """Constants of the levels are no part of the truth; for ``dual-sm`` they are, but one."""
    constant = 0.0 if isinstance(objective, DualScoreMatching) else 0.7
    energy = Quadratics(1.0, constant)
    rows = normal_rows(4000, generator)
    state = objective.init(energy, rows, generator)
    for found in state.learned.values():
        heights = constant / (1 + energy.levels)
        of_first = heights[0] if isinstance(objective, LevelClassification) else 0.0
        found.data -= heights[-len(found) :] - of_first
    parameters = [*energy.parameters(), *state.learned.values()]
    draws = []
    for _ in range(40):
        step = objective.loss(energy, normal_rows(1000, generator), state, generator)
        gradient = torch.autograd.grad(step.loss, parameters)
        draws.append(torch.cat([g.flatten() for g in gradient]))
    found = torch.stack(draws)
    error = found.std(0) / math.sqrt(len(found))
    assert bool((found.mean(0).abs() < 4.5 * error + 1e-12).all())
    own = objective.own_log_z(energy, state)
    assert own is not None
    assert float(own.detach()) == pytest.approx(log_z(1.0, constant), abs=0.05)


@each
def test_training_finds_the_density_and_its_constant(
    objective: Objective[Any], generator: torch.Generator
) -> None:
    energy = Quadratics(1.6, -0.5)
    rows = normal_rows(20_000, generator)
    state = objective.init(energy, rows, generator)
    parameters = [*energy.parameters(), *state.learned.values()]
    adam = FlatAdam(parameters, 0.05, schedule="cosine", total_steps=250)
    for k in range(250):
        adam.zero_grad()
        step = objective.loss(energy, rows[200 * (k % 100) :][:200], state, generator)
        step.loss.backward()  # type: ignore[no-untyped-call]
        adam.step()
    slope, constant = (float(p.detach()) for p in energy.parameters())
    assert slope == pytest.approx(1.0, abs=0.1)
    own = objective.own_log_z(energy, state)
    assert own is not None
    assert float(own.detach()) == pytest.approx(log_z(slope, constant), abs=0.08)


@pytest.mark.parametrize("slope", [0.6, 1.0, 1.5])
def test_dual_score_matching_of_a_quadratic_has_the_closed_form(
    slope: float, generator: torch.Generator
) -> None:
    """Both residuals are quadratic in ``(x, z)``; their moments are averaged over ``log σ``."""
    energy, objective = Quadratics(slope), DualScoreMatching()
    state = objective.init(energy, normal_rows(100, generator), generator)
    losses = torch.stack(
        [
            objective.loss(energy, normal_rows(2000, generator), state, generator).loss.detach()
            for _ in range(40)
        ]
    )
    s2 = torch.logspace(math.log10(LEVELS[-1]), math.log10(LEVELS[0]), 2001).double() ** 2
    share = s2 / (1 + s2)
    space = 1 + (slope**2 - 2 * slope) * share
    k = slope * share / (1 + s2)
    trace = -k + 1 - k * s2
    of_square = k**2 + (1 - k * s2) ** 2 + 2 * k**2 * s2
    noise = (0.5 * (1 - share) - 0.5 * trace).square() + of_square / 4
    exact = float(torch.trapezoid(space + noise) / 2000)
    assert float(losses.mean()) == pytest.approx(
        exact, abs=4 * float(losses.std()) / math.sqrt(40) + 1e-4
    )


def test_the_constant_is_not_that_of_pure_noise(generator: torch.Generator) -> None:
    """With the entropy of the noise alone it would be wrong by ``½d log(1 + v/σ²)``, 0.69 here."""
    energy, objective = Quadratics(1.0), DualScoreMatching()
    state = objective.init(energy, normal_rows(10_000, generator), generator)
    own = objective.own_log_z(energy, state)
    assert own is not None
    assert float(own.detach()) == pytest.approx(log_z(1.0, 0.0), abs=0.05)


class Common(ConditionalEnergy):
    """Levels of which each has one and the same function added."""

    def __init__(self, inner: ConditionalEnergy, weight: float) -> None:
        super().__init__(inner.mean, inner.std, inner.levels.tolist())
        self.inner, self.weight = inner, weight

    def at(self, sigma: float | Tensor) -> Any:
        level, weight = self.inner.at(sigma), self.weight
        before: Callable[[Tensor], Tensor] = level.forward
        level.forward = lambda x: before(x) + weight * x.square().sum(-1).sin()
        return level


@pytest.mark.parametrize("beside", [0.0, 1.0])
def test_a_classifier_alone_is_blind_to_what_all_levels_have_in_common(beside: float) -> None:
    objective = LevelClassification(score_weight=beside, compared=3)
    losses = []
    for weight in (0.0, 2.0):
        energy = Common(Quadratics(1.3), weight)
        generator = torch.Generator().manual_seed(5)
        rows = normal_rows(300, generator)
        state = objective.init(energy, rows, generator)
        losses.append(float(objective.loss(energy, rows, state, generator).loss.detach()))
    if beside:
        assert abs(losses[1] - losses[0]) > 0.1
    else:
        assert losses[1] == pytest.approx(losses[0], abs=1e-12)


def test_more_levels_than_there_are_cannot_be_compared(generator: torch.Generator) -> None:
    with pytest.raises(EbmbenchError, match="4 noise levels are to be compared, and there are 3"):
        LevelClassification(compared=4).init(Quadratics(1.0), torch.zeros(4, 2), generator)


def test_levels_without_a_slope_are_refused(generator: torch.Generator) -> None:
    class Fixed(ConditionalEnergy):
        def at(self, sigma: float | Tensor) -> Any:
            one = torch.ones(1).double()
            return GaussianMixtureEnergy(one, torch.zeros(1, 2).double(), one)

    energy = Fixed(torch.zeros(2).double(), torch.ones(2).double(), LEVELS)
    state = DualScoreMatching().init(energy, normal_rows(4, generator), generator)
    energy.gaussian_log_z = lambda sigma: sigma.detach()  # type: ignore[method-assign]
    with pytest.raises(EbmbenchError, match="is not differentiable in the noise level"):
        DualScoreMatching().loss(energy, normal_rows(4, generator), state, generator)


def test_at_the_start_all_constants_are_those_of_the_gaussians(
    generator: torch.Generator,
) -> None:
    rows = normal_rows(5000, generator).float() * torch.tensor([1.0, 3.0]) + 1
    energy = MLPLevels.create(rows, generator, hidden=[8], levels=[12.0, 3.0, 0.2])
    truth = quadrature(energy).log_z
    for objective in OBJECTIVES:
        own = objective.own_log_z(energy, objective.init(energy, rows, generator))
        assert own is not None
        assert float(own.detach()) == pytest.approx(truth, abs=0.06)
    assert isinstance(OBJECTIVES[2].init(energy, rows, generator), Offsets)
