"""The decision says yes as often as it says it does, and never to what is not finite."""

import math

import pytest
import torch

from ebmbench.samplers.base import ChainState
from ebmbench.samplers.metropolis import accept, decide


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_the_share_of_yes_is_the_probability(
    dtype: torch.dtype, generator: torch.Generator
) -> None:
    ratios = torch.tensor([-3.0, -0.7, -0.01, 0.0, 2.0], dtype=dtype)
    n = 40_000
    taken, probability, divergent = decide(ratios.expand(n, 5).clone(), generator)
    assert probability.dtype == dtype
    assert not bool(divergent.any())
    exact = ratios.double().exp().clamp_max(1)
    torch.testing.assert_close(probability[0].double(), exact, rtol=1e-6, atol=0)
    noise = (exact * (1 - exact) / n).sqrt()
    assert bool(((taken.double().mean(0) - exact).abs() <= 4 * noise).all())


def test_what_is_not_finite_is_refused(generator: torch.Generator) -> None:
    ratios = torch.tensor([math.nan, math.inf, -math.inf, 0.0]).repeat(50, 1)
    taken, probability, divergent = decide(ratios, generator)
    assert torch.equal(divergent[0], torch.tensor([True, True, False, False]))
    assert torch.equal(probability[0], torch.tensor([0.0, 0.0, 0.0, 1.0]))
    assert torch.equal(taken, torch.tensor([False, False, False, True]).expand(50, 4))


def test_a_chain_goes_or_stays_with_all_that_is_known_of_it(generator: torch.Generator) -> None:
    here, there = (
        ChainState(torch.full((30, 2), k), torch.full((30,), k), torch.full((30, 2), k))
        for k in (0.0, 1.0)
    )
    end, info = accept(here, there, torch.full((30,), math.log(0.5)), generator)
    assert torch.equal(end.x[:, 0], end.log_density)
    assert torch.equal(end.x, end.score)
    assert 0 < float(end.log_density.sum()) < 30
    torch.testing.assert_close(info.acceptance, torch.full((30,), 0.5))
