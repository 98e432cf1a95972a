"""The classifier two-sample test against the accuracy of the best classifier."""

import math

import pytest
import torch
from scipy import stats

from ebmbench.metrics.two_sample import accuracy, c2st


@pytest.mark.parametrize("shift", [0.0, 1.0, 3.0])
def test_accuracy_on_gaussians_is_that_of_the_best_classifier(shift: float) -> None:
    """Between N(0, I) and N(δ e_1, I) no classifier does better than Φ(δ/2)."""
    generator = torch.Generator().manual_seed(0)
    x, y = torch.randn(2, 800, 2, generator=generator, dtype=torch.float64)
    y[:, 0] += shift
    found, stderr = accuracy(x, y, seed=1)
    assert found == pytest.approx(float(stats.norm.cdf(shift / 2)), abs=0.04)
    assert stderr == pytest.approx(math.sqrt(found * (1 - found) / 1600))


def test_units_do_not_matter() -> None:
    generator = torch.Generator().manual_seed(0)
    x, y = torch.randn(2, 200, 2, generator=generator, dtype=torch.float64)
    scale = torch.tensor([1e3, 1e-3], dtype=torch.float64)
    assert accuracy(x, y, seed=1) == pytest.approx(accuracy(x * scale + 7, y * scale + 7, seed=1))


def test_samples_of_the_right_model_cannot_be_told(mixture, evaluation) -> None:
    truth = mixture([[-1.0, 0.0], [1.0, 0.0]], 0.4)
    wrong = mixture([[-1.0, 0.0], [3.0, 0.0]], 0.4)
    assert c2st(evaluation(truth, truth, effort=0)).value < 0.56
    assert c2st(evaluation(truth, wrong, effort=0)).value > 0.65
