"""The closed forms against autograd: values and parameter gradients, in float64."""

from collections.abc import Callable

import pytest
import torch
from torch import Tensor

from ebmbench import calculus
from ebmbench.calculus import count_evaluations, gram, laplacian, operators, reference
from ebmbench.energies.base import Energy
from ebmbench.energies.chain import Chain
from ebmbench.energies.conv import ConvEnergy
from ebmbench.energies.coordinates import Coordinates
from ebmbench.energies.gaussian import Gaussian
from ebmbench.energies.ica import ICAEnergy
from ebmbench.energies.layers import Activation
from ebmbench.energies.mixture import GaussianMixtureEnergy
from ebmbench.energies.mlp import MLPEnergy
from ebmbench.energies.mlp_levels import MLPLevels
from ebmbench.energies.nice import NICEEnergy
from ebmbench.energies.pulled_back import PulledBack

TOLERANCE = {"rtol": 1e-10, "atol": 1e-11}


def network(dim: int, hidden: list[int], activation: Activation, residual: bool = False) -> Energy:
    generator = torch.Generator().manual_seed(0)
    mean, std = torch.randn(dim, generator=generator), 0.5 + torch.rand(dim, generator=generator)
    energy = MLPEnergy(
        mean, std, hidden, activation, generator=generator, residual=residual
    ).double()
    with torch.no_grad():
        for parameter in energy.parameters():
            parameter.normal_(generator=generator).mul_(0.5)
    return energy


def images(side: int, channels: list[int], kernel: int, stride: int) -> Energy:
    generator = torch.Generator().manual_seed(3)
    mean, std = torch.zeros(side**2), 0.5 + torch.rand(side**2, generator=generator)
    energy = ConvEnergy(
        mean, std, channels, kernel, stride=stride, activation="silu", generator=generator
    ).double()
    with torch.no_grad():
        for parameter in energy.parameters():
            parameter.normal_(generator=generator).mul_(0.5)
    return energy


def ica(dim: int) -> Energy:
    generator = torch.Generator().manual_seed(1)
    b = torch.randn(dim, dim, generator=generator)
    return ICAEnergy(b, "logistic", torch.zeros(dim), torch.ones(dim)).double()


def gaussian(dim: int) -> Gaussian:
    generator = torch.Generator().manual_seed(2)
    rows = torch.randn(50, dim, generator=generator).double().cumsum(1)
    return Gaussian.fitted(rows)


def correlated(energy: Energy) -> Energy:
    energy.start_at(gaussian(energy.dim))
    return energy


def pulled_back(energy: Energy, kind: str) -> Energy:
    return PulledBack(correlated(energy), Coordinates.of(gaussian(energy.dim), kind))


def level() -> Energy:
    owner = MLPLevels(torch.zeros(3), torch.ones(3), [1.0, 0.2], hidden=[6, 4]).double()
    with torch.no_grad():
        for parameter in owner.parameters():
            parameter.normal_(generator=torch.Generator().manual_seed(5)).mul_(0.5)
    return correlated(owner)


ENERGIES: dict[str, Energy] = {
    "silu": network(3, [7, 5], "silu"),
    "softplus": network(3, [7], "softplus"),
    "tanh": network(2, [5, 6, 4], "tanh"),
    "one dimension": network(1, [4], "silu"),
    "wide input": network(9, [5, 4], "silu"),
    "square input": network(6, [6, 5], "silu"),
    "residual": network(3, [5, 5, 5, 4], "silu", residual=True),
    "residual, wide input": network(7, [4, 4], "tanh", residual=True),
    "convolutions": images(5, [2, 3], 3, 2),
    "one convolution": images(4, [3], 2, 1),
    "ica": ica(4),
    "correlated": correlated(network(3, [7, 5], "silu")),
    "correlated, wide input": correlated(network(9, [5, 4], "silu")),
    "correlated, deep": correlated(network(4, [5, 5, 5], "tanh", residual=True)),
    "correlated convolutions": correlated(images(4, [3], 2, 1)),
    "a level": level(),
    "pulled back, standardised": pulled_back(network(3, [7, 5], "silu"), "standardised"),
    "pulled back, whitened": pulled_back(network(9, [5, 4], "silu"), "whitened"),
    "pulled back convolutions": pulled_back(images(4, [3], 2, 1), "standardised"),
    "pulled back ica": PulledBack(ica(4), Coordinates.of(gaussian(4), "whitened", centred=False)),
}


@pytest.fixture(params=ENERGIES)
def energy(request: pytest.FixtureRequest) -> Energy:
    return ENERGIES[request.param]


def points(energy: Energy, n: int = 6) -> tuple[Tensor, Tensor]:
    generator = torch.Generator().manual_seed(2)
    return (
        torch.randn(n, energy.dim, generator=generator, dtype=torch.float64),
        torch.randn(n, energy.dim, generator=generator, dtype=torch.float64),
    )


def parameter_gradient(energy: Energy, outputs: tuple[Tensor, ...]) -> list[Tensor]:
    """Gradient of a loss that mixes all outputs with weights that differ by entry."""
    generator = torch.Generator().manual_seed(3)
    loss = torch.zeros((), dtype=torch.float64)
    for output in outputs:
        mix = torch.randn(output.shape, generator=generator, dtype=torch.float64)
        loss = loss + (mix * output + 0.5 * output**2).sum()
    parameters = list(energy.parameters())
    return list(torch.autograd.grad(loss, parameters, materialize_grads=True, allow_unused=True))


Pair = tuple[Callable[..., tuple[Tensor, ...]], Callable[..., tuple[Tensor, ...]]]


def _reference_directional(energy: Energy, x: Tensor, v: Tensor) -> tuple[Tensor, ...]:
    s, second = reference.score_and_directional(energy, x, v, True)
    return (s * v).sum(-1), second


OPERATORS: dict[str, Pair] = {
    "score": (
        lambda e, x, v: (calculus.score(e, x, True),),
        lambda e, x, v: reference.value_and_score(e, x, True)[1:],
    ),
    "directional": (lambda e, x, v: calculus.directional(e, x, v, True), _reference_directional),
    "score_and_directional": (
        lambda e, x, v: calculus.score_and_directional(e, x, v, True),
        lambda e, x, v: reference.score_and_directional(e, x, v, True),
    ),
    "score_and_laplacian": (
        lambda e, x, v: calculus.score_and_laplacian(e, x, True),
        lambda e, x, v: reference.score_and_laplacian(e, x, True),
    ),
}


@pytest.mark.parametrize("name", OPERATORS)
def test_values_and_parameter_gradients_agree_with_autograd(energy: Energy, name: str) -> None:
    assert operators.path(energy) == "closed form"
    x, v = points(energy)
    fast, slow = (operator(energy, x, v) for operator in OPERATORS[name])
    for found, expected in zip(fast, slow, strict=True):
        torch.testing.assert_close(found, expected, **TOLERANCE)
    found, expected = parameter_gradient(energy, fast), parameter_gradient(energy, slow)
    for a, b in zip(found, expected, strict=True):
        torch.testing.assert_close(a, b, **TOLERANCE)


@pytest.mark.parametrize("name", OPERATORS)
def test_without_a_graph_the_values_are_the_same(energy: Energy, name: str) -> None:
    x, v = points(energy)
    with_graph = OPERATORS[name][0](energy, x, v)
    without = {
        "score": lambda: (calculus.score(energy, x),),
        "directional": lambda: calculus.directional(energy, x, v),
        "score_and_directional": lambda: calculus.score_and_directional(energy, x, v),
        "score_and_laplacian": lambda: calculus.score_and_laplacian(energy, x),
    }[name]()
    for a, b in zip(without, with_graph, strict=True):
        assert not a.requires_grad
        torch.testing.assert_close(a, b.detach(), **TOLERANCE)


@pytest.mark.parametrize("name", OPERATORS)
def test_a_second_derivative_in_the_parameters_is_an_error_and_not_wrong(name: str) -> None:
    energy = ENERGIES["silu"]
    x, v = points(energy)
    loss = sum((output**2).sum() for output in OPERATORS[name][0](energy, x, v))
    assert isinstance(loss, Tensor)
    slope, *_ = torch.autograd.grad(loss, list(energy.parameters())[:1], create_graph=True)
    with pytest.raises(RuntimeError, match="once_differentiable"):
        slope.sum().backward()


def test_value_and_score_agree_with_the_energy_itself(energy: Energy) -> None:
    x, _ = points(energy)
    value, score = calculus.value_and_score(energy, x)
    torch.testing.assert_close(value, energy(x).detach(), **TOLERANCE)
    expected = reference.value_and_score(energy, x, False)[1]
    torch.testing.assert_close(score, expected, **TOLERANCE)
    with torch.inference_mode():
        torch.testing.assert_close(calculus.value_and_score(energy, x)[1], score)


def test_the_hessian_by_finite_differences_of_the_score(energy: Energy) -> None:
    x, v = points(energy)
    step = 1e-5
    up, down = (calculus.score(energy, x + sign * step * v) for sign in (1, -1))
    product = (up - down) / (2 * step)
    torch.testing.assert_close(calculus.hvp(energy, x, v), product, rtol=1e-6, atol=1e-7)
    second = calculus.directional(energy, x, v)[1]
    torch.testing.assert_close(second, (product * v).sum(-1), rtol=1e-6, atol=1e-7)


def test_chunks_do_not_change_the_laplacian(
    energy: Energy, monkeypatch: pytest.MonkeyPatch
) -> None:
    x, _ = points(energy, 7)
    whole = calculus.score_and_laplacian(energy, x, True)
    gradient = parameter_gradient(energy, whole)
    for module in (laplacian, gram):
        monkeypatch.setattr(module, "CHUNK_NUMBERS", 1)
        monkeypatch.setattr(module, "KEPT_NUMBERS", 0)
    parts = calculus.score_and_laplacian(energy, x, True)
    for a, b in zip(parts, whole, strict=True):
        torch.testing.assert_close(a, b, **TOLERANCE)
    for a, b in zip(parameter_gradient(energy, parts), gradient, strict=True):
        torch.testing.assert_close(a, b, **TOLERANCE)


def test_two_layers_on_a_wide_input_take_the_short_way() -> None:
    assert gram.serves(_chain("wide input"))
    assert gram.serves(_chain("residual, wide input"))
    assert gram.serves(_chain("square input"))
    for other in ("silu", "softplus", "residual", "one convolution", "ica"):
        assert not gram.serves(_chain(other))


def _chain(name: str) -> Chain:
    chain = ENERGIES[name].chain()
    assert chain is not None
    return chain


@pytest.mark.parametrize("name", ["wide input", "residual, wide input", "square input"])
def test_the_short_way_agrees_with_columns(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    energy = ENERGIES[name]
    x, _ = points(energy, 7)
    short = calculus.score_and_laplacian(energy, x, True)
    monkeypatch.setattr(gram, "serves", lambda chain: False)
    columns = calculus.score_and_laplacian(energy, x, True)
    for a, b in zip(short, columns, strict=True):
        torch.testing.assert_close(a, b, **TOLERANCE)
    for a, b in zip(
        parameter_gradient(energy, short), parameter_gradient(energy, columns), strict=True
    ):
        torch.testing.assert_close(a, b, **TOLERANCE)


@pytest.mark.parametrize(
    "other",
    [
        NICEEnergy(torch.zeros(3), torch.ones(3), 2, [5]).double(),
        GaussianMixtureEnergy(torch.ones(1), torch.zeros(1, 3), torch.ones(1)).double(),
    ],
    ids=["nice", "mixture"],
)
def test_other_energies_are_served_by_autograd(other: Energy) -> None:
    assert operators.path(other) == "autograd"
    x, v = points(other)
    s, lap = calculus.score_and_laplacian(other, x)
    assert s.shape == x.shape
    basis = torch.eye(3, dtype=torch.float64)
    trace = sum(calculus.directional(other, x, e.expand_as(x))[1] for e in basis)
    torch.testing.assert_close(lap, trace)
    torch.testing.assert_close(calculus.score_and_directional(other, x, v)[0], s)
    torch.testing.assert_close(calculus.score(other, x), calculus.value_and_score(other, x)[1])


def test_every_operator_counts_its_rows() -> None:
    energy = ENERGIES["silu"]
    x, v = points(energy, 5)
    with count_evaluations() as counts:
        calculus.value(energy, x)
        calculus.score(energy, x)
        calculus.directional(energy, x, v)
        calculus.score_and_laplacian(energy, x)
        calculus.hvp(energy, x, v)
    assert (counts.energy, counts.score, counts.hvp) == (5, 20, 5 + 15 + 5)
