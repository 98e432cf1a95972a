"""The optima on the line, against closed forms and another quadrature."""

import math
from collections.abc import Callable

import numpy as np
import pytest
import torch
from scipy.integrate import quad
from scipy.optimize import minimize
from scipy.stats import norm

from ebmbench.objectives.f_divergences import DIVERGENCES, DivergenceName
from ebmbench.studies.reproductions import yu_figure, yu_line
from ebmbench.studies.reproductions.card import reproductions


def data(x: float) -> float:
    found: float = 0.33 * norm.pdf(x, -1, 0.25) + 0.67 * norm.pdf(x, 2, math.sqrt(2))
    return found


def test_the_optimum_of_the_likelihood_has_the_moments_of_the_data() -> None:
    mean, std, value = yu_line.optimum("kl")
    variance = 0.33 * 0.0625 + 0.67 * 2 + 0.33 * 0.67 * 9
    assert (mean, std) == pytest.approx((0.67 * 2 - 0.33, math.sqrt(variance)), abs=1e-6)
    entropy = quad(lambda x: -data(x) * math.log(data(x)), -8, 14, points=[-1, 2])[0]
    assert value == pytest.approx(0.5 * math.log(2 * math.pi * math.e * variance) - entropy)


@pytest.mark.parametrize(
    ("name", "f", "rounded"),
    [
        (
            "jensen-shannon",
            lambda p, q: p * np.log(2 * p / (p + q)) + q * np.log(2 * q / (p + q)),
            (1.3125, 1.7525),
        ),
        ("squared-hellinger", lambda p, q: (np.sqrt(p) - np.sqrt(q)) ** 2, (1.3175, 1.7316)),
        ("reverse-kl", lambda p, q: q * np.log(q / p), (1.5841, 1.6294)),
    ],
)
def test_the_other_optima_are_those_of_simpsons_rule(
    name: DivergenceName,
    f: Callable[[np.ndarray, np.ndarray], np.ndarray],
    rounded: tuple[float, float],
) -> None:
    """With the divergence written out in both densities, found without a gradient."""
    x = np.linspace(-8, 14, 2001)
    weights = np.where(np.arange(2001) % 2, 4.0, 2.0) * (x[1] - x[0]) / 3
    p = 0.33 * norm.pdf(x, -1, 0.25) + 0.67 * norm.pdf(x, 2, math.sqrt(2))

    def divergence(at: np.ndarray) -> float:
        return float(weights @ f(p, norm.pdf(x, at[0], at[1])))

    options = {"xatol": 1e-7, "fatol": 1e-12}
    expected = minimize(divergence, [1.2, 1.8], method="Nelder-Mead", options=options)
    mean, std, value = yu_line.optimum(name)
    assert (mean, std) == pytest.approx(tuple(expected.x), abs=1e-5)
    assert (mean, std) == pytest.approx(rounded, abs=5e-5)
    assert value == pytest.approx(expected.fun, rel=1e-6)


@pytest.mark.parametrize("name", list(DIVERGENCES))
def test_every_loss_has_the_gradient_of_the_divergence_in_the_mean(name: DivergenceName) -> None:
    """Of CD and likelihood for ``kl``; that of f-EBM is the objective's own test."""
    at = torch.tensor([1.1, 1.6], requires_grad=True)
    weight = 0.329 if name == "kl" else yu_line.WEIGHT
    exact = yu_line.exact(DIVERGENCES[name], weight)
    there = at.detach().double().requires_grad_()
    (expected,) = torch.autograd.grad(exact(there), there)
    random = torch.Generator().manual_seed(5)
    losses = [yu_line.reparametrised(DIVERGENCES[name], random)]
    if name == "kl":
        # Fresh draws of the model seldom reach where the ratio is large.
        losses = [yu_line.likelihood(random), yu_line.contrastive(random)]
    for loss in losses:
        found = torch.stack([torch.autograd.grad(loss(at), at)[0] for _ in range(400)])
        error = (found.mean(0) - expected) / (found.std(0) / 20)
        assert float(error.abs().max()) < 4


def test_a_batch_has_329_rows_of_the_narrow_component() -> None:
    x = yu_line.batch(torch.Generator().manual_seed(1))
    assert len(x) == 1000
    assert float(x[:329].std()) == pytest.approx(0.25, rel=0.15)
    assert float(x[329:].std()) == pytest.approx(math.sqrt(2), rel=0.15)
    assert float(x.mean()) == pytest.approx(0.671 * 2 - 0.329, abs=0.2)


def test_the_figure_has_the_printed_numbers_of_the_claims() -> None:
    claims = {claim.id: claim.published for claim in reproductions()["yu2020-febm"].claims}
    for name, (optimum, trained) in yu_figure.PRINTED.items():
        for part, printed in (("optimum", optimum), ("direct", optimum), ("f-ebm", trained)):
            assert (claims[f"{part}/{name}/mean"], claims[f"{part}/{name}/std"]) == printed
