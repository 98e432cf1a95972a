"""Models of one's own: wrapped, trained, measured against closed forms, left as they were."""

from __future__ import annotations

import math
import sys
from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch
from torch import Tensor, nn

import ebmbench
from ebmbench.errors import EbmbenchError
from ebmbench.harness.build import make_objective
from ebmbench.harness.progress import Lines, Reporter

DIM = 3
MEAN = torch.tensor([1.0, -2.0, 0.5])
COVARIANCE = torch.tensor([[2.0, 0.6, 0.0], [0.6, 1.0, -0.3], [0.0, -0.3, 0.5]])
PRECISION = torch.linalg.inv(COVARIANCE)
TRUTH = torch.distributions.MultivariateNormal(MEAN, COVARIANCE)


def draw(n: int = 400, seed: int = 0) -> Tensor:
    z = torch.randn(n, DIM, generator=torch.Generator().manual_seed(seed))
    return MEAN + z @ torch.linalg.cholesky(COVARIANCE).T


def gaussian(x: Tensor) -> Tensor:
    u = x - MEAN.to(x)
    return 0.5 * (u @ PRECISION.to(x) * u).sum(1)


class Network(nn.Module):
    """A Gaussian whose precision is learned, and a small network on top."""

    def __init__(self, dim: int = DIM, act: type[nn.Module] = nn.SiLU) -> None:
        super().__init__()
        first, last = nn.Linear(dim, 16), nn.Linear(16, 1)
        self.net = nn.Sequential(first, act(), nn.Dropout(0.5), last)
        self.scale = nn.Parameter(torch.ones(dim))

    def forward(self, x: Tensor) -> Tensor:
        value: Tensor = self.net(x) + 0.5 * (self.scale * x).square().sum(1, keepdim=True)
        return value


class Sum(nn.Module):
    def forward(self, x: Tensor) -> Tensor:
        return x.sum()


def test_a_function_is_measured_as_its_closed_form_says() -> None:
    test, train = draw(1000), draw(1000, 1)
    found = ebmbench.evaluate(gaussian, test, train=train, preset="smoke")
    likelihood = found["log_likelihood"]
    assert likelihood.certified
    assert likelihood.value == pytest.approx(float(TRUTH.log_prob(test).mean()), abs=1e-3)
    assert likelihood.lower == pytest.approx(likelihood.value, abs=1e-3)
    # of a Gaussian that is the truth: the trace of the precision, halved and negative
    score = found["hyvarinen_score"]
    assert abs(score.value + 0.5 * float(PRECISION.trace())) < 4 * score.stderr
    assert (
        abs(found["inverse_temperature_error"].value)
        < 4 * found["inverse_temperature_error"].stderr
    )
    assert found.log_density is not None
    assert torch.allclose(found.log_density.float(), TRUTH.log_prob(test), atol=1e-3)
    assert found.samples is not None
    covariance = torch.cov(found.samples.T).float()
    assert torch.allclose(covariance, COVARIANCE, atol=0.35)
    assert "inverse" in found.samples_how


def test_annealing_brackets_a_log_density_of_five_columns() -> None:
    rows = torch.randn(600, 5, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    rows = rows @ torch.diag(torch.tensor([1e-3, 1.0, 1e3, 2.0, 5.0], dtype=torch.float64))
    std = rows.std(0)

    def log_density(x: Tensor) -> Tensor:
        return 7.0 - 0.5 * (x / std.to(x)).square().sum(1)

    found = ebmbench.evaluate(
        log_density, rows, log_density=True, preset="smoke", metrics=["log_likelihood"]
    )["log_likelihood"]
    exact = torch.distributions.Normal(torch.zeros_like(std), std).log_prob(rows).sum(1).mean()
    assert found.certified
    assert found.lower is not None
    assert found.upper is not None
    assert found.lower <= float(exact) <= found.upper


def test_measuring_leaves_a_module_as_it_was() -> None:
    torch.manual_seed(0)
    model = Network().double().train()
    model.net[0].eval()
    model.scale.requires_grad_(False)
    rows = draw()
    model(rows.double()).sum().backward()
    gradients = [None if p.grad is None else p.grad.clone() for p in model.parameters()]
    before = {name: tensor.clone() for name, tensor in model.state_dict().items()}
    modes = [module.training for module in model.modules()]
    found = ebmbench.evaluate(model, rows, preset="smoke", metrics=["log_likelihood"])
    assert found["log_likelihood"].certified
    assert [module.training for module in model.modules()] == modes
    assert [p.requires_grad for p in model.parameters()] == [False, True, True, True, True]
    assert all(torch.equal(model.state_dict()[name], old) for name, old in before.items())
    assert all(p.dtype == torch.float64 for p in model.parameters())
    for parameter, old in zip(model.parameters(), gradients, strict=True):
        assert (parameter.grad is None) == (old is None)
        assert old is None or torch.equal(parameter.grad, old)
    # the same numbers twice: no dropout, no state
    again = ebmbench.evaluate(model, rows, preset="smoke", metrics=["log_likelihood"])
    assert again["log_likelihood"] == found["log_likelihood"]


def test_a_batch_norm_keeps_its_running_moments() -> None:
    model = nn.Sequential(nn.Linear(DIM, 8), nn.BatchNorm1d(8), nn.Tanh(), nn.Linear(8, 1))
    before = model[1].running_mean.clone()
    assert ebmbench.wrap(model, draw()).smooth
    assert torch.equal(model[1].running_mean, before)
    assert model.training


OBJECTIVES = [
    name
    for name in ebmbench.list_methods()
    if ebmbench.method(name).objective is not None
    # a flow is fitted first, which takes seconds
    and name not in ("nce-flow", "fce")
]


@pytest.mark.parametrize("method", OBJECTIVES)
def test_every_objective_trains_a_module_in_place(method: str) -> None:
    if make_objective(ebmbench.method(method)).needs_levels:
        with pytest.raises(EbmbenchError, match=f"{method} needs an energy of many noise levels"):
            ebmbench.train(ebmbench.wrap(Network(), draw()), method, draw(), steps=1)
        return
    torch.manual_seed(0)
    model = Network(2).double().eval()
    before = [p.detach().clone() for p in model.parameters()]
    rows = draw(120)[:, :2]
    training = ebmbench.train(ebmbench.wrap(model, rows), method, rows, steps=1)
    assert not training.diverged
    after = list(model.parameters())
    assert any(not torch.equal(a, b) for a, b in zip(after, before, strict=True))
    assert all(p.dtype == torch.float64 for p in after)


def test_levels_come_with_the_energy_that_is_built_for_the_method() -> None:
    dataset = ebmbench.load_data("2d/rings")
    one_level = ebmbench.build_energy("2d/rings", dataset)
    with pytest.raises(EbmbenchError, match=r"tre needs .* many noise levels.*method='tre'"):
        ebmbench.train(one_level, "tre", dataset, "2d/rings", steps=1)
    energy = ebmbench.build_energy("2d/rings", dataset, method="tre")
    before = [p.detach().clone() for p in energy.parameters()]
    ebmbench.train(energy, "tre", dataset, "2d/rings", steps=2)
    assert any(not torch.equal(p, old) for p, old in zip(energy.parameters(), before, strict=True))


def test_training_finds_the_precision_of_a_gaussian() -> None:
    """Score matching of a quadratic energy has its optimum at the sample moments."""

    class Quadratic(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.log_precision = nn.Parameter(torch.zeros(2))

        def forward(self, x: Tensor) -> Tensor:
            return 0.5 * ((20 * self.log_precision).exp() * x.square()).sum(1)

    rows = torch.randn(2000, 2, generator=torch.Generator().manual_seed(0)) * torch.tensor([1, 2])
    model = Quadratic()
    ebmbench.train(ebmbench.wrap(model, rows), "sm", rows, steps=600)
    found = (20 * model.log_precision.detach()).exp()
    assert torch.allclose(found, 1 / rows.square().mean(0), rtol=0.1)


def test_smoothness_is_measured() -> None:
    rows = draw()
    torch.manual_seed(0)
    assert ebmbench.wrap(Network(act=nn.SiLU).eval(), rows).smooth
    assert ebmbench.wrap(gaussian, rows).smooth
    assert not ebmbench.wrap(Network(act=nn.ReLU), rows).smooth
    assert not ebmbench.wrap(lambda x: x.abs().sum(1), rows).smooth
    found = ebmbench.evaluate(Network(act=nn.ReLU), rows, preset="smoke")
    assert "hyvarinen_score" not in found
    with pytest.raises(EbmbenchError, match="sm needs a twice differentiable energy"):
        ebmbench.train(ebmbench.wrap(Network(act=nn.ReLU), rows), "sm", rows, steps=1)


KINDS: list[Callable[[Tensor], Any]] = [
    lambda rows: rows.half(),
    lambda rows: rows.bfloat16(),
    lambda rows: rows.double(),
    lambda rows: rows.numpy(),
    lambda rows: rows.double().numpy(),
    lambda rows: rows.tolist(),
    lambda rows: pd.DataFrame(rows.numpy(), columns=list("abc")),
    lambda rows: (4 * rows).round().int(),
    lambda rows: pd.DataFrame((4 * rows).round().int().numpy()).astype("Int64"),
]


@pytest.mark.parametrize("kind", range(len(KINDS)))
def test_rows_of_every_kind_are_taken(kind: int) -> None:
    rows = KINDS[kind](draw())
    found = ebmbench.evaluate(gaussian, rows, preset="smoke", metrics=["log_likelihood"])
    exact = np.asarray(rows.float() if isinstance(rows, Tensor) else rows).astype(np.float64)
    mean = float(TRUTH.log_prob(torch.from_numpy(exact).float()).mean())
    assert found["log_likelihood"].value == pytest.approx(mean, rel=1e-3)


def with_nan(rows: Tensor) -> Tensor:
    rows[7, 1] = math.nan
    return rows


def noisy(x: Tensor) -> Tensor:
    return gaussian(x) + torch.randn(len(x))


@pytest.mark.parametrize(
    ("model", "rows", "sentence"),
    [
        (3, draw(), "the model is a int, allowed: a torch module or another callable"),
        (lambda x: x, draw(), r"returned shape \(400, 3\) for points of shape \(400, 3\)"),
        (Sum(), draw(), r"returned shape \(\) for points"),
        (lambda x: x.sum(1).tolist(), draw(), "returned a list, allowed: a tensor"),
        (lambda x: gaussian(x).detach(), draw(), "has no gradient in its points"),
        (lambda x: 0 * x.sum(1).detach() + 1, draw(), "has no gradient in its points"),
        (lambda x: gaussian(x) / 0 * 0, draw(), "has the energy nan at train row 1 of 400"),
        (lambda x: gaussian(x - x.mean(0)), draw(), "depends on the point alone"),
        (noisy, draw(), "another energy each time, allowed: no random numbers"),
        (nn.Linear(5, 1), draw(), r"cannot take points of shape \(400, 3\) \(RuntimeError"),
        (Network().half(), draw(), r"weights in torch.float16, .*`copy.deepcopy\(model\).float"),
        (Network().bfloat16(), draw(), "weights in torch.bfloat16, allowed"),
        (lambda x: gaussian(x).half(), draw(), "returned torch.float16, allowed: torch.float32"),
        (gaussian, draw()[0], r"rows have shape \(3,\), allowed: \(n, d\); rows of one column"),
        (gaussian, draw(2), "2 training rows of 3 columns, allowed: more rows than columns"),
        (gaussian, with_nan(draw()), "row 8 has nan in column 2, allowed: finite numbers"),
        (gaussian, draw().to(torch.complex64), "are torch.complex64, allowed: real numbers"),
        (gaussian, "rows.csv", "rows are a str of <U8, allowed"),
        (gaussian, [[1, 2], [3]], "rows are a list that is no table"),
        (gaussian, pd.DataFrame({"a": [1.0] * 9, "b": ["x"] * 9}), "hold str in column 'b'"),
        (gaussian, draw().double() + 1e9, "numbers near 1e[+]09 in column 1 with a deviation"),
        (gaussian, torch.ones(9, 3), "column 1 is 1 in all 9 training rows"),
    ],
)
def test_what_cannot_be_measured_is_refused_in_a_sentence(
    model: Any, rows: Any, sentence: str
) -> None:
    for call in (ebmbench.wrap, ebmbench.evaluate):
        with pytest.raises(EbmbenchError, match=sentence) as caught:
            call(model, rows)
        assert "\n" not in str(caught.value)


def test_rows_of_another_width_and_bad_test_rows_are_refused() -> None:
    energy = ebmbench.wrap(gaussian, draw())
    with pytest.raises(EbmbenchError, match="takes points of 3 numbers, but a row has 2"):
        ebmbench.evaluate(energy, draw()[:, :2])
    with pytest.raises(EbmbenchError, match="train rows have 2 columns and test rows 3"):
        ebmbench.evaluate(gaussian, draw(), train=draw()[:, :2])
    with pytest.raises(EbmbenchError, match="has the energy inf at test row"):
        ebmbench.evaluate(
            lambda x: gaussian(x) / (x[:, 0] < 3).to(x), draw(), train=draw()[draw()[:, 0] < 2.9]
        )
    with pytest.raises(EbmbenchError, match="log_density is True for an energy"):
        ebmbench.evaluate(energy, draw(), log_density=True)
    with pytest.raises(EbmbenchError, match="has no parameters, allowed: one or more to train"):
        ebmbench.train(energy, "dsm", draw())


def test_an_energy_comes_back_as_it_is() -> None:
    energy = ebmbench.wrap(gaussian, draw())
    assert ebmbench.wrap(energy, draw()) is energy
    assert torch.allclose(energy.reference.covariance.float(), torch.cov(draw().T), atol=0.01)


def test_progress_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    names = ["log_likelihood", "hyvarinen_score"]
    ebmbench.evaluate(
        gaussian, draw(), metrics=names, preset="smoke", reporter=Lines(0, sys.stdout)
    )
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "2 metrics of 400 test rows and 3 columns; log Z is by quadrature"
    assert lines[1].startswith("[1/2] log_likelihood: -")
    assert len(lines) == 3
    ebmbench.evaluate(gaussian, draw(), metrics=names, preset="smoke", reporter=Reporter())
    assert capsys.readouterr().out == ""
