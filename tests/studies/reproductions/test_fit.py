"""Fitting as the papers do: on a fixed sample, on a stream, with early stopping."""

import pytest
import torch

from ebmbench.cardtables import Optimiser
from ebmbench.objectives.nce import NoiseContrastiveEstimation
from ebmbench.objectives.sm import ScoreMatching
from ebmbench.studies.reproductions.fit import EarlyStopping, fit_sample, fit_stream
from ebmbench.studies.reproductions.one_dimensional import (
    PairEnergy,
    PrecisionEnergy,
    QuarticEnergy,
)


def draw(random: torch.Generator) -> torch.Tensor:
    return torch.randn(500, 1, generator=random, dtype=torch.float64)


def test_a_sample_is_fitted_to_the_minimum_of_its_own_loss() -> None:
    """Score matching has the minimum ``λ = 1 / mean(x²)`` for a Gaussian, ``3 m₂ / m₆`` for x⁴."""
    rows = draw(torch.Generator().manual_seed(0))
    gaussian, quartic = PrecisionEnergy(3.0), QuarticEnergy(1.0)
    for energy in (gaussian, quartic):
        assert not fit_sample(energy, ScoreMatching(), rows, seed=0).diverged
    second, sixth = float((rows**2).mean()), float((rows**6).mean())
    assert float(gaussian.precision.detach()) == pytest.approx(1 / second, rel=1e-5)
    assert float(quartic.theta.detach()) == pytest.approx(3 * second / sixth, rel=1e-5)


def test_a_learned_normaliser_is_fitted_along() -> None:
    rows = torch.cat([draw(torch.Generator().manual_seed(k)) for k in range(20)])
    energy = PairEnergy(3.0)
    fitted = fit_sample(energy, NoiseContrastiveEstimation(nu=3), rows, seed=1)
    assert float(fitted.state.learned["log_z"].detach()) != 0
    first = PrecisionEnergy(2.0)
    again = [fit_sample(first, NoiseContrastiveEstimation(), rows, seed=1) for _ in range(2)]
    log_z = 0.5 * torch.log(2 * torch.pi / first.precision.detach())
    learned = again[1].state.learned["log_z"].detach()
    torch.testing.assert_close(learned, log_z, atol=0.05, rtol=0)


def test_a_stream_is_fitted_and_counts_its_steps() -> None:
    energy, data = PrecisionEnergy(2.0), torch.Generator().manual_seed(3)
    fitted = fit_stream(
        energy,
        ScoreMatching(),
        draw,
        200,
        optimiser=Optimiser(learning_rate=0.05),
        data=data,
        noise=torch.Generator(),
    )
    assert (fitted.evaluations, fitted.diverged) == (200, False)
    assert float(energy.precision.detach()) == pytest.approx(1.0, abs=0.05)


def test_early_stopping_goes_back_to_the_best_weights() -> None:
    """Training lowers λ from 2 to 1; the loss asks for 1.5 and the fit must end near it."""
    energy, data = PrecisionEnergy(2.0), torch.Generator().manual_seed(3)
    stop = EarlyStopping(lambda: abs(float(energy.precision.detach()) - 1.5), every=2, patience=3)
    adam = Optimiser(learning_rate=0.05, schedule="constant")
    fitted = fit_stream(
        energy,
        ScoreMatching(),
        draw,
        300,
        optimiser=adam,
        data=data,
        noise=torch.Generator(),
        stop=stop,
    )
    assert fitted.evaluations < 60
    assert float(energy.precision.detach()) == pytest.approx(1.5, abs=0.1)


def test_divergence_is_noticed() -> None:
    energy, data = PrecisionEnergy(2.0), torch.Generator().manual_seed(3)

    def infinite(random: torch.Generator) -> torch.Tensor:
        return draw(random) / 0

    fitted = fit_stream(
        energy,
        ScoreMatching(),
        infinite,
        300,
        optimiser=Optimiser(),
        data=data,
        noise=torch.Generator(),
        first=draw(data),
    )
    assert fitted.diverged
    assert fitted.evaluations == 1
