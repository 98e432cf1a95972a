"""What a backward pass needs is in autograd's care: freed, hooked, and guarded against changes."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import fields, is_dataclass

import pytest
import torch
from torch import Tensor

from ebmbench import calculus
from ebmbench.calculus import gram, reference
from ebmbench.energies.base import Energy
from ebmbench.energies.mlp import MLPEnergy
from ebmbench.energies.nice import NICEEnergy

Operator = Callable[[Energy, Tensor, Tensor], tuple[Tensor, ...]]
OPERATORS: dict[str, Operator] = {
    "score": lambda e, x, v: (calculus.score(e, x, True),),
    "directional": lambda e, x, v: calculus.directional(e, x, v, True),
    "score and directional": lambda e, x, v: calculus.score_and_directional(e, x, v, True),
    "score and laplacian": lambda e, x, v: calculus.score_and_laplacian(e, x, True),
    "laplacian by autograd": lambda e, x, v: reference.score_and_laplacian(e, x, True),
}


def network(dim: int, hidden: list[int]) -> Energy:
    generator = torch.Generator().manual_seed(0)
    energy = MLPEnergy(
        torch.zeros(dim), torch.ones(dim), hidden, "silu", generator=generator
    ).double()
    with torch.no_grad():
        for parameter in energy.parameters():
            parameter.normal_(generator=generator).mul_(0.5)
    return energy


def flow() -> Energy:
    generator = torch.Generator().manual_seed(0)
    mean = torch.zeros(20, dtype=torch.float64)
    return NICEEnergy(mean, mean + 1, 4, [8], generator=generator).double()


CASES: list[tuple[str, Callable[[], Energy]]] = [
    *((name, lambda: network(3, [7, 5, 4])) for name in list(OPERATORS)[:4]),
    ("score and laplacian", lambda: network(9, [4, 3])),
    ("score and laplacian", lambda: network(9, [4, 4, 4])),
    ("laplacian by autograd", flow),
]
every_case = pytest.mark.parametrize(
    ("name", "make"), CASES, ids=[f"{k}: {name}" for k, (name, _) in enumerate(CASES)]
)


def outputs(name: str, energy: Energy) -> tuple[Tensor, ...]:
    generator = torch.Generator().manual_seed(1)
    x, v = torch.randn(2, 6, energy.dim, generator=generator, dtype=torch.float64)
    return OPERATORS[name](energy, x, v)


def loss(name: str, energy: Energy) -> Tensor:
    return sum((o.square().sum() for o in outputs(name, energy)), torch.zeros(()).double())


def learned(energy: Energy) -> list[Tensor]:
    return [p for p in energy.parameters() if p.requires_grad]


def gradients(value: Tensor, energy: Energy) -> list[Tensor]:
    return list(torch.autograd.grad(value, learned(energy), materialize_grads=True))


def tensors_in(part: object) -> Iterator[Tensor]:
    if isinstance(part, Tensor):
        yield part
    elif isinstance(part, dict):
        for each in part.values():
            yield from tensors_in(each)
    elif isinstance(part, list | tuple):
        for each in part:
            yield from tensors_in(each)
    elif is_dataclass(part) and not isinstance(part, type):
        for field in fields(part):
            yield from tensors_in(getattr(part, field.name))


def test_all_ways_of_the_laplacian_are_tried() -> None:
    chains = [make().chain() for name, make in CASES if name == "score and laplacian"]
    found = {(gram.serves(c), c.layers[0].map.narrows) for c in chains if c is not None}
    assert found == {(False, False), (True, True), (False, True)}
    assert flow().dim > reference.COLUMNS


@every_case
def test_nothing_but_the_model_hangs_on_the_node(name: str, make: Callable[[], Energy]) -> None:
    energy = make()
    for output in outputs(name, energy):
        kept = vars(output.grad_fn) | {}
        model = kept.pop("chain", None) or kept.pop("energy")
        assert model is not None
        assert list(tensors_in(kept)) == []


@every_case
def test_hooks_on_saved_tensors_see_all_of_them(name: str, make: Callable[[], Energy]) -> None:
    energy = make()
    expected = gradients(loss(name, energy), energy)
    packed = 0

    def pack(tensor: Tensor) -> Tensor:
        nonlocal packed
        packed += 1
        return tensor.clone()

    with torch.autograd.graph.saved_tensors_hooks(pack, lambda tensor: tensor):
        value = loss(name, energy)
    assert packed > len(learned(energy))
    for a, b in zip(gradients(value, energy), expected, strict=True):
        assert torch.equal(a, b)


@every_case
def test_a_weight_that_changes_before_the_backward_pass_is_an_error(
    name: str, make: Callable[[], Energy]
) -> None:
    energy = make()
    value = loss(name, energy)
    with torch.no_grad():
        learned(energy)[0].mul_(2)
    with pytest.raises(RuntimeError, match="modified by an inplace operation"):
        gradients(value, energy)


@every_case
def test_what_was_saved_is_gone_after_the_backward_pass(
    name: str, make: Callable[[], Energy]
) -> None:
    energy = make()
    value = loss(name, energy)
    gradients(value, energy)
    with pytest.raises(RuntimeError, match="second time"):
        gradients(value, energy)
