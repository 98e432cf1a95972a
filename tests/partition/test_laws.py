"""Initial laws: densities, scores, draws, and forward chains that stay unbiased from each."""

import math

import pytest
import torch
from torch import Tensor

from ebmbench.energies.mixture import GaussianMixtureEnergy
from ebmbench.partition import InitialGaussian, InitialLaw, InitialMixture
from ebmbench.partition.annealing import anneal
from ebmbench.samplers.pilot import pilot

D = 3


def random(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def triangle(g: torch.Generator, *shape: int) -> Tensor:
    matrix = torch.tril(torch.randn(*shape, D, D, generator=g, dtype=torch.float64), -1)
    diagonal = 0.5 + torch.rand(*shape, D, generator=g, dtype=torch.float64)
    return matrix + torch.diag_embed(diagonal)


def mixture(kind: str) -> InitialMixture:
    g = random(3)
    factors = triangle(g, 2) if kind == "full" else torch.tensor([0.7, 1.3]).double()
    return InitialMixture(
        torch.tensor([1.0, -2.0, 0.5]).double(),
        triangle(g),
        torch.tensor([0.3, 0.7]).double().log(),
        torch.tensor([[1.5, 0.0, -1.0], [-1.0, 0.5, 0.0]]).double(),
        factors,
    )


def by_torch(law: InitialMixture, z: Tensor) -> Tensor:
    factors = law.factors
    if factors.dim() == 1:
        factors = factors[:, None, None] * torch.eye(D).double()
    parts = torch.distributions.MultivariateNormal(law.means, scale_tril=factors)
    return torch.logsumexp(law.log_weights + parts.log_prob(z[:, None, :]), 1)


LAWS = {
    "gaussian": InitialGaussian(torch.ones(D).double(), triangle(random(1))),
    "round": mixture("round"),
    "full": mixture("full"),
    "joined": mixture("round").joined(torch.ones(D), triangle(random(2)), 0.2),
}


@pytest.mark.parametrize("name", ["round", "full", "joined"])
def test_density_and_score_of_a_mixture(name: str) -> None:
    law = LAWS[name]
    z = (2 * torch.randn(20, D, generator=random(), dtype=torch.float64)).requires_grad_()
    expected = by_torch(law, z)
    (slope,) = torch.autograd.grad(expected.sum(), z)
    torch.testing.assert_close(law.origin.log_density(z.detach()), expected.detach())
    torch.testing.assert_close(law.origin.score(z.detach()), slope)


@pytest.mark.parametrize("law", LAWS.values(), ids=LAWS)
def test_the_constant_is_the_integral_over_x(law: InitialLaw) -> None:
    """By importance sampling from a wide Gaussian in the coordinates of the model."""
    proposal = torch.distributions.MultivariateNormal(
        law.to_x(torch.zeros(1, D).double())[0], scale_tril=3 * law.factor
    )
    torch.manual_seed(0)
    x = proposal.sample((200_000,))
    weights = (law.origin.log_density(law.to_z(x)) - proposal.log_prob(x)).exp()
    noise = float(weights.std()) / math.sqrt(len(weights))
    assert float(weights.mean()) == pytest.approx(math.exp(law.log_z), abs=4 * noise)
    assert noise < 0.02 * math.exp(law.log_z)


@pytest.mark.parametrize("name", ["round", "full", "joined"])
def test_draws_have_the_moments_of_the_mixture(name: str) -> None:
    law = LAWS[name]
    z = law.origin.draw(50_000, random())
    weights = law.log_weights.exp()
    assert float(weights.sum()) == pytest.approx(1.0)
    mean = weights @ law.means
    error = (z.mean(0) - mean).abs() / (z.std(0) / math.sqrt(len(z)))
    assert float(error.max()) < 4
    # Stein's identity ties draws, score and normalisation together
    stein = (z * law.origin.score(z)).sum(1)
    noise = float(stein.std()) / math.sqrt(len(z))
    assert float(stein.mean()) == pytest.approx(-D, abs=4 * noise)


@pytest.mark.parametrize("populations", [None, 10])
@pytest.mark.parametrize("law", LAWS.values(), ids=LAWS)
def test_forward_chains_are_unbiased_from_every_law(
    law: InitialLaw, populations: int | None
) -> None:
    g = random(5)
    means = torch.tensor([[2.0, -2.0, 0.0], [-1.0, 0.0, 2.0]]).double()
    model = GaussianMixtureEnergy(
        torch.tensor([0.6, 0.4]).double(), means, torch.tensor([0.5, 0.8]).double()
    )
    bridge = law.bridge_to(model)
    path = pilot(bridge, g)
    weights = torch.stack(
        [
            anneal(bridge, path, 8, 400, generator=g, populations=populations).log_z.exp().mean()
            for _ in range(20)
        ]
    )
    noise = float(weights.std()) / math.sqrt(20)
    assert noise < 0.2
    assert float(weights.mean()) == pytest.approx(1.0, abs=4 * noise)


def test_a_wider_law_keeps_weights_and_places() -> None:
    law = mixture("full").widened(2.0)
    assert torch.equal(law.means, mixture("full").means)
    z = law.origin.draw(20_000, random())
    narrow = mixture("full").origin.draw(20_000, random())
    assert float(z.var(0).sum()) > 2 * float(narrow.var(0).sum())
