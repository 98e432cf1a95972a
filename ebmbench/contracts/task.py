"""What a task promises: the same rows for a seed, and an energy that takes them."""

from __future__ import annotations

from pathlib import Path

import torch

from ebmbench.cards import TaskCard
from ebmbench.cardtables import Budget
from ebmbench.datasets.rows import SPLITS, row_problems
from ebmbench.harness.build import load_data, make_energy
from ebmbench.partition.quadrature import POINTS

FEW = {"train": 512, "validation": 64, "test": 64}
"""Rows of each split in a trial, at most; of training rows two for a column where that is more."""
STEPS = 5
BATCH = 64


def task_problems(card: TaskCard, data_dir: Path | None) -> list[str]:
    """Return a sentence per promise that the loader or the energy of a task breaks.

    Raises:
        EbmbenchError: the rows or the energy cannot be had at all; the sentence says why.
    """
    dataset, again = (load_data(card, 0, data_dir) for _ in range(2))
    problems = row_problems(dataset)
    if not all(torch.equal(getattr(dataset, s), getattr(again, s)) for s in SPLITS):
        problems.append("the same seed gives different rows")
    energy = make_energy(card, dataset, 0)
    values = energy(dataset.test[:8]).detach()
    if values.shape != dataset.test[:8, 0].shape:
        problems.append(
            f"the energy of 8 rows has shape {tuple(values.shape)}, allowed: one value per row"
        )
    elif not bool(torch.isfinite(values).all()):
        problems.append("the energy of a test row is not finite")
    if card.metrics.log_z == "quadrature" and dataset.dim not in POINTS:
        problems.append(
            f"metrics.log_z is 'quadrature' in {dataset.dim} dimensions, allowed: to {max(POINTS)}"
        )
    if card.metrics.log_z == "exact" and energy.log_z() is None:
        problems.append("metrics.log_z is 'exact' but the energy does not know its log Z")
    return problems


def few_rows(card: TaskCard, data_dir: Path | None) -> TaskCard:
    """Return the card with few of the rows that there are, and few steps."""
    dataset = load_data(card, 0, data_dir)
    few = FEW | {"train": max(FEW["train"], 2 * dataset.dim)}
    sizes = {split: min(most, len(getattr(dataset, split))) for split, most in few.items()}
    budget = Budget(steps=STEPS, batch=min(BATCH, sizes["train"]))
    return card.model_copy(
        update={
            "data": card.data.model_copy(update=sizes),
            "budget": card.budget.model_copy(update={"smoke": budget}),
        }
    )
