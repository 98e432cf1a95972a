"""Systematic resampling is unbiased and no count is more than one off."""

import pytest
import torch

from ebmbench.samplers.resampling import systematic_resample

WEIGHTS = torch.tensor([0.43, 0.02, 0.25, 0.13, 0.17], dtype=torch.float64)


def counts(n: int, generator: torch.Generator, shift: float = 0.0) -> torch.Tensor:
    chosen = systematic_resample(WEIGHTS.log() + shift, n, generator)
    assert bool((chosen.diff() >= 0).all())
    return torch.bincount(chosen, minlength=len(WEIGHTS)).double()


def test_every_count_is_the_expected_one_rounded_up_or_down(generator: torch.Generator) -> None:
    for _ in range(50):
        found = counts(83, generator)
        assert float(found.sum()) == 83
        assert bool((found - 83 * WEIGHTS).abs().max() < 1)


def test_the_mean_count_is_the_expected_one(generator: torch.Generator) -> None:
    repeats = torch.stack([counts(7, generator, shift=800.0) for _ in range(4000)])
    error = repeats.mean(0) - 7 * WEIGHTS
    assert bool((error.abs() < 4 * (repeats.std(0) / 4000**0.5)).all())


@pytest.mark.parametrize("bad", [float("nan"), float("-inf")])
def test_a_chain_without_a_weight_is_never_chosen(bad: float, generator: torch.Generator) -> None:
    weights = torch.tensor([bad, 0.0, bad, -1.0, bad], dtype=torch.float32)
    chosen = systematic_resample(weights, 100, generator)
    assert set(chosen.tolist()) == {1, 3}


def test_more_or_fewer_may_be_chosen_than_there_are(generator: torch.Generator) -> None:
    assert systematic_resample(WEIGHTS.log(), 2, generator).shape == (2,)
    assert systematic_resample(WEIGHTS.log(), 12, generator).shape == (12,)
