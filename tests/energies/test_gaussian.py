"""The reference Gaussian against torch's own, and what it makes of degenerate rows."""

import pytest
import torch
from torch import Tensor
from torch.distributions import MultivariateNormal

from ebmbench.energies.gaussian import RIDGE, Gaussian


@pytest.fixture
def rows() -> Tensor:
    generator = torch.Generator().manual_seed(0)
    return torch.randn(300, 3, generator=generator).double().cumsum(1) * torch.tensor([1, 5, 0.2])


def law(gaussian: Gaussian) -> MultivariateNormal:
    return MultivariateNormal(gaussian.mean, gaussian.covariance)


@pytest.mark.parametrize("independent", [False, True])
def test_density_and_score_are_those_of_torch(rows: Tensor, independent: bool) -> None:
    gaussian = Gaussian.fitted(rows)
    if independent:
        gaussian = Gaussian(gaussian.mean, gaussian.std)
    x = (3 * rows[:5]).requires_grad_()
    expected = law(gaussian).log_prob(x)
    torch.testing.assert_close(gaussian.log_density(x) - gaussian.log_z, expected)
    (score,) = torch.autograd.grad(expected.sum(), x)
    torch.testing.assert_close(gaussian.score(x.detach()), score)


def test_it_is_the_gaussian_of_maximum_likelihood(rows: Tensor) -> None:
    gaussian = Gaussian.fitted(rows)
    torch.testing.assert_close(gaussian.mean, rows.mean(0))
    covariance = torch.cov(rows.T, correction=0)
    torch.testing.assert_close(gaussian.covariance, covariance, rtol=2 * RIDGE, atol=0)
    again = Gaussian.of_moments(gaussian.mean, gaussian.covariance)
    torch.testing.assert_close(again.covariance, gaussian.covariance)
    torch.testing.assert_close(again.std, gaussian.covariance.diagonal().sqrt())


def test_draws_follow_it(rows: Tensor) -> None:
    gaussian = Gaussian.fitted(rows)
    drawn = gaussian.draw(200_000, torch.Generator().manual_seed(1))
    z = gaussian.whiten(drawn)
    torch.testing.assert_close(z.mean(0), torch.zeros(3).double(), atol=0.01, rtol=0)
    torch.testing.assert_close(torch.cov(z.T), torch.eye(3).double(), atol=0.01, rtol=0)


def test_constant_and_collinear_columns_do_no_harm(rows: Tensor) -> None:
    bad = torch.cat([rows, rows[:, :1] - rows[:, 1:2], torch.full((300, 1), 4.0)], 1).float()
    gaussian = Gaussian.fitted(bad)
    assert torch.isfinite(gaussian.log_density(bad)).all()
    assert gaussian.root is not None
    assert torch.isfinite(gaussian.root).all()
    torch.testing.assert_close(gaussian.mean[-1], torch.tensor(4.0))
