r"""A Gaussian fitted to two on the line: divergences by quadrature, and how they descend.

The data are :math:`w N(-1, 0.0625) + (1 - w) N(2, 2)`, variances second; the model is
:math:`E = \tfrac12 ((x - \mu) / \sigma)^2`, trained from (0, 1) by plain gradient steps.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import torch
from torch import Tensor, nn

from ebmbench.objectives.f_divergences import DIVERGENCES, Divergence, DivergenceName
from ebmbench.objectives.f_ebm import surrogate

WEIGHT = 0.33
"""Of the narrow component."""
ROWS, NARROW_ROWS = 1000, 329
"""Rows of a batch, and those of the narrow component: ``int(1000 * (1 - 0.67))`` in the code."""
RATE = 1e-3
HIDDEN = 64
KL_MOST = 3.0
"""What the published code bounds the log-ratio by in the exponential of ``kl``."""
LATTICE = (-8.0, 14.0, 1501)
STARTS = ((1.3, 1.7), (-1.0, 0.3))
"""Of the search for the optimum: the reverse divergence has a second minimum at the narrow one."""

Loss = Callable[[Tensor], Tensor]
"""Maps ``(μ, σ)``, ``(2,)``, to a scalar."""


def log_data(x: Tensor, weight: float = WEIGHT) -> Tensor:
    """Return the log-density of the data, ``(n,)``, at ``x``, ``(n,)``."""
    narrow = math.log(weight) + log_normal(x, -1.0, 0.25)
    return torch.logaddexp(narrow, math.log(1 - weight) + log_normal(x, 2.0, math.sqrt(2)))


def log_normal(x: Tensor, mean: Tensor | float, std: Tensor | float) -> Tensor:
    """Return the log-density of a Gaussian, ``(n,)``."""
    log_std = torch.log(torch.as_tensor(std, dtype=x.dtype))
    return -0.5 * ((x - mean) / std) ** 2 - log_std - 0.5 * math.log(2 * math.pi)


def exact(f: Divergence, weight: float = WEIGHT) -> Loss:
    """Return the divergence of the data from the model as a function of (μ, σ), by quadrature."""
    x = torch.linspace(*LATTICE, dtype=torch.float64)
    spacing, log_p = x[1] - x[0], log_data(x, weight)

    def divergence(at: Tensor) -> Tensor:
        log_q = log_normal(x, at[0], at[1])
        # Beyond, one of the two densities is zero in float64.
        u = (log_p - log_q).clamp(-700, 700)
        return spacing * (log_p.exp() * f.slope(u) - log_q.exp() * f.conjugate(u)).sum()

    return divergence


def optimum(name: DivergenceName, weight: float = WEIGHT) -> tuple[float, float, float]:
    """Return the mean and deviation of the lowest divergence, and that divergence."""
    found = []
    loss = exact(DIVERGENCES[name], weight)
    for start in STARTS:
        at = torch.tensor(start, dtype=torch.float64, requires_grad=True)
        newton = torch.optim.LBFGS(
            [at],
            max_iter=200,
            tolerance_grad=1e-10,
            tolerance_change=1e-14,
            line_search_fn="strong_wolfe",
        )

        def closure(at: Tensor = at, newton: torch.optim.Optimizer = newton) -> float:
            newton.zero_grad()
            value = loss(at)
            value.backward()  # type: ignore[no-untyped-call]
            return float(value.detach())

        newton.step(closure)  # type: ignore[no-untyped-call]
        mean, std = at.detach().tolist()
        found.append((float(loss(at.detach())), mean, std))
    value, mean, std = min(found)
    return mean, std, value


def follow(loss: Loss, steps: int, dtype: torch.dtype) -> Tensor:
    """Return where plain gradient steps go from (0, 1): the iterates, ``(steps, 2)``."""
    at = torch.tensor([0.0, 1.0], dtype=dtype)
    path = torch.empty(steps, 2, dtype=dtype)
    for k in range(steps):
        at.requires_grad_()
        (gradient,) = torch.autograd.grad(loss(at), at)
        at = (at - RATE * gradient).detach()
        path[k] = at
    return path


def likelihood(random: torch.Generator) -> Loss:
    """Return the negative log-likelihood of a fresh batch."""
    return lambda at: -log_normal(batch(random), at[0], at[1]).mean()


def reparametrised(f: Divergence, random: torch.Generator) -> Loss:
    """Return ``E_q[f(p / q)]`` of fresh draws of the model, whose gradient goes through them."""

    def divergence(at: Tensor) -> Tensor:
        x = at[0] + at[1] * torch.empty(ROWS).normal_(generator=random)
        u = log_data(x) - log_normal(x, at[0], at[1])
        return (u.exp() * f.slope(u) - f.conjugate(u)).mean()

    return divergence


def contrastive(random: torch.Generator) -> Loss:
    """Return ``E_data[E] - E_model[E]`` of a fresh batch and exact draws."""

    def gap(at: Tensor) -> Tensor:
        return energy(batch(random), at).mean() - energy(draws(at, random), at).mean()

    return gap


def adversarial(name: DivergenceName, random: torch.Generator) -> Loss:
    """Return the loss of f-EBM; each call makes a step of the critic first, on the same rows.

    The critic is that of the published code: two hidden layers of 64 tanh units, plain gradient
    steps at the rate of the energy.
    """
    f = DIVERGENCES[name]
    critic = nn.Sequential(
        nn.Linear(1, HIDDEN), nn.Tanh(), nn.Linear(HIDDEN, HIDDEN), nn.Tanh(), nn.Linear(HIDDEN, 1)
    )
    for layer in critic:
        if isinstance(layer, nn.Linear):
            # The uniform law that PyTorch draws from, of this generator.
            bound = layer.in_features**-0.5
            for parameter in layer.parameters():
                nn.init.uniform_(parameter, -bound, bound, generator=random)
    weights = list(critic.parameters())
    most = KL_MOST if name == "kl" else math.inf

    def ratios(h: Tensor, energies: Tensor) -> tuple[Tensor, Tensor]:
        u = h[:, 0] + energies
        return u[:ROWS], u[ROWS:].clamp(max=most)

    def loss(at: Tensor) -> Tensor:
        x = torch.cat([batch(random), draws(at, random)])
        u = ratios(critic(x[:, None]), energy(x, at.detach()))
        gradients = torch.autograd.grad(-f.bound(*u), weights)
        with torch.no_grad():
            for parameter, gradient in zip(weights, gradients, strict=True):
                parameter.sub_(RATE * gradient)
            h = critic(x[:, None])
        energies = energy(x, at)
        return surrogate(f, *ratios(h, energies), energies[ROWS:])

    return loss


def energy(x: Tensor, at: Tensor) -> Tensor:
    """Return the energies, ``(n,)``."""
    return 0.5 * ((x - at[0]) / at[1]) ** 2


def batch(random: torch.Generator) -> Tensor:
    """Draw a batch of the data as the published code does, ``(1000,)``."""
    z = torch.empty(ROWS).normal_(generator=random)
    narrow = -1.0 + 0.25 * z[:NARROW_ROWS]
    return torch.cat([narrow, 2.0 + math.sqrt(2) * z[NARROW_ROWS:]])


def draws(at: Tensor, random: torch.Generator) -> Tensor:
    """Draw from the model, ``(1000,)``, without a graph."""
    mean, std = at.detach()
    found: Tensor = mean + std * torch.empty(ROWS).normal_(generator=random)
    return found
