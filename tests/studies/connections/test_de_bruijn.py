"""De Bruijn's identity with its factor, by quadrature over two mixtures on the line."""

import pytest
import torch
from torch import Tensor

X = torch.linspace(-14.0, 14.0, 20_001, dtype=torch.float64)
STEP = float(X[1] - X[0])
DATA = ((0.3, 0.7), (-2.0, 1.0), (0.6, 1.1))
MODEL = ((0.6, 0.4), (-1.0, 2.0), (0.9, 0.7))
Mixture = tuple[tuple[float, float], tuple[float, float], tuple[float, float]]


def log_density(mixture: Mixture, t: float, x: Tensor) -> Tensor:
    """Weights, means and standard deviations, after Gaussian noise of variance ``t``."""
    weights, means, stds = (torch.tensor(part, dtype=torch.float64) for part in mixture)
    normal = torch.distributions.Normal(means, (stds**2 + t).sqrt())
    return torch.logsumexp(weights.log() + normal.log_prob(x[:, None]), 1)


def divergence(t: float) -> float:
    p, q = (log_density(mixture, t, X) for mixture in (DATA, MODEL))
    return float((p.exp() * (p - q)).sum() * STEP)


def fisher(t: float) -> float:
    """``½ E_p (∂ log p − ∂ log q)²``, the ½ as in Eq. 7 of Song & Kingma (2021)."""
    x = X.clone().requires_grad_()
    p, q = (log_density(mixture, t, x) for mixture in (DATA, MODEL))
    (slope,) = torch.autograd.grad((p - q).sum(), x)
    return float((0.5 * p.exp() * slope**2).sum().detach() * STEP)


@pytest.mark.parametrize("t", [0.1, 0.5, 2.0])
def test_noise_lowers_the_divergence_at_the_rate_of_the_fisher_divergence(t: float) -> None:
    """``d/dt KL = −D_F``; the tutorial (§4.3) prints ``−½ D_F``."""
    h = 1e-4
    rate = (divergence(t + h) - divergence(t - h)) / (2 * h)
    assert rate == pytest.approx(-fisher(t), rel=1e-5)
