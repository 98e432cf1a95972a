"""Directions of bounds where the bias is large, and unbiasedness of ``Z``; long, so not in CI."""

import math

import pytest
import torch

from ebmbench.partition.annealing import anneal, anneal_back
from ebmbench.partition.base import log_mean_exp
from ebmbench.samplers.pilot import pilot
from ebmbench.studies.validation.cases import CASES, sampled
from ebmbench.studies.validation.models import exact_log_z

pytestmark = pytest.mark.statistical

NAMES = ["mixture-2 overlapping", "mixture-50 overlapping", "funnel-10", "ica-50", "nice-64"]


@pytest.mark.parametrize("name", NAMES)
def test_forward_ends_lie_below_and_reverse_ends_above(name: str) -> None:
    model = CASES[name].build().requires_grad_(False)
    truth, initial = exact_log_z(model), CASES[name].law(model)
    g = torch.Generator().manual_seed(3)
    bridge = initial.bridge_to(model)
    path = pilot(bridge, g)
    lower, upper = [], []
    for _ in range(20):
        # few chains and temperatures, so that the bias is larger than its noise
        forward = anneal(bridge, path, 12, 10, generator=g)
        z = initial.to_z(sampled(model).draw(10, g))
        back = anneal_back(bridge, path, 12, bridge.evaluate(z), generator=g)
        lower.append(log_mean_exp(forward.log_z) - truth)
        upper.append(-log_mean_exp(-back.log_z) - truth)
    below, above = torch.tensor(lower), torch.tensor(upper)
    noise = 3 / math.sqrt(20)
    assert float(below.mean()) < noise * float(below.std())
    assert float(above.mean()) > -noise * float(above.std())
    # Markov: P(log Ẑ > log Z + c) ≤ e^-c, on either side
    assert float(below.max()) < 6
    assert float(above.min()) > -6


def test_the_estimates_of_z_are_unbiased() -> None:
    case = CASES["mixture-10 overlapping"]
    model = case.build()
    initial, g = case.law(model), torch.Generator().manual_seed(4)
    bridge = initial.bridge_to(model)
    path = pilot(bridge, g)
    for populations in (None, 40):
        ratios = anneal(bridge, path, 20, 4000, generator=g, populations=populations).log_z.exp()
        groups = ratios.reshape(40, -1).mean(1)
        assert float(groups.mean()) == pytest.approx(1, abs=4 * float(groups.std()) / 40**0.5)
