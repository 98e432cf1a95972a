r"""Grathwohl et al. (2020), ICA experiment: regret to the exact optimum by dimension.

Logistic sources behind a random square mixing, fresh batches at every step. The paper reports test
likelihoods; since :math:`LL^* = -2d + \log|\det B|` is known, the regret
:math:`E_p[\log p(x) - \log p_\theta(x)]`, a Kullback-Leibler divergence, says how good each is.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated

import numpy as np
import torch
from matplotlib.figure import Figure
from pydantic import Field

from ebmbench.cardtables import Optimiser
from ebmbench.datasets.ica import ICADensity, published_demixing
from ebmbench.energies.ica import ICAEnergy
from ebmbench.metrics.ica import amari
from ebmbench.objectives.base import Objective
from ebmbench.objectives.cnce import ConditionalNoiseContrastiveEstimation
from ebmbench.objectives.mle_exact import ExactMaximumLikelihood
from ebmbench.objectives.nce import NoiseContrastiveEstimation
from ebmbench.objectives.ssm_vr import SlicedScoreMatchingVR
from ebmbench.options import options
from ebmbench.seeds import generator
from ebmbench.studies.reproductions.base import Cell, Experiment, Measured, Result, Table
from ebmbench.studies.reproductions.fit import fit_stream

Count = Annotated[int, Field(gt=0)]
BATCH = 1000
HELD_OUT = 20_000
"""Fresh rows that the regret is averaged over; as many others choose the learning rate."""

METHODS: dict[str, Objective] = {
    "mle": ExactMaximumLikelihood(),
    # "SM" in the published code draws one Gaussian direction for the trace.
    "sm": SlicedScoreMatchingVR(directions="gaussian"),
    "nce": NoiseContrastiveEstimation(diagonal=True),
    "cnce-0.01": ConditionalNoiseContrastiveEstimation(epsilon=0.01),
    "cnce-0.1": ConditionalNoiseContrastiveEstimation(epsilon=0.1),
    "cnce-1": ConditionalNoiseContrastiveEstimation(epsilon=1.0),
}


@options
class GrathwohlICA(Experiment):
    """Regret of four families of objectives on independent components."""

    dims: list[Annotated[int, Field(ge=2)]]
    seeds: Count
    steps: Count
    learning_rates: list[Annotated[float, Field(gt=0)]]

    def cells(self) -> list[Cell]:
        """See :class:`~ebmbench.studies.reproductions.base.Experiment`."""
        return [
            {
                "dim": dim,
                "method": method,
                "learning_rate": rate,
                "seed": seed,
                "steps": self.steps,
            }
            for dim in sorted(self.dims)
            for seed in range(self.seeds)
            for method in METHODS
            for rate in self.learning_rates
        ]

    def run(self, cell: Cell) -> Result:
        """See :class:`~ebmbench.studies.reproductions.base.Experiment`."""
        dim, seed, method = int(cell["dim"]), int(cell["seed"]), str(cell["method"])
        label = ("grathwohl2020-ica", dim, seed)
        truth = ICADensity(published_demixing(dim, seed), "logistic")
        mixing = torch.linalg.inv(truth.demixing).T.float()

        def draw(random: torch.Generator, rows: int = BATCH) -> torch.Tensor:
            # As in the published code in single precision, whose uniforms reach 2^-24.
            u = torch.rand(rows, dim, generator=random).clamp(2**-24, 1 - 2**-24)
            rows_drawn: torch.Tensor = torch.logit(u) @ mixing
            return rows_drawn

        energy = ICAEnergy.create(
            draw(generator(*label, "first")), generator(*label, "init"), sources="logistic"
        )
        fitted = fit_stream(
            energy,
            METHODS[method],
            draw,
            int(cell["steps"]),
            optimiser=Optimiser(learning_rate=float(cell["learning_rate"]), betas=[0.5, 0.9]),
            data=generator(*label, "batches"),
            noise=generator(*label, method, "noise"),
        )
        result = {
            name: _regret(energy, truth, draw(generator(*label, name), HELD_OUT))
            for name in ("regret", "validation_regret")
        }
        found = energy.demixing.detach().double().numpy()
        return result | {
            "amari": amari(found, truth.demixing.numpy()),
            "seconds": fitted.seconds,
            "optimum": truth.optimum,
        }

    def measure(self, table: Table) -> Mapping[str, Measured]:
        """See :class:`~ebmbench.studies.reproductions.base.Experiment`."""
        measured = {}
        chosen = _chosen(table)
        for (dim, method), group in chosen.groupby(["dim", "method"]):
            values = group["regret"].to_numpy()
            spread = float(values.std(ddof=1) / np.sqrt(len(values))) if len(values) > 1 else None
            measured[f"regret/{method}/d{dim}"] = Measured(
                float(values.mean()), spread, len(values)
            )
        for dim, group in chosen.groupby("dim"):
            means = group.groupby("method")["regret"].mean()
            if set(METHODS) <= set(means.index):
                others = means.drop("mle")
                cnce = others[[name for name in others.index if name.startswith("cnce")]]
                measured[f"ratio/nce/d{dim}"] = Measured(float(means["nce"] / means["mle"]))
                measured[f"ratio/sm/d{dim}"] = Measured(float(means["sm"] / means["mle"]))
                measured[f"ratio/cnce/d{dim}"] = Measured(float(cnce.min() / means["mle"]))
        for seed, group in table[table["seed"] < 3].groupby("seed"):
            for dim, values in group.groupby("dim")["optimum"]:
                measured[f"optimum/d{dim}/seed{seed}"] = Measured(float(values.iloc[0]))
        return measured

    def draw(self, table: Table) -> Figure:
        """See :class:`~ebmbench.studies.reproductions.base.Experiment`."""
        figure = Figure(figsize=(11, 4), layout="constrained")
        left, right = figure.subplots(1, 2)
        chosen = _chosen(table)
        for ax, column, words in ((left, "regret", "regret, nats"), (right, "amari", "Amari")):
            for method in METHODS:
                group = chosen[chosen["method"] == method].groupby("dim")[column]
                ax.loglog(group.mean().index, group.mean(), "o-", ms=4, label=method)
                ax.fill_between(group.min().index, group.min(), group.max(), alpha=0.12)
            ax.set_xlabel("dimension d")
            ax.set_ylabel(f"{words}: mean and range over seeds")
            ax.set_xticks(sorted(chosen["dim"].unique()), sorted(chosen["dim"].unique()))
            ax.minorticks_off()
            ax.spines[["top", "right"]].set_visible(False)
        right.legend(fontsize=8, frameon=False, loc="center left", bbox_to_anchor=(1, 0.5))
        return figure


def _regret(energy: ICAEnergy, truth: ICADensity, x: torch.Tensor) -> float:
    with torch.no_grad():
        log_model = -energy(x).double() - energy.log_z().double()
        return float((truth.log_prob(x.double()) - log_model).mean())


def _chosen(table: Table) -> Table:
    """Keep, per dimension and method, the learning rate of the lowest mean validation regret."""
    keys = ["dim", "method", "learning_rate"]
    # A fit that diverged has no regret and counts as worst.
    means = table.fillna({"validation_regret": np.inf}).groupby(keys)["validation_regret"].mean()
    best = means.reset_index().sort_values("validation_regret").drop_duplicates(keys[:2])
    chosen = table.merge(best[keys], on=keys)
    return chosen.fillna({"regret": np.inf})
