"""Directions of bounds and coverage of intervals over many repeats; long, so not in CI."""

import math

import pytest
import torch
from torch import Tensor

from ebmbench.energies.base import Energy
from ebmbench.energies.ica import ICAEnergy
from ebmbench.energies.mixture import GaussianMixtureEnergy
from ebmbench.energies.nice import NICEEnergy
from ebmbench.partition import GaussianLaw, ais, bdmc, importance_sampling, smc
from ebmbench.partition.annealing import anneal, anneal_back, particles_at, pilot
from ebmbench.partition.base import log_mean_exp
from ebmbench.partition.sampling import ExactlySampled

pytestmark = pytest.mark.statistical


def mixture(d: int, gap: float, std: float) -> GaussianMixtureEnergy:
    means = torch.stack([torch.full((d,), -gap), torch.full((d,), gap)]).double() / math.sqrt(d)
    weights = torch.tensor([0.7, 0.3], dtype=torch.float64)
    return GaussianMixtureEnergy(weights, means, torch.full((2,), std**2, dtype=torch.float64))


def ica(d: int) -> ICAEnergy:
    demixing = torch.randn(d, d, generator=torch.Generator().manual_seed(1)).double()
    demixing = demixing + 2 * torch.eye(d, dtype=torch.float64)
    covariance = torch.linalg.inv(demixing.T @ demixing) * math.pi**2 / 3
    return ICAEnergy(demixing, "logistic", torch.zeros(d).double(), covariance.diagonal().sqrt())


def nice(d: int) -> NICEEnergy:
    g = torch.Generator().manual_seed(1)
    model = NICEEnergy(torch.zeros(d), torch.ones(d), 4, [64], "softplus", g)
    with torch.no_grad():
        for coupling in model.couplings:
            last = list(coupling.children())[-1]
            last.weight.normal_(0, 0.05, generator=g)
    return model.double()


def law_of(model: Energy) -> GaussianLaw:
    assert isinstance(model, ExactlySampled)
    rows = model.sample(5000, torch.Generator().manual_seed(2)).detach()
    return GaussianLaw.fitted(model, rows)


MODELS = {
    "mixture-2": lambda: mixture(2, 1.5, 0.6),
    "mixture-10": lambda: mixture(10, 1.5, 0.6),
    "mixture-50": lambda: mixture(50, 1.5, 0.6),
    "ica-10": lambda: ica(10),
    "nice-64": lambda: nice(64),
}


def truth(model: Energy) -> float:
    exact = model.log_z()
    assert exact is not None
    return float(exact.detach())


@pytest.mark.parametrize("name", MODELS)
def test_forward_ends_lie_below_and_reverse_ends_above(name: str) -> None:
    model = MODELS[name]()
    law, g = law_of(model), torch.Generator().manual_seed(3)
    plan = pilot(model, law, g)
    lower, upper = [], []
    for _ in range(20):
        # few chains and temperatures, so that the bias is larger than its noise
        forward = anneal(model, law, plan, 12, 10, g)
        z = law.to_z(model.sample(10, g).detach())
        back = anneal_back(model, law, plan, 12, particles_at(model, law, z), g)
        lower.append(log_mean_exp(forward.log_z) - truth(model))
        upper.append(-log_mean_exp(-back.log_z) - truth(model))
    below, above = torch.tensor(lower), torch.tensor(upper)
    noise = 3 / math.sqrt(20)
    assert float(below.mean()) < noise * float(below.std())
    assert float(above.mean()) > -noise * float(above.std())
    # Markov: P(log Ẑ > log Z + c) ≤ e^-c, on either side
    assert float(below.max()) < 6
    assert float(above.min()) > -6


def test_the_estimates_of_z_are_unbiased() -> None:
    model = mixture(10, 1.0, 0.7)
    law, g = law_of(model), torch.Generator().manual_seed(4)
    plan = pilot(model, law, g)
    for populations in (None, 40):
        ratios = anneal(model, law, plan, 20, 4000, g, populations).log_z.exp()
        groups = ratios.reshape(40, -1).mean(1)
        assert float(groups.mean()) == pytest.approx(1, abs=4 * float(groups.std()) / 40**0.5)


@pytest.mark.parametrize("name", MODELS)
@pytest.mark.parametrize("estimate", [ais, smc, importance_sampling], ids=lambda f: f.__name__)
def test_what_is_certified_is_right(name: str, estimate) -> None:
    model, errors = MODELS[name](), []
    law = law_of(model)
    for seed in range(8):
        found = estimate(model, torch.Generator().manual_seed(seed), law=law)
        if found.certified:
            errors.append((abs(found.log_z - truth(model)), found.stderr))
    # the Gaussian of a mixture's moments is no proposal for it in 50 dimensions
    assert len(errors) >= (0 if estimate is importance_sampling else 5)
    # within the tolerance and its noise every time; within three errors nearly every time
    assert all(error < 0.1 + 3 * stderr for error, stderr in errors)
    assert sum(error > 3 * stderr + 0.05 for error, stderr in errors) <= 1


@pytest.mark.parametrize("name", MODELS)
def test_bdmc_brackets_the_truth(name: str) -> None:
    model = MODELS[name]()

    def sampler(n: int, g: torch.Generator) -> Tensor:
        return model.sample(n, g).detach()

    found = bdmc(model, sampler, torch.Generator().manual_seed(5), law=law_of(model))
    assert found.lower - 3 * found.stderr < truth(model) < found.upper + 3 * found.stderr
