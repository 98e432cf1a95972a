"""What every registered objective promises, in every variant that changes what it computes."""

from collections.abc import Iterator
from dataclasses import fields
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from ebmbench import catalog
from ebmbench.calculus import count_evaluations
from ebmbench.energies.base import Energy
from ebmbench.energies.ica import ICAEnergy
from ebmbench.energies.mlp import MLPEnergy
from ebmbench.energies.mlp_levels import MLPLevels
from ebmbench.errors import EbmbenchError
from ebmbench.objectives import Objective, State, Step
from ebmbench.options import build
from ebmbench.registry import OBJECTIVES

QUICK: dict[str, dict[str, Any]] = {"nce-flow": {"flow_steps": 5}}
VARIANTS: list[tuple[str, dict[str, Any]]] = [
    *((name, QUICK.get(name, {})) for name in OBJECTIVES),
    ("cd", {"steps": 2, "sampler": "mala"}),
    ("cd", {"steps": 2, "energy_penalty": 0.3}),
    ("cnce", {"epsilon": 0.3, "copies": 3}),
    ("ed", {"t": 0.5, "negatives": 2, "w": 0.0}),
    ("nce", {"nu": 2.5, "components": 2, "diagonal": True}),
    ("dsm", {"sigma": 0.3}),
    ("mle-exact", {"points": 16}),
    ("mle-mcmc", {"transitions": 3, "sampler": "mala"}),
    ("mle-mcmc", {"transitions": 4, "leapfrog": 2, "annealed": 0.5, "resample": True}),
    ("nce", {"nu": 3, "components": 2, "inflation": 1.3}),
    ("n2ce", {"nu": 2, "magnitude": 100.0}),
    ("snl", {"nu": 4, "components": 2}),
    ("ence", {"nu": 2, "inflation": 1.2}),
    ("is-mle", {"nu": 3, "diagonal": True}),
    ("ranking-nce", {"nu": 2.5}),
    ("nce-flow", {"nu": 2, "flow_steps": 0}),
    ("fce", {"flow_steps": 3}),
    ("brier-cnce", {"epsilon": 0.5, "copies": 3}),
    ("dsm-cv", {"sigma": 0.3}),
    ("ksd", {"bandwidth": 0.5}),
    ("lsd", {"critic_steps": 2, "penalty": 0.1, "width": 16}),
    ("f-ebm", {"divergence": "kl", "steps": 2, "buffer": 50, "critic_steps": 1}),
    ("f-ebm", {"divergence": "reverse-kl", "sampler": "langevin", "buffer": 50, "width": 16}),
    ("f-ebm", {"divergence": "squared-hellinger", "steps": 2, "buffer": 50, "most": 0.1}),
    ("vera", {"gradient_penalty": 0.1, "generator_steps": 2, "draws": 3}),
    ("pcd", {"steps": 2, "sampler": "langevin", "buffer": 50, "restart": 0.2}),
    ("pcd", {"steps": 2, "sampler": "mala", "buffer": 50, "energy_penalty": 0.3}),
    ("jarzynski", {"steps": 2, "sampler": "hmc", "walkers": 50, "resample_below": 1.0}),
    ("pcd-pt", {"steps": 2, "rungs": 1, "buffer": 50}),
    ("pcd-pt", {"steps": 1, "rungs": 3, "buffer": 50, "sampler": "hmc"}),
    ("ps-cd", {"gamma": 1.0, "steps": 2, "sampler": "langevin", "buffer": 50}),
    ("drl", {"steps": 2, "sampler": "langevin"}),
    ("diffclf", {"compared": 3, "score_weight": 0.3}),
    ("mpf", {"epsilon": 0.2, "copies": 3}),
    ("fd-ssm", {"epsilon": 0.2, "projections": 2}),
    ("ssm", {"directions": "gaussian", "projections": 3}),
    ("ssm-vr", {"directions": "sphere", "projections": 2}),
]
everything = pytest.mark.parametrize(
    ("name", "options"), VARIANTS, ids=[f"{name}-{options}" for name, options in VARIANTS]
)
CHAINS = {
    "cd", "cd-short", "drl", "f-ebm", "jarzynski", "mle-mcmc", "pcd", "pcd-pt", "ps-cd",
}  # fmt: skip
CHAIN_INFO = {"acceptance", "divergent", "dead_chains", "step_size", "energy_gap"}
BLIND_TO_CONSTANTS = set(OBJECTIVES) - {
    "diffclf", "dual-sm", "ence", "fce", "n2ce", "nce", "nce-flow", "snl", "tre",
}  # fmt: skip


def make(name: str, options: dict[str, Any]) -> Objective:
    objective: Objective = build(OBJECTIVES.get(name), options, "test")
    return objective


def perturbed_mlp(dtype: torch.dtype = torch.float64) -> MLPEnergy:
    """A network off its start, where the last layer is zero and hides the others."""
    generator = torch.Generator().manual_seed(3)
    energy = MLPEnergy(torch.zeros(2), torch.ones(2), [8, 8], generator=generator)
    with torch.no_grad():
        for parameter in energy.parameters():
            parameter.add_(0.2 * torch.empty_like(parameter).normal_(generator=generator))
    return energy.to(dtype)


def perturbed_levels(dtype: torch.dtype = torch.float64) -> MLPLevels:
    """The same of many noise levels."""
    generator = torch.Generator().manual_seed(3)
    energy = MLPLevels(
        torch.zeros(2), torch.ones(2), [1.0, 0.3, 0.1], hidden=[8, 8], generator=generator
    )
    with torch.no_grad():
        for parameter in energy.parameters():
            parameter.add_(0.2 * torch.empty_like(parameter).normal_(generator=generator))
    return energy.to(dtype)


def network(name: str, dtype: torch.dtype = torch.float64) -> Energy:
    """A network that an objective can train."""
    return perturbed_levels(dtype) if OBJECTIVES.get(name).needs_levels else perturbed_mlp(dtype)


def ica() -> ICAEnergy:
    demixing = torch.tensor([[1.0, 0.4], [-0.3, 0.8]], dtype=torch.float64)
    zero, one = torch.zeros(2).double(), torch.ones(2).double()
    return ICAEnergy(demixing, "logistic", zero, one)


def fresh() -> torch.Generator:
    return torch.Generator().manual_seed(17)


def started(
    name: str, options: dict[str, Any], rows: Tensor
) -> tuple[Objective, Energy, torch.Generator, State]:
    objective, energy, generator = make(name, options), network(name), fresh()
    return objective, energy, generator, objective.init(energy, rows, generator)


def run(name: str, options: dict[str, Any], energy: Energy, rows: Tensor, steps: int) -> Step:
    objective, generator = make(name, options), fresh()
    state = objective.init(energy, rows, generator)
    for k in range(steps):
        batch = rows[20 * k : 20 * k + 20]
        step = objective.loss(energy, batch, state, generator)
        state = step.state
    return step


def gradients(step: Step, energy: Energy) -> Iterator[tuple[str, Tensor]]:
    named = [*energy.named_parameters(), *step.state.learned.items()]
    grads = torch.autograd.grad(
        step.loss, [parameter for _, parameter in named], allow_unused=True
    )
    for (name, parameter), gradient in zip(named, grads, strict=True):
        yield name, torch.zeros_like(parameter) if gradient is None else gradient


@everything
@pytest.mark.parametrize("known", [False, True], ids=["mlp", "ica"])
def test_a_finite_scalar_whose_gradient_reaches_every_parameter(
    name: str, options: dict[str, Any], known: bool, rows: Tensor
) -> None:
    if known and OBJECTIVES.get(name).needs_levels:
        pytest.skip("it needs an energy of many noise levels")
    energy = ica() if known else network(name)
    step = run(name, options, energy, rows, 2)
    assert step.loss.shape == ()
    assert bool(torch.isfinite(step.loss))
    last_bias = [each for each, _ in energy.named_parameters() if each.endswith("bias")]
    for parameter, gradient in gradients(step, energy):
        assert bool(torch.isfinite(gradient).all())
        constant = not known and parameter == last_bias[-1]
        constant &= not options.get("energy_penalty")
        if constant and name in BLIND_TO_CONSTANTS:
            # A constant in the energy belongs to log Z, which these losses do not see.
            assert float(gradient.abs().max()) < 1e-12
        else:
            assert float(gradient.abs().max()) > 1e-8, parameter


def tensors(state: object) -> list[Tensor]:
    """Return all tensors that a state carries, also those in records within it."""
    found = []
    for each in fields(state):
        value = getattr(state, each.name)
        if isinstance(value, Tensor):
            found.append(value)
        elif isinstance(value, nn.Module):
            found += [each for each in value.state_dict().values() if each.is_floating_point()]
        elif isinstance(value, tuple):
            found += value
        else:
            found += tensors(value)
    return found


@everything
def test_the_generator_decides_every_bit(name: str, options: dict[str, Any], rows: Tensor) -> None:
    before, torch_state = rows.clone(), torch.get_rng_state()
    first, second = (run(name, options, network(name), rows, 3) for _ in range(2))
    assert torch.equal(first.loss, second.loss)
    for mine, other in zip(tensors(first.state), tensors(second.state), strict=True):
        assert torch.equal(mine, other)
    assert torch.equal(rows, before)
    assert torch.equal(torch.get_rng_state(), torch_state)


@everything
def test_the_state_keeps_its_shape_and_is_not_changed_in_place(
    name: str, options: dict[str, Any], rows: Tensor
) -> None:
    objective, energy, generator, state = started(name, options, rows)
    assert all(tensor.is_leaf and tensor.requires_grad for tensor in state.learned.values())
    kept = [tensor.clone() for tensor in tensors(state)]
    step = objective.loss(energy, rows[:20], state, generator)
    assert type(step.state) is type(state)
    assert step.state.learned == state.learned
    learned = list(state.learned.values())
    for old, before, now in zip(tensors(state), kept, tensors(step.state), strict=True):
        assert torch.equal(old, before)
        assert (now.shape, now.dtype) == (before.shape, torch.float64)
        assert now.requires_grad == any(now is each for each in learned)
    for value in step.info.values():
        assert value.shape == ()
        assert not value.requires_grad


@everything
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_the_loss_has_the_dtype_of_the_model(
    name: str, options: dict[str, Any], dtype: torch.dtype, rows: Tensor
) -> None:
    step = run(name, options, network(name, dtype), rows.to(dtype), 1)
    assert step.loss.dtype == dtype


@everything
@pytest.mark.parametrize("known", [False, True])
def test_declared_and_counted_cost_agree(
    name: str, options: dict[str, Any], known: bool, rows: Tensor
) -> None:
    if known and OBJECTIVES.get(name).needs_levels:
        pytest.skip("it needs an energy of many noise levels")
    energy = ica() if known else network(name)
    objective, generator = make(name, options), fresh()
    state = objective.init(energy, rows, generator)
    batch = rows[:20]
    with count_evaluations() as counts:
        objective.loss(energy, batch, state, generator)
    declared = objective.cost(energy.dim)
    lattice = 0
    if name == "mle-exact" and not known:
        lattice = options.get("points", 64) ** 2
    assert counts.energy == 20 * declared.energy + lattice
    assert counts.score == 20 * declared.score
    assert counts.hvp == 20 * declared.hvp
    assert counts.auxiliary == 20 * declared.auxiliary
    if counts.hvp:
        assert objective.needs_smooth_energy


@everything
def test_the_last_batch_may_be_a_single_row(
    name: str, options: dict[str, Any], rows: Tensor
) -> None:
    objective, energy, generator, state = started(name, options, rows)
    step = objective.loss(energy, rows[:1], state, generator)
    assert bool(torch.isfinite(step.loss))


@pytest.mark.parametrize("name", sorted(CHAINS))
def test_chains_say_whether_they_move(name: str, rows: Tensor) -> None:
    info = run(name, {}, network(name), rows, 2).info
    assert set(info) >= CHAIN_INFO
    assert 0 <= float(info["dead_chains"]) < 0.2
    assert float(info["step_size"]) > 0


def test_every_objective_with_chains_is_among_them() -> None:
    with_chains = {card.objective for card in catalog.methods().values() if "mcmc" in card.tags}
    assert with_chains == CHAINS


@pytest.mark.parametrize(
    ("name", "options", "complaint"),
    [
        ("cd", {"steps": 0}, "'steps' is 0"),
        ("cd", {"sampler": "nuts"}, "unknown sampler 'nuts'"),
        ("dsm", {"sigma": -1.0}, "'sigma' is -1.0"),
        ("dsm", {"sigm": 0.1}, "did you mean 'sigma'"),
        ("mle-exact", {"width": 1.0}, "'width' is 1.0"),
        ("mle-mcmc", {"annealed": 1.5}, "'annealed' is 1.5"),
        ("nce", {"nu": 0}, "'nu' is 0"),
        ("pcd", {"restart": 2}, "'restart' is 2"),
        ("f-ebm", {"divergence": "tv"}, "'divergence' is 'tv'"),
        ("jarzynski", {"sampler": "langevin"}, "'sampler' is 'langevin'"),
        ("mpf", {"epsilon": 0.0}, "'epsilon' is 0.0"),
        ("ps-cd", {"gamma": 0}, "'gamma' is 0"),
        ("ssm", {"directions": "cube"}, "'directions' is 'cube'"),
        ("ssm-vr", {"projections": "many"}, "'projections' is 'many'"),
        ("sm", {"sigma": 0.1}, "unknown key 'sigma'"),
    ],
)
def test_bad_hyper_parameters_are_refused_in_a_sentence(
    name: str, options: dict[str, Any], complaint: str
) -> None:
    with pytest.raises(EbmbenchError, match=complaint):
        make(name, options)


def test_a_state_holds_nothing_unless_told() -> None:
    assert dict(State().learned) == {}
    assert fields(State()) == ()


def test_a_loss_does_not_compare_where_chains_or_a_network_beside_the_energy_move() -> None:
    silent = {name for name in OBJECTIVES if not OBJECTIVES.get(name).validates}
    assert silent == CHAINS | {"fce", "lsd", "vera"}
