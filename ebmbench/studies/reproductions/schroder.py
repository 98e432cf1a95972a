r"""Schröder et al. (2023): twenty-five Gaussians by energy discrepancy, CD-10 and score matching.

The error is the mean square of :math:`\log p_\theta - \log p` over 5000 rows of data. The code
of the paper estimates ``Z`` by importance sampling from those rows, which sees only the mass that
the model has near the data; quadrature sees all of it. Both are given.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Annotated

import numpy as np
import torch
from matplotlib.figure import Figure
from pydantic import Field

from ebmbench.cardtables import Optimiser
from ebmbench.datasets.densities import twentyfive_gaussians
from ebmbench.energies.mlp import MLPEnergy
from ebmbench.objectives.base import Objective
from ebmbench.objectives.cd import ContrastiveDivergence
from ebmbench.objectives.ed import EnergyDiscrepancy
from ebmbench.objectives.sm import ScoreMatching
from ebmbench.options import options
from ebmbench.partition.base import log_density
from ebmbench.partition.quadrature import quadrature_grid
from ebmbench.seeds import generator
from ebmbench.studies.reproductions.base import Cell, Experiment, Measured, Result, Table
from ebmbench.studies.reproductions.fit import fit_stream

Count = Annotated[int, Field(gt=0)]
BATCH = 128
ROWS = 5000
METHODS: dict[str, Objective] = {
    "ed": EnergyDiscrepancy(t=1.0, negatives=4, w=1.0),
    # The code moves by half of 0.01 times the score: ε² = 0.01.
    "cd-10": ContrastiveDivergence(steps=10, step_size=0.1, energy_penalty=0.3),
    "sm": ScoreMatching(),
}


@options
class SchroderGaussians(Experiment):
    """Error of the log-density and steps per second of three objectives."""

    steps: Count
    seeds: Count

    def cells(self) -> list[Cell]:
        """See :class:`~ebmbench.studies.reproductions.base.Experiment`."""
        return [
            {"method": method, "seed": seed, "steps": self.steps}
            for seed in range(self.seeds)
            for method in METHODS
        ]

    def run(self, cell: Cell) -> Result:
        """See :class:`~ebmbench.studies.reproductions.base.Experiment`."""
        method, seed = str(cell["method"]), int(cell["seed"])
        label = ("schroder2023-25gaussians", seed)
        truth = twentyfive_gaussians()

        def draw(random: torch.Generator, rows: int = BATCH) -> torch.Tensor:
            return truth.sample(rows, random).float()

        energy = MLPEnergy.create(
            draw(generator(*label, "reference"), ROWS),
            generator(*label, "init"),
            hidden=[128] * 4,
            activation="softplus",
        )
        steps = int(cell["steps"])
        adam = Optimiser(learning_rate=1e-3, schedule="constant", weight_average=0.999)
        fitted = fit_stream(
            energy,
            METHODS[method],
            draw,
            steps,
            optimiser=adam,
            data=generator(*label, "batches"),
            noise=generator(*label, method, "noise"),
        )
        energy.requires_grad_(False)
        rows = draw(generator(*label, "test"), ROWS)
        true = truth.log_prob(rows.double())
        model = log_density(energy, rows)
        near = float(torch.logsumexp(model - true, 0)) - math.log(ROWS)
        everywhere = quadrature_grid(energy)[0].log_z
        return {
            "mse": float((model - near - true).square().mean()),
            "mse_exact": float((model - everywhere - true).square().mean()),
            "regret": float((true - model).mean()) + everywhere,
            "seconds": fitted.seconds,
            "steps_per_second": fitted.evaluations / fitted.seconds,
        }

    def measure(self, table: Table) -> Mapping[str, Measured]:
        """See :class:`~ebmbench.studies.reproductions.base.Experiment`."""
        measured = {}
        groups = table.groupby("method")
        for column in ("mse", "mse_exact", "regret"):
            for method, values in groups[column]:
                spread = float(values.std() / np.sqrt(len(values))) if len(values) > 1 else None
                measured[f"{column}/{method}"] = Measured(
                    float(values.mean()), spread, len(values)
                )
        speed = groups["steps_per_second"].median()
        if {"ed", "cd-10", "sm"} <= set(speed.index):
            measured["speed/ed-cd"] = Measured(float(speed["ed"] / speed["cd-10"]))
            measured["speed/ed-sm"] = Measured(float(speed["ed"] / speed["sm"]))
        return measured

    def draw(self, table: Table) -> Figure:
        """See :class:`~ebmbench.studies.reproductions.base.Experiment`."""
        figure = Figure(figsize=(6.5, 4), layout="constrained")
        ax = figure.subplots()
        for k, (method, group) in enumerate(table.groupby("method")):
            ax.loglog(group["seconds"], group["mse_exact"], "o", c=f"C{k}", label=f"{method}")
            ax.loglog(group["seconds"], group["mse"], "o", c=f"C{k}", mfc="none")
        ax.set_xlabel("processor seconds of training")
        ax.set_ylabel("mean squared error of log p on data")
        ax.set_title("Filled: Z by quadrature; open: Z from the data rows", fontsize=10)
        ax.legend(fontsize=8, frameon=False)
        ax.spines[["top", "right"]].set_visible(False)
        return figure
