"""What every registered task promises, and that every objective can take a step on it."""

from __future__ import annotations

from dataclasses import replace
from functools import cache

import pytest
import torch

from ebmbench import catalog
from ebmbench.cards import TaskCard
from ebmbench.datasets.base import Dataset
from ebmbench.harness.build import load_data, make_energy, make_objective
from ebmbench.harness.compatibility import reason_to_skip
from ebmbench.harness.coordinates import training_view
from ebmbench.harness.job import Job
from ebmbench.metrics.registry import METRICS

every_task = pytest.mark.parametrize("card", catalog.tasks().values(), ids=lambda card: card.name)


@cache
def rows_of(name: str) -> Dataset:
    return load_data(catalog.tasks()[name], 0, None)


@every_task
def test_rows_energy_and_truth_fit_together(card: TaskCard) -> None:
    rows = rows_of(card.name)
    energy = make_energy(card, rows, 0)
    assert energy.dim == rows.dim == rows.test.shape[1]
    assert torch.isfinite(energy(rows.train[:256])).all()
    assert torch.isfinite(energy.reference.mean).all()
    assert (energy.reference.std > 0).all()
    if rows.truth is not None:
        x = rows.test[:50].double()
        assert rows.truth.dim == rows.dim
        assert torch.isfinite(rows.truth.log_prob(x)).all()
        assert rows.truth.score(x).shape == x.shape


@every_task
def test_the_card_says_how_log_z_is_found_and_what_is_measured(card: TaskCard) -> None:
    rows = rows_of(card.name)
    energy = make_energy(card, rows, 0)
    how = card.metrics.log_z
    assert (energy.log_z() is not None) == (how == "exact")
    assert how != "quadrature" or rows.dim <= 3
    assert set(card.metrics.names) <= set(METRICS)
    assert card.metrics.names[0] == "log_likelihood"
    assert ("regret" in card.metrics.names) == (rows.truth is not None)
    assert ("bits_per_dim" in card.metrics.names) == (rows.test_log_det is not None)


@every_task
def test_the_start_is_the_same_for_the_same_seed(card: TaskCard) -> None:
    rows = rows_of(card.name)
    first, again, other = (make_energy(card, rows, seed) for seed in (0, 0, 1))
    pairs = list(zip(first.parameters(), again.parameters(), strict=True))
    assert all(torch.equal(a, b) for a, b in pairs)
    changed = zip(first.parameters(), other.parameters(), strict=True)
    assert any(not torch.equal(a, b) for a, b in changed)


@every_task
def test_every_objective_has_a_finite_loss_and_gradient(card: TaskCard) -> None:
    rows = rows_of(card.name)
    tried = 0
    for method in catalog.methods().values():
        tuned = method.for_task(card.name)
        if tuned.objective is None or reason_to_skip(Job(card, tuned, 0, "smoke")) is not None:
            continue
        objective, generator = make_objective(tuned), torch.Generator().manual_seed(0)
        if "flow_steps" in vars(objective):
            # A flow of 784 pixels takes minutes to fit, and this looks at shapes alone.
            objective = replace(objective, flow_steps=2)  # type: ignore[type-var]
        whole = make_energy(card, rows, 0, tuned.coordinates, objective=objective)
        energy, view = training_view(whole, rows)
        state = objective.init(energy, view.train[:2000], generator)
        step = objective.loss(energy, view.train[:2], state, generator)
        parameters = [*energy.parameters(), *step.state.learned.values()]
        gradients = torch.autograd.grad(step.loss, parameters, allow_unused=True)
        assert torch.isfinite(step.loss), method.name
        assert all(torch.isfinite(g).all() for g in gradients if g is not None), method.name
        tried += 1
    assert tried >= 4
