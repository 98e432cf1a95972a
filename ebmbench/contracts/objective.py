"""What an objective promises: a loss with a graph, its randomness, cost, sign and value."""

from __future__ import annotations

import torch
from torch import Tensor

from ebmbench.calculus import count_evaluations
from ebmbench.cards import SCORE_MATCHING, MethodCard, TaskCard
from ebmbench.contracts.quadratic import QuadraticLevels
from ebmbench.contracts.task import few_rows
from ebmbench.contracts.validation import validation_problems
from ebmbench.energies.base import Energy
from ebmbench.harness.build import load_data, make_energy, make_objective
from ebmbench.harness.coordinates import training_view
from ebmbench.objectives.base import Objective
from ebmbench.seeds import generator

ROWS = 64
SIGN_ROWS = 4096
SIGN_DRAWS = 8


def objective_problems(card: MethodCard, task: TaskCard) -> list[str]:
    """Return a sentence per promise that the objective of a method breaks.

    Arguments:
        card: with what is tuned for the task put in.
        task: where the loss is tried.
    """
    objective = make_objective(card)
    problems = _of_loss(objective, card.name, task)
    if not problems:
        problems = _of_validation(objective, card.name, task)
    if not problems and card.family == SCORE_MATCHING:
        problems = sign_problems(objective, card.name)
    return problems


def _of_validation(objective: Objective, name: str, task: TaskCard) -> list[str]:
    energy, rows, random = _trial(name, task)
    return validation_problems(
        objective, energy, rows[:ROWS], objective.init(energy, rows, random)
    )


def _trial(name: str, task: TaskCard) -> tuple[Energy, Tensor, torch.Generator]:
    """Return a trained part away from its start, the rows it sees, and a source of randomness."""
    dataset = load_data(few_rows(task, None), 0, None)
    energy, seen = training_view(make_energy(task, dataset, 0), dataset)
    random = generator(name, "contract")
    with torch.no_grad():
        for parameter in energy.parameters():
            # At the start the last layer is zero and hides all others.
            parameter.add_(0.1 * torch.empty_like(parameter).normal_(generator=random))
    return energy, seen.train, random


def _of_loss(objective: Objective, name: str, task: TaskCard) -> list[str]:
    """Try the loss once: scalar, finite, a gradient for every parameter, the declared cost."""
    energy, rows, random = _trial(name, task)
    before = torch.get_rng_state()
    state = objective.init(energy, rows, random)
    batch = rows[:ROWS]
    kept = batch.clone()
    with count_evaluations() as counts:
        step = objective.loss(energy, batch, state, random)
    if step.loss.shape != ():
        return [f"the loss has shape {tuple(step.loss.shape)}, allowed: a scalar"]
    problems = []
    if not bool(torch.isfinite(step.loss)):
        problems.append("the loss of an untrained energy is not finite")
    if not step.loss.requires_grad:
        return [*problems, "the loss has no graph to the parameters; pass create_graph=True"]
    learned = list(step.state.learned.values())
    problems += _unreached(energy, learned, step.loss)
    if not torch.equal(torch.get_rng_state(), before):
        problems.append("the global random state was used; draw from the generator")
    if not torch.equal(batch, kept):
        problems.append("the batch was changed in place")
    declared = objective.cost(energy.dim)
    for kind in ("energy", "score", "hvp", "auxiliary"):
        counted, promised = getattr(counts, kind) / ROWS, getattr(declared, kind)
        if (kind != "energy" or not objective.needs_log_z) and abs(counted - promised) > 1e-6:
            problems.append(
                f"cost() declares {promised:g} {kind} evaluations per example, {counted:g} "
                "were counted"
            )
    return problems


def _unreached(energy: Energy, learned: list[Tensor], loss: Tensor) -> list[str]:
    """Name the parameters that no gradient reaches."""
    parameters: list[Tensor] = [*energy.parameters(), *learned]
    gradients = torch.autograd.grad(loss, parameters, allow_unused=True)
    # A constant of the energy, its last bias, belongs to log Z, which most losses do not see.
    constant = list(energy.parameters())[-1]
    return [
        f"no gradient reaches a parameter of shape {tuple(each.shape)}"
        for each, gradient in zip(parameters, gradients, strict=True)
        if each is not constant and (gradient is None or not bool(gradient.abs().max() > 0))
    ]


def sign_problems(objective: Objective, name: str) -> list[str]:
    r"""Check on quadratic energies that the loss of score matching has the sign of the score.

    With data from :math:`N(0, I)` and :math:`E(x) = \tfrac a2 \|x\|^2` every loss of score
    matching is a constant plus :math:`c\,(\tfrac12 a^2 v - a)` with :math:`c, v > 0`, so it is
    smaller for ``a = 1``, the true score, than for ``a = -1``, its opposite; also after smoothing.
    """
    rows = torch.randn(SIGN_ROWS, 2, generator=generator(name, "sign rows"))
    losses = {}
    for slope in (1.0, -1.0):
        energy = QuadraticLevels(slope)
        random = generator(name, "sign noise")
        state = objective.init(energy, rows, random)
        found = [
            objective.loss(energy, rows, state, random).loss.detach() for _ in range(SIGN_DRAWS)
        ]
        losses[slope] = float(torch.stack(found).mean())
    if losses[1.0] < losses[-1.0]:
        return []
    return [
        f"on a standard normal density the loss is {losses[1.0]:.4g} for the true score and "
        f"{losses[-1.0]:.4g} for its opposite: a sign is wrong (the score is the gradient of "
        "log p, that is of minus the energy)"
    ]
