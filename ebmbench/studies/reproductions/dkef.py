r"""Song et al. (2019), Sect. 5.1: deep kernel exponential families on three UCI tables.

The score-matching loss of the test rows with the exact trace, for models trained by exact, sliced
and denoising score matching; early stopping and the noise of the last by the same loss of the
validation rows, as in the paper.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated

import numpy as np
import torch
from matplotlib.figure import Figure
from pydantic import Field

from ebmbench import api
from ebmbench.calculus import score_and_laplacian
from ebmbench.cardtables import Optimiser
from ebmbench.energies import build_energy
from ebmbench.energies.base import Energy
from ebmbench.objectives.base import Objective
from ebmbench.objectives.dsm import DenoisingScoreMatching
from ebmbench.objectives.sm import ScoreMatching
from ebmbench.objectives.ssm import SlicedScoreMatching
from ebmbench.objectives.ssm_vr import SlicedScoreMatchingVR
from ebmbench.options import options
from ebmbench.seeds import generator
from ebmbench.studies.reproductions.base import Cell, Experiment, Measured, Result, Table
from ebmbench.studies.reproductions.fit import EarlyStopping, fit_stream

Count = Annotated[int, Field(gt=0)]
BATCH = 200
LEARNING_RATE = 1e-2
VALIDATION_ROWS = 500
LOOK_EVERY = 25
METHODS: dict[str, Objective] = {
    "sm": ScoreMatching(),
    "ssm-vr": SlicedScoreMatchingVR(),
    "ssm": SlicedScoreMatching(),
}


@options
class SongDKEF(Experiment):
    """Score-matching loss of deep kernel models by objective."""

    tasks: list[str]
    steps: Count
    """At most; early stopping ends most fits before."""
    seeds: Count
    patience: Count
    """Steps without a better validation loss after which a fit stops."""
    sigmas: list[Annotated[float, Field(gt=0)]]

    def cells(self) -> list[Cell]:
        """See :class:`.base.Experiment`; ``sigma = 0`` is no noise."""
        variants = [(method, 0.0) for method in METHODS]
        variants += [("dsm", sigma) for sigma in self.sigmas]
        return [
            {
                "task": task,
                "method": method,
                "sigma": sigma,
                "seed": seed,
                "steps": self.steps,
                "patience": self.patience,
            }
            for seed in range(self.seeds)
            for task in self.tasks
            for method, sigma in variants
        ]

    def run(self, cell: Cell) -> Result:
        """See :class:`~ebmbench.studies.reproductions.base.Experiment`."""
        task, method, seed = str(cell["task"]), str(cell["method"]), int(cell["seed"])
        label = ("song2019-dkef", task, seed)
        data = api.load_data(task, seed)
        energy = build_energy("dkef", {}, data.train, generator(*label, "init"))
        validation = data.validation[:VALIDATION_ROWS]

        def draw(random: torch.Generator) -> torch.Tensor:
            return data.train[torch.randint(len(data.train), (BATCH,), generator=random)]

        objective = METHODS.get(method) or DenoisingScoreMatching(sigma=float(cell["sigma"]))
        fitted = fit_stream(
            energy,
            objective,
            draw,
            int(cell["steps"]),
            optimiser=Optimiser(learning_rate=LEARNING_RATE, schedule="constant"),
            data=generator(*label, "batches"),
            noise=generator(*label, method, "noise"),
            first=data.train,
            stop=EarlyStopping(
                lambda: _sm_loss(energy, validation),
                LOOK_EVERY,
                int(cell["patience"]) // LOOK_EVERY,
            ),
        )
        return {
            "validation_sm_loss": _sm_loss(energy, validation),
            "test_sm_loss": _sm_loss(energy, data.test),
            "seconds": fitted.seconds,
            "steps_done": float(fitted.evaluations),
        }

    def measure(self, table: Table) -> Mapping[str, Measured]:
        """See :class:`~ebmbench.studies.reproductions.base.Experiment`.

        Differences are paired over seeds, which share data and start.
        """
        measured = {}
        for task, group in _chosen(table).groupby("task"):
            short = str(task).partition("/")[2]
            losses = group.pivot_table(index="seed", columns="method", values="test_sm_loss")
            for method in losses:
                measured[f"sm/{short}/{method}"] = _mean(losses[method].dropna().to_numpy())
            if {"sm", "ssm-vr", "ssm", "dsm"} <= set(losses):
                pairs = (("ssm-vr", "sm"), ("ssm", "ssm-vr"), ("dsm", "ssm"))
                for worse, better in pairs:
                    gaps = (losses[worse] - losses[better]).dropna().to_numpy()
                    measured[f"gap/{short}/{worse}-{better}"] = _mean(gaps)
        return measured

    def draw(self, table: Table) -> Figure:
        """See :class:`~ebmbench.studies.reproductions.base.Experiment`."""
        chosen = _chosen(table)
        tasks = list(dict.fromkeys(chosen["task"]))
        figure = Figure(figsize=(4 * len(tasks), 3.6), layout="constrained")
        for ax, task in zip(figure.subplots(1, len(tasks), squeeze=False)[0], tasks, strict=True):
            for k, method in enumerate([*METHODS, "dsm"]):
                rows = chosen[(chosen["task"] == task) & (chosen["method"] == method)]
                values = rows["test_sm_loss"]
                ax.plot([k] * len(values), values, "o", c=f"C{k}", ms=4, alpha=0.6)
                ax.plot([k - 0.25, k + 0.25], [values.mean()] * 2, c=f"C{k}", lw=2)
            ax.set_xticks(range(len(METHODS) + 1), [*METHODS, "dsm"])
            ax.set_title(str(task), fontsize=10)
            ax.spines[["top", "right"]].set_visible(False)
        figure.axes[0].set_ylabel("score-matching loss of test rows (lower is better)")
        return figure


def _sm_loss(energy: Energy, rows: torch.Tensor) -> float:
    s, laplacian = score_and_laplacian(energy, rows)
    return float((0.5 * s.double().square().sum(1) + laplacian.double()).mean())


def _chosen(table: Table) -> Table:
    """Keep, per task, the noise level of the lowest mean validation loss."""
    keys = ["task", "method", "sigma"]
    scored = table.fillna({"validation_sm_loss": np.inf})
    means = scored.groupby(keys)["validation_sm_loss"].mean().reset_index()
    best = means.sort_values("validation_sm_loss").drop_duplicates(keys[:2])
    return table.merge(best[keys], on=keys)


def _mean(values: np.ndarray) -> Measured:
    n = len(values)
    spread = float(values.std(ddof=1) / np.sqrt(n)) if n > 1 else None
    return Measured(float(values.mean()), spread, n)
