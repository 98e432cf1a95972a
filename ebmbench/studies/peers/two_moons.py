"""The two moons of ebmkit: its losses and ours on the same rows, steps and batches.

Rows are drawn by ebmkit's own function. Its networks are trained by its ``Trainer`` with Adam at
1e-3, as its documentation shows; ours are trained as their cards say. All energies are measured in
one way: ``log Z`` by quadrature on the plane, certified or refused.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from importlib import import_module
from itertools import chain
from typing import Any

import torch
from torch import Tensor

from ebmbench import api
from ebmbench.cardtables import Budget, EnergyTable
from ebmbench.datasets.base import Dataset
from ebmbench.energies.wrapped import Model
from ebmbench.partition.base import log_density
from ebmbench.partition.grid import reference_box, tabulate
from ebmbench.studies.peers.ebmkit import Ebmkit
from ebmbench.studies.peers.library import seeded
from ebmbench.studies.peers.ours import Ours
from ebmbench.tablefiles.card import rows_card

TRAIN, TEST = 8192, 4096
BATCH = 256
HIDDEN = (128, 128)
CHAIN = 20
"""Langevin steps of 0.01 in each step of contrastive divergence."""
NEAR, CELLS = 6.0, 640
"""Standard deviations of the rows to each side, and cells of a grid along an axis: inside, a
density can be compared although the whole one has no mass there, or none that is finite."""
LEVELS = (1.0, 0.05, 10)
"""Largest and smallest noise of many levels, and their number."""
METHODS = ("nce", "ssm-vr", "dsm", "cd", "pcd")
"""Of ours."""


@dataclass(frozen=True)
class Row:
    """One trained model."""

    library: str
    version: str
    method: str
    settings: str
    steps: int
    log_likelihood: float
    """Of test rows in nats."""
    near: float
    """The same where the density is cut off :data:`NEAR` deviations from the rows."""
    stderr: float
    certified: bool
    note: str
    seconds: float
    """Of training, on whatever else the machine did."""


def compare_two_moons(
    steps: int, seed: int = 0, tell: Callable[[Row], None] = lambda row: None
) -> list[Row]:
    """Train and measure all models.

    Arguments:
        steps: of training, for each.
        seed: of rows, weights and batches.
        tell: called with each row.
    """
    two_moons = import_module("ebm").datasets.two_moons
    train, test = (
        two_moons(n, generator=torch.Generator().manual_seed(seed + k))
        for k, n in enumerate((TRAIN, TEST))
    )
    rows = []
    for row in chain(_theirs(train, test, steps, seed), _ours(train, test, steps, seed)):
        tell(row)
        rows.append(row)
    return rows


def words(steps: int) -> str:
    """Say what was run."""
    return (
        f"{TRAIN} training rows and {TEST} test rows of ebmkit's `datasets.two_moons`; {steps} "
        f"steps of {BATCH} rows, networks of {HIDDEN[0]}-{HIDDEN[1]} SiLU units, one seed, one "
        "thread. Networks of ebmkit have no Gaussian beneath them, ours have. Every likelihood is "
        f"by quadrature: on the plane, and as if a model ended {NEAR:g} standard deviations from "
        "the rows; seconds are of training on a machine with other work, and no measure of "
        "speed."
    )


def _theirs(train: Tensor, test: Tensor, steps: int, seed: int) -> Iterator[Row]:
    ebm = import_module("ebm")
    langevin = ebm.LangevinDynamics(step_size=1e-2, steps=CHAIN)
    sigmas = ebm.geometric_sigmas(*LEVELS)
    steps_words = f"{CHAIN} Langevin steps of 0.01"
    losses: list[tuple[str, str, Callable[[], Any]]] = [
        ("NCE", "4 noise points a row", lambda: ebm.NoiseContrastiveEstimation(noise_ratio=4)),
        ("sliced SM", "variance-reduced", lambda: ebm.SlicedScoreMatching()),
        (
            "multi-sigma DSM",
            f"{LEVELS[2]} levels, {LEVELS[0]:g} to {LEVELS[1]:g}, measured at the lowest",
            lambda: ebm.MultiSigmaDenoisingScoreMatching(sigmas),
        ),
        ("CD", f"{steps_words}, from noise", lambda: ebm.ContrastiveDivergence(langevin)),
        (
            "PCD",
            f"{steps_words}, buffer of 8192",
            lambda: ebm.ContrastiveDivergence(langevin, buffer=ebm.ReplayBuffer(8192, (2,))),
        ),
    ]
    library = Ebmkit()
    for name, settings, make in losses:
        with seeded(seed):
            levels = name.startswith("multi")
            kind = ebm.nets.NoiseConditionalMLPEnergy if levels else ebm.nets.MLPEnergy
            energy = kind(2, hidden=HIDDEN)
            trainer = ebm.Trainer(energy, make(), lr=1e-3, device="cpu")
            began = time.perf_counter()
            trainer.fit(train, steps=steps, batch_size=BATCH, verbose=False)
            seconds = time.perf_counter() - began
        model: Model = energy
        if levels:
            model = _lowest(energy, float(sigmas[-1]))
        yield _measured(library.name, str(library.version()), name, settings, model=model,
                        train=train, test=test, steps=steps, seconds=seconds)  # fmt: skip


def _ours(train: Tensor, test: Tensor, steps: int, seed: int) -> Iterator[Row]:
    library = Ours()
    options = {"hidden": list(HIDDEN), "activation": "silu"}
    card = rows_card(len(train), 2)
    budget = card.budget.model_copy(update={"standard": Budget(steps=steps, batch=BATCH)})
    energy_table = EnergyTable(kind="mlp", options=options)
    card = card.model_copy(update={"budget": budget, "energy": energy_table})
    dataset = Dataset(train[TEST // 4 :], train[: TEST // 4], test)
    for name in METHODS:
        method = api.method(name).for_task(card.name)
        energy = api.build_energy(card, dataset, seed, method.coordinates)
        began = time.perf_counter()
        api.train(energy, method, dataset, card, seed=seed)
        seconds = time.perf_counter() - began
        yield _measured(
            library.name, str(library.version()), name, "as its card says", model=energy,
            train=train, test=test, steps=steps, seconds=seconds,
        )  # fmt: skip


def _lowest(energy: Callable[[Tensor, Tensor], Tensor], sigma: float) -> Model:
    def at_lowest(x: Tensor) -> Tensor:
        return energy(x, torch.full((len(x),), sigma))

    return at_lowest


def _measured(
    library: str,
    version: str,
    method: str,
    settings: str,
    *,
    model: Model,
    train: Tensor,
    test: Tensor,
    steps: int,
    seconds: float,
) -> Row:
    found = api.evaluate(model, test, metrics=["log_likelihood"], train=train)["log_likelihood"]
    energy = api.wrap(model, train)
    inside = tabulate(energy, reference_box(energy, NEAR), CELLS)
    near = float(log_density(energy, test).mean()) - inside.log_z
    return Row(
        library,
        version,
        method,
        settings,
        steps,
        found.value,
        near,
        found.stderr or 0.0,
        found.certified,
        found.note,
        seconds,
    )
