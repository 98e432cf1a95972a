"""Whether a card, and the class that it names, keep their contracts: tried on a few rows."""

from __future__ import annotations

import tomllib
from pathlib import Path

import torch
from torch import Tensor

from ebmbench import catalog
from ebmbench.calculus import count_evaluations
from ebmbench.cards import MethodCard, TaskCard, read_card
from ebmbench.datasets.base import Dataset, Sizes
from ebmbench.datasets.store import DataUnavailable
from ebmbench.errors import EbmbenchError
from ebmbench.harness.build import make_energy, make_estimator, make_loader, make_objective
from ebmbench.harness.build import validate as validate_job
from ebmbench.harness.job import Job
from ebmbench.objectives.base import State
from ebmbench.seeds import generator

TRIAL_TASK = "2d/two-moons"
"""Where a new method is tried."""
ROWS = 64


def card_problems(path: Path, data_dir: Path | None = None) -> list[str]:
    """Return a sentence per problem of a task or method card; none: it keeps its contract.

    Arguments:
        path: a TOML file; with ``objective`` or ``estimator`` in it, it is a method.
        data_dir: where a task's files are looked for first.
    """
    try:
        words = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError):
        # What is wrong is said by the reader of cards.
        words = {}
    try:
        if "objective" in words or "estimator" in words:
            return _of_method(read_card(MethodCard, path))
        return _of_task(read_card(TaskCard, path), data_dir)
    except EbmbenchError as error:
        return [str(error)]


def _of_method(card: MethodCard) -> list[str]:
    task = catalog.tasks()[TRIAL_TASK]
    validate_job(Job(task, card.for_task(task.name), 0, "smoke"))
    if card.objective is None:
        make_estimator(card)
        return []
    problems = [
        f"search.{key} is no hyper-parameter of {card.objective}"
        for key in card.search
        if key != "learning_rate" and key not in card.hyperparameters
    ]
    return problems + _of_objective(card)


def _of_objective(card: MethodCard) -> list[str]:
    """Try the loss once: scalar, finite, a gradient for every parameter, the declared cost."""
    task = catalog.tasks()[TRIAL_TASK]
    dataset = make_loader(task).load(Sizes(512, 64, 64), 0, None)
    energy = make_energy(task, dataset, 0)
    random = generator(card.name, "contract")
    with torch.no_grad():
        for parameter in energy.parameters():
            # At the start the last layer is zero and hides all others.
            parameter.add_(0.1 * torch.empty_like(parameter).normal_(generator=random))
    objective = make_objective(card)
    before = torch.get_rng_state()
    state: State = objective.init(energy, dataset.train, random)
    batch = dataset.train[:ROWS]
    kept = batch.clone()
    with count_evaluations() as counts:
        step = objective.loss(energy, batch, state, random)
    problems = []
    if step.loss.shape != ():
        return [f"the loss has shape {tuple(step.loss.shape)}, allowed: a scalar"]
    if not bool(torch.isfinite(step.loss)):
        problems.append("the loss of an untrained energy is not finite")
    if not step.loss.requires_grad:
        return [*problems, "the loss has no graph to the parameters; pass create_graph=True"]
    parameters: list[Tensor] = [*energy.parameters(), *step.state.learned.values()]
    gradients = torch.autograd.grad(step.loss, parameters, allow_unused=True)
    # A constant of the energy, its last bias, belongs to log Z, which most losses do not see.
    constant = list(energy.parameters())[-1]
    for each, gradient in zip(parameters, gradients, strict=True):
        unseen = gradient is None or not bool(gradient.abs().max() > 0)
        if unseen and each is not constant:
            problems.append(f"no gradient reaches a parameter of shape {tuple(each.shape)}")
    if not torch.equal(torch.get_rng_state(), before):
        problems.append("the global random state was used; draw from the generator")
    if not torch.equal(batch, kept):
        problems.append("the batch was changed in place")
    declared = objective.cost(energy.dim)
    for name in ("energy", "score", "hvp"):
        counted = getattr(counts, name) / ROWS
        if name != "energy" or not objective.needs_log_z:
            promised = getattr(declared, name)
            if abs(counted - promised) > 1e-6:
                problems.append(
                    f"cost() declares {promised:g} {name} evaluations per example, {counted:g} "
                    "were counted"
                )
    return problems


def _of_task(card: TaskCard, data_dir: Path | None) -> list[str]:
    validate_job(Job(card, catalog.methods()["dsm"].for_task(card.name), 0, "smoke"))
    sizes = Sizes(512, 64, 64)
    loader = make_loader(card)
    try:
        dataset, again = (loader.load(sizes, 0, data_dir) for _ in range(2))
    except DataUnavailable as error:
        return [str(error)]
    problems = _of_rows(dataset)
    if not torch.equal(dataset.train, again.train):
        problems.append("the same seed gives different rows")
    energy = make_energy(card, dataset, 0)
    values = energy(dataset.test[:8]).detach()
    if values.shape != dataset.test[:8, 0].shape or not bool(torch.isfinite(values).all()):
        problems.append("the energy does not give one finite value per row")
    if card.metrics.log_z == "quadrature" and dataset.dim > 3:
        problems.append(
            f"metrics.log_z is 'quadrature' in {dataset.dim} dimensions, allowed: to 3"
        )
    if card.metrics.log_z == "exact" and energy.log_z() is None:
        problems.append("metrics.log_z is 'exact' but the energy does not know its log Z")
    return problems


def _of_rows(dataset: Dataset) -> list[str]:
    problems = []
    for name in ("train", "validation", "test"):
        rows = getattr(dataset, name)
        if rows.dim() != 2 or rows.shape[1] != dataset.dim or not len(rows):
            problems.append(f"{name} has shape {tuple(rows.shape)}, allowed: (n, {dataset.dim})")
        elif rows.dtype != torch.float32:
            problems.append(f"{name} is {rows.dtype}, allowed: torch.float32")
        elif not bool(torch.isfinite(rows).all()):
            problems.append(f"{name} holds a number that is not finite")
    return problems
