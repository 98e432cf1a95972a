"""The densities that get harder along one number: normalised, with the score of their density."""

from __future__ import annotations

import math

import pytest
import torch

from ebmbench.datasets.base import Sizes
from ebmbench.datasets.limits import LimitLoader, crossed, limit, ring, separated
from ebmbench.partition.grid import Box, midpoints

CASES = [
    ("separation", 3.0), ("separation", 12.0), ("condition", 1.5), ("condition", 1000.0),
    ("sharpness", 0.5), ("sharpness", 0.02),
]  # fmt: skip


@pytest.mark.parametrize(("axis", "level"), CASES)
def test_the_mass_is_one(axis: str, level: float) -> None:
    half = 6.0 + (level / 2 if axis == "separation" else 0.0)
    box = Box(torch.full((2,), -half).double(), torch.full((2,), half).double())
    cells = 3000
    law = limit(axis, level)  # type: ignore[arg-type]
    mass = law.log_prob(midpoints(box, (cells, cells))).exp().sum() * (2 * half / cells) ** 2
    assert float(mass) == pytest.approx(1.0, abs=1e-4)


@pytest.mark.parametrize(("axis", "level"), CASES)
def test_the_score_is_that_of_the_density(axis: str, level: float) -> None:
    law = limit(axis, level)  # type: ignore[arg-type]
    x = law.sample(50, torch.Generator().manual_seed(0)).requires_grad_()
    (slope,) = torch.autograd.grad(law.log_prob(x).sum(), x)
    torch.testing.assert_close(law.score(x.detach()), slope, rtol=1e-6, atol=1e-6)


def test_levels_are_what_they_say() -> None:
    assert separated(9.0).means[1, 0] - separated(9.0).means[0, 0] == 9.0
    assert separated(9.0).weights.tolist() == pytest.approx([0.8, 0.2])
    covariance = crossed(100.0).factors[0] @ crossed(100.0).factors[0].T
    assert float(torch.linalg.cond(covariance)) == pytest.approx(100.0)
    rows = ring(0.05).sample(20_000, torch.Generator().manual_seed(0))
    radii = torch.linalg.vector_norm(rows, dim=1)
    assert float(radii.std()) == pytest.approx(0.05, rel=0.03)
    assert float(radii.mean()) == pytest.approx(2.0, abs=0.01)


def test_crossed_rows_are_as_wide_in_both_directions() -> None:
    rows = crossed(1000.0).sample(100_000, torch.Generator().manual_seed(0))
    assert float(torch.linalg.cond(torch.cov(rows.T))) == pytest.approx(1.0, abs=0.05)


def test_the_optimum_of_modes_far_apart_is_that_of_one_and_the_weights() -> None:
    data = LimitLoader(axis="separation", level=12.0).load(Sizes(100, 100, 20_000), 0, None)
    entropy = 1 + math.log(2 * math.pi) - sum(w * math.log(w) for w in (0.8, 0.2))
    assert data.truth is not None
    assert float(data.truth.log_prob(data.test).mean()) == pytest.approx(-entropy, abs=0.03)
    assert data.modes is not None
    assert data.modes.weights.tolist() == pytest.approx([0.8, 0.2])
