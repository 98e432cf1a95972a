"""The area under the ROC curve against its closed form for two Gaussians."""

import math
from dataclasses import replace

import pytest
import torch
from scipy import stats

from ebmbench.metrics.outliers import auroc, auroc_stderr, ood_auroc


@pytest.mark.parametrize("shift", [0.0, 1.0, 2.5])
def test_area_of_two_gaussians(shift: float) -> None:
    """P(X + δ > Y) of standard normal X and Y is Φ(δ/√2)."""
    generator = torch.Generator().manual_seed(0)
    inside, outside = torch.randn(2, 4000, generator=generator, dtype=torch.float64)
    expected = float(stats.norm.cdf(shift / math.sqrt(2)))
    found = auroc(inside + shift, outside)
    assert found == pytest.approx(expected, abs=4 * auroc_stderr(expected, 4000, 4000))


def test_area_is_the_share_of_ordered_pairs() -> None:
    inside, outside = torch.tensor([2.0, 1.0, 0.0]), torch.tensor([1.0, -1.0])
    pairs = (inside[:, None] > outside).double() + 0.5 * (inside[:, None] == outside).double()
    assert auroc(inside, outside) == pytest.approx(float(pairs.mean()))


def test_stderr_is_the_spread_over_repeats() -> None:
    # the formula of Hanley and McNeil is exact for exponential scores
    generator = torch.Generator().manual_seed(1)
    values = []
    for _ in range(400):
        inside, outside = torch.empty(2, 60, dtype=torch.float64).exponential_(generator=generator)
        values.append(auroc(3 * inside, outside))
    spread = float(torch.tensor(values).std())
    assert auroc_stderr(0.75, 60, 60) == pytest.approx(spread, rel=0.15)


def test_outliers_are_told_by_the_energy(mixture, evaluation) -> None:
    truth = mixture([[0.0, 0.0]], 1.0)
    made = evaluation(truth, truth)
    assert ood_auroc(made) is None
    far = replace(made.dataset, outliers=torch.full((50, 2), 8.0))
    found = ood_auroc(replace(made, dataset=far, memo={}))
    assert found.value == 1.0
    same = replace(made.dataset, outliers=made.dataset.validation)
    found = ood_auroc(replace(made, dataset=same, memo={}))
    assert found.value == pytest.approx(0.5, abs=4 * found.stderr)
