"""The score-matching losses against their closed forms on Gaussians."""

import math
from collections.abc import Callable
from itertools import pairwise

import pytest
import torch
from torch import Tensor

from ebmbench.energies.base import Energy
from ebmbench.energies.ica import ICAEnergy
from ebmbench.objectives import Objective, State
from ebmbench.objectives.directions import Directions, draw_directions
from ebmbench.objectives.dsm import DenoisingScoreMatching
from ebmbench.objectives.fd_ssm import FiniteDifferenceSlicedScoreMatching
from ebmbench.objectives.sm import ScoreMatching
from ebmbench.objectives.ssm import SlicedScoreMatching
from ebmbench.objectives.ssm_vr import SlicedScoreMatchingVR

Make = Callable[..., Energy]
KINDS: tuple[Directions, ...] = ("rademacher", "gaussian", "sphere")


def quadratic(energy: Energy) -> tuple[Tensor, Tensor]:
    """Location and precision of the Gaussian model."""
    parameters = dict(energy.named_parameters())
    return parameters["location"], parameters["precision"]


def assert_same(loss: Tensor, closed: Tensor, energy: Energy) -> None:
    """Two losses agree, and so do their gradients."""
    torch.testing.assert_close(loss, closed)
    mine = torch.autograd.grad(loss, list(energy.parameters()))
    theirs = torch.autograd.grad(closed, list(energy.parameters()), retain_graph=True)
    for a, b in zip(mine, theirs, strict=True):
        torch.testing.assert_close(a, b)


def test_exact_loss_and_gradient_are_those_of_the_closed_form(
    gaussian_energy: Make, rows: Tensor, generator: torch.Generator
) -> None:
    energy = gaussian_energy([0.1, -0.4], [0.7, 2.0])
    loss = ScoreMatching().loss(energy, rows, State(), generator).loss
    m, precision = quadratic(energy)
    s = -precision * (rows - m)
    assert_same(loss, (0.5 * (s * s).sum(1) - precision.sum()).mean(), energy)


def test_exact_loss_of_a_model_that_is_not_gaussian(generator: torch.Generator) -> None:
    """For logistic sources ``s = -B' tanh(Bx/2)`` and ``∇·s = -½ Σ ‖b_i‖² (1 - tanh²)``."""
    b = torch.tensor([[1.0, 0.4, 0.0], [-0.3, 0.8, 0.2], [0.5, 0.1, 1.4]]).double()
    zero, one = torch.zeros(3).double(), torch.ones(3).double()
    energy = ICAEnergy(b, "logistic", zero, one)
    x = torch.empty(50, 3).double().normal_(generator=generator)
    t = torch.tanh(0.5 * x @ energy.demixing.T)
    s = -t @ energy.demixing
    laplacian = -0.5 * ((1 - t * t) * energy.demixing.square().sum(1)).sum(1)
    loss = ScoreMatching().loss(energy, x, State(), generator).loss
    assert_same(loss, (0.5 * (s * s).sum(1) + laplacian).mean(), energy)


def test_fisher_divergence_is_the_loss_plus_a_constant_of_the_data(
    gaussian_energy: Make, generator: torch.Generator
) -> None:
    """Data N(0, 1): the divergence is ``½ (1 - 1/v)²`` and the constant ½; v = 2 gives 1/8.

    The sample has exactly unit variance, so the identity holds without sampling error.
    """
    x = torch.tensor([[-1.0], [1.0]], dtype=torch.float64)
    for v, divergence in ((2.0, 0.125), (0.5, 0.5), (1.0, 0.0)):
        energy = gaussian_energy([0.0], [1 / v])
        loss = ScoreMatching().loss(energy, x, State(), generator).loss
        assert float(loss.detach()) + 0.5 == pytest.approx(divergence)


@pytest.mark.parametrize("kind", KINDS)
def test_sliced_losses_path_by_path(
    kind: Directions, gaussian_energy: Make, rows: Tensor, generator: torch.Generator
) -> None:
    energy = gaussian_energy([0.1, -0.4], [0.7, 2.0])
    m, precision = quadratic(energy)
    x = rows.repeat(3, 1)
    v = draw_directions(x, kind, torch.Generator().manual_seed(4))
    s = -precision * (x - m)
    curvature = -(precision * v * v).sum(1)
    sliced = SlicedScoreMatching(directions=kind, projections=3)
    loss = sliced.loss(energy, rows, State(), torch.Generator().manual_seed(4)).loss
    assert_same(loss, (0.5 * (s * v).sum(1) ** 2 + curvature).mean(), energy)
    reduced = SlicedScoreMatchingVR(directions=kind, projections=3)
    loss = reduced.loss(energy, rows, State(), torch.Generator().manual_seed(4)).loss
    assert_same(loss, (0.5 * (s * s).sum(1) + curvature).mean(), energy)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("objective", [SlicedScoreMatching, SlicedScoreMatchingVR])
def test_sliced_losses_are_score_matching_on_average(
    kind: Directions,
    objective: type[SlicedScoreMatching] | type[SlicedScoreMatchingVR],
    rows: Tensor,
    generator: torch.Generator,
) -> None:
    b = torch.tensor([[1.0, 0.4], [-0.3, 0.8]]).double()
    energy = ICAEnergy(b, "logistic", torch.zeros(2).double(), torch.ones(2).double())
    exact = float(ScoreMatching().loss(energy, rows, State(), generator).loss.detach())
    sliced = objective(directions=kind)
    losses = torch.stack(
        [sliced.loss(energy, rows, State(), generator).loss.detach() for _ in range(60)]
    )
    assert abs(float(losses.mean()) - exact) < 4 * float(losses.std()) / math.sqrt(60)
    assert float(losses.std()) > 0


def test_finite_differences_of_a_quadratic_are_exact(
    gaussian_energy: Make, rows: Tensor, generator: torch.Generator
) -> None:
    energy = gaussian_energy([0.1, -0.4], [0.7, 2.0])
    losses = [
        objective.loss(energy, rows, State(), torch.Generator().manual_seed(4)).loss
        for objective in (
            FiniteDifferenceSlicedScoreMatching(epsilon=0.3, projections=2),
            SlicedScoreMatching(projections=2),
        )
    ]
    assert_same(losses[0], losses[1], energy)


def test_finite_differences_tend_to_sliced_score_matching_with_the_square_of_the_step(
    rows: Tensor,
) -> None:
    b = torch.tensor([[1.0, 0.4], [-0.3, 0.8]]).double()
    energy = ICAEnergy(b, "logistic", torch.zeros(2).double(), torch.ones(2).double())

    def gradient(objective: Objective) -> Tensor:
        loss = objective.loss(energy, rows, State(), torch.Generator().manual_seed(4)).loss
        (found,) = torch.autograd.grad(loss, list(energy.parameters()))
        return found

    limit = gradient(SlicedScoreMatching())
    errors = [
        float((gradient(FiniteDifferenceSlicedScoreMatching(epsilon=e)) - limit).norm())
        for e in (0.2, 0.1, 0.05)
    ]
    assert errors[0] > 1e-3
    for wide, narrow in pairwise(errors):
        assert math.log2(wide / narrow) == pytest.approx(2, abs=0.1)


@pytest.mark.parametrize("kind", KINDS)
def test_directions_have_identity_covariance(kind: Directions, generator: torch.Generator) -> None:
    x = torch.empty(40_000, 3, dtype=torch.float64)
    v = draw_directions(x, kind, generator)
    products = v[:, :, None] * v[:, None, :]
    error = (products.mean(0) - torch.eye(3)) / (products.std(0) / 200 + 1e-12)
    assert float(error.abs().max()) < 4
    if kind == "rademacher":
        assert set(v.unique().tolist()) == {-1.0, 1.0}
    if kind == "sphere":
        torch.testing.assert_close(v.square().sum(1), torch.full((40_000,), 3.0).double())


def expected_dsm(a: float, v: Tensor, sigma: float) -> Tensor:
    """The expected loss for data N(0, a) and a model N(0, v), per dimension."""
    return 0.5 * ((a + sigma**2) * sigma**2 / v**2 - 2 * sigma**2 / v + 1)


@pytest.mark.parametrize("sigma", [0.3, 1.0])
def test_denoising_loss_and_gradient_against_the_expectation(
    sigma: float, gaussian_energy: Make, generator: torch.Generator
) -> None:
    a, n = 2.0, 40_000
    x = math.sqrt(a) * torch.empty(n, 1, dtype=torch.float64).normal_(generator=generator)
    objective = DenoisingScoreMatching(sigma=sigma)
    for v in (a, a + sigma**2, 4.0):
        energy = gaussian_energy([0.0], [1 / v])
        state = objective.init(energy, x, generator)
        blocks = [objective.loss(energy, block, state, generator).loss for block in x.split(400)]
        losses = torch.stack(blocks)
        precision = torch.tensor(1 / v, dtype=torch.float64, requires_grad=True)
        closed = expected_dsm(a, 1 / precision, sigma)
        error = losses.detach() - closed.detach()
        assert abs(float(error.mean())) < 4 * float(error.std()) / 10
        slopes = torch.stack(
            [torch.autograd.grad(loss, quadratic(energy)[1])[0][0] for loss in blocks]
        )
        (slope,) = torch.autograd.grad(closed, precision)
        assert abs(float(slopes.mean() - slope)) < 4 * float(slopes.std()) / 10
        # The optimum is the smoothed variance, not that of the data.
        assert (abs(float(slope)) < 1e-12) == (v == a + sigma**2)


def test_denoising_is_fisher_divergence_to_the_smoothed_data() -> None:
    """``loss/σ² - D_F(N(0, a+σ²) ‖ N(0, v))`` is the same for every model."""
    a, sigma = 1.3, 0.6
    b = a + sigma**2
    v = torch.tensor([0.5, 1.0, 2.0, 5.0], dtype=torch.float64)
    difference = expected_dsm(a, v, sigma) / sigma**2 - 0.5 * b * (1 / v - 1 / b) ** 2
    torch.testing.assert_close(difference, difference[:1].expand(4))


def test_denoising_gradient_variance_grows_as_the_noise_shrinks(
    gaussian_energy: Make, generator: torch.Generator
) -> None:
    """Of the loss without its factor ``σ²``: as ``1/σ²`` (tutorial, before Eq. 12)."""
    x = torch.empty(20_000, 1, dtype=torch.float64).normal_(generator=generator)

    def variance(sigma: float) -> float:
        energy = gaussian_energy([0.0], [1.0])
        objective = DenoisingScoreMatching(sigma=sigma)
        state = objective.init(energy, x, generator)
        slopes = [
            torch.autograd.grad(
                objective.loss(energy, block, state, generator).loss, quadratic(energy)[1]
            )[0]
            for block in x.split(40)
        ]
        return float(torch.stack(slopes).var()) / sigma**4

    assert variance(0.01) / variance(0.02) == pytest.approx(4, rel=0.35)
