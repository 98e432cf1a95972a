"""The noise levels for rows, against numbers of the literature."""

import math
from itertools import pairwise

import pytest
import torch

from ebmbench.energies.noise_ladder import noise_ladder, ratio
from ebmbench.errors import EbmbenchError


@pytest.mark.parametrize(("dim", "published"), [(64, 1.36), (784, 1.082)])
def test_the_ratio_leaves_half_of_a_shell_in_the_next(dim: int, published: float) -> None:
    assert ratio(dim) == pytest.approx(published, abs=0.005)
    # the equation itself, with the normal distribution of another library
    normal = torch.distributions.Normal(0.0, 1.0)
    shift = math.sqrt(2 * dim) * (ratio(dim) - 1)
    ends = torch.tensor([shift + 3 * ratio(dim), shift - 3 * ratio(dim)], dtype=torch.float64)
    high, low = normal.cdf(ends).tolist()
    assert high - low == pytest.approx(0.5, abs=1e-6)


def test_in_the_plane_noise_is_halved() -> None:
    assert ratio(2) == ratio(4) == 2.0


def test_levels_go_evenly_from_the_largest_distance_to_the_lowest() -> None:
    rows = torch.tensor([[0.0, 0.0], [3.0, 4.0], [1.0, 0.0]])
    levels = noise_ladder(rows, 0.1)
    assert levels[0] == pytest.approx(5.0)
    assert levels[-1] == 0.1
    assert len(levels) == 7
    ratios = [a / b for a, b in pairwise(levels)]
    assert max(ratios) == pytest.approx(min(ratios))
    assert max(ratios) <= 2


def test_a_lowest_level_above_all_distances_is_refused() -> None:
    with pytest.raises(EbmbenchError, match="the lowest noise level is 6, allowed: less than 5"):
        noise_ladder(torch.tensor([[0.0, 0.0], [3.0, 4.0]]), 6.0)
