"""Densities above the plane against the same densities written another way."""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from typing import cast

import pytest
import torch
from torch import Tensor
from torch.distributions import Categorical, MixtureSameFamily, MultivariateNormal, Normal

from ebmbench import catalog
from ebmbench.datasets.base import Dataset, Sizes
from ebmbench.datasets.known import COMPONENTS, HEAVIEST, SEPARATION, KnownLoader, KnownName, known
from ebmbench.energies.mixture import GaussianMixtureEnergy
from ebmbench.energies.nice import NICEEnergy

SHAPES: tuple[tuple[KnownName, int], ...] = (
    ("mixture", 8),
    ("funnel", 10),
    ("banana", 8),
    ("nice", 16),
    ("scale-mixture", 100),
)
every = pytest.mark.parametrize(("name", "dim"), SHAPES)


def seeded(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def normal(x: Tensor, std: Tensor | float = 1.0) -> Tensor:
    scale = torch.as_tensor(std, dtype=torch.float64)
    return Normal(torch.zeros_like(scale), scale).log_prob(x)


def by_components(name: KnownName, x: Tensor) -> Tensor:
    law = cast(GaussianMixtureEnergy, known(name, x.shape[1]).energy)
    std = torch.ones(len(law.weights)) if name == "mixture" else torch.tensor([1.0, 4.0])
    eye = torch.eye(x.shape[1], dtype=torch.float64)
    parts = MultivariateNormal(law.means, scale_tril=std.double()[:, None, None] * eye)
    return MixtureSameFamily(Categorical(law.weights), parts).log_prob(x)


def by_the_neck(x: Tensor) -> Tensor:
    first = x[:, :1]
    return (normal(first) + normal(x[:, 1:], (first / 2).exp()).sum(1, True))[:, 0]


def by_straightening(x: Tensor) -> Tensor:
    straight = x[:, 1] + 0.03 * (x[:, 0] ** 2 - 100)
    rest = normal(straight) + normal(x[:, 2:]).sum(1)
    return normal(x[:, 0], 10.0) + rest


def by_inverting(x: Tensor) -> Tensor:
    """The density of what a standard normal becomes, its Jacobian determinant by autograd."""
    flow = cast(NICEEnergy, known("nice", x.shape[1]).energy)
    values = []
    for row in x:
        # the energy is half the squared norm of the latent point; recovered coupling by coupling
        def latent(point: Tensor) -> Tensor:
            halves = [point[0::2], point[1::2]]
            for k, network in enumerate(flow.couplings):
                halves[1 - k % 2] = halves[1 - k % 2] + network(halves[k % 2])
            return torch.stack(halves, 1).flatten() * flow.log_scale.exp()

        jacobian = cast(Tensor, torch.autograd.functional.jacobian(latent, row))
        values.append(normal(latent(row)).sum() + torch.linalg.slogdet(jacobian)[1])
    return torch.stack(values)


@every
def test_the_density_written_another_way(name: KnownName, dim: int) -> None:
    truths: dict[KnownName, Callable[[Tensor], Tensor]] = {
        "mixture": lambda x: by_components("mixture", x),
        "scale-mixture": lambda x: by_components("scale-mixture", x),
        "funnel": by_the_neck,
        "banana": by_straightening,
        "nice": by_inverting,
    }
    x = known(name, dim).sample(20, seeded())
    torch.testing.assert_close(known(name, dim).log_prob(x), truths[name](x), rtol=1e-9, atol=1e-9)


@every
def test_the_score_is_the_slope(name: KnownName, dim: int) -> None:
    law = known(name, dim)
    x = law.sample(50, seeded())
    direction = torch.randn(x.shape, generator=seeded(1), dtype=torch.float64)
    step = 1e-5 * direction
    slope = (law.log_prob(x + step) - law.log_prob(x - step)) / 2e-5
    found = (law.score(x) * direction).sum(1)
    torch.testing.assert_close(found, slope, rtol=1e-5, atol=1e-5 * dim)


@every
def test_samples_have_the_entropy_on_the_card(name: KnownName, dim: int) -> None:
    law = known(name, dim)
    half = 0.5 * dim * math.log(2 * math.pi * math.e)
    closed = {
        "funnel": half,
        "banana": half + math.log(10),
        "nice": half - float(getattr(law.energy, "log_scale", torch.zeros(1)).sum()),
        # the two components do not meet
        "scale-mixture": half + 0.5 * dim * math.log(4) + math.log(2),
        "mixture": 14.978,
    }
    found = -law.log_prob(law.sample(4000, seeded(2)))
    error = float(found.mean()) - closed[name]
    assert abs(error) < 4 * float(found.std()) / math.sqrt(4000)
    stated = re.findall(r"−([\d.]+) nats", catalog.tasks()[f"known/{name}-{dim}"].summary)
    assert float(stated[-1]) == pytest.approx(closed[name], abs=0.006)


def test_components_lie_apart_as_the_cards_say() -> None:
    for dim in (8, 16, 32, 64):
        energy = cast(GaussianMixtureEnergy, known("mixture", dim).energy)
        distances = torch.nn.functional.pdist(energy.means)
        assert len(energy.means) == COMPONENTS
        assert float(distances.min()) == pytest.approx(SEPARATION)
        assert float(energy.weights.max() / energy.weights.min()) == pytest.approx(HEAVIEST)
        summary = catalog.tasks()[f"known/mixture-{dim}"].summary
        assert f"the median pair {float(distances.median()):.1f} deviations apart" in summary


@every
def test_rows_depend_on_the_seed_alone(
    name: KnownName, dim: int, check_rows: Callable[[Dataset, Dataset, Dataset], None]
) -> None:
    loader = KnownLoader(name=name, dim=dim)
    sizes = Sizes(300, 200, 100)
    check_rows(*(loader.load(sizes, seed, None) for seed in (0, 0, 1)))
    assert (loader.load(sizes, 0, None).modes is None) == (name != "mixture")
