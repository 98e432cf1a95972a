r"""Gutmann & Hyvärinen (2012), Sect. 3: independent components by NCE and maximum likelihood.

Four Laplace sources behind a random mixing,
:math:`\log\phi(x) = -\sum_i \sqrt2\,|b_i^\top x| + c`, for sample sizes ``n`` and noise ratios
``ν``; then ten sources at one ``n``, error against the processor time of the fit. The error is the
sum of squares of ``B`` after the best permutation and signs; of ``c`` it is the square.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated

import numpy as np
import torch
from matplotlib.figure import Figure
from pydantic import Field

from ebmbench.datasets.ica import ICADensity, laplace_demixing
from ebmbench.energies.ica import ICAEnergy
from ebmbench.metrics.ica import squared_error
from ebmbench.objectives.base import Objective
from ebmbench.objectives.mle_exact import ExactMaximumLikelihood
from ebmbench.objectives.nce import NoiseContrastiveEstimation
from ebmbench.options import options
from ebmbench.reproductions.base import Cell, Experiment, Measured, Result, Table
from ebmbench.reproductions.fit import fit_sample
from ebmbench.seeds import derive_seed, generator

Count = Annotated[int, Field(gt=0)]
Ratio = Annotated[float, Field(gt=0)]


@options
class GutmannICA(Experiment):
    """Error of the demixing matrix and of the normaliser by sample size and noise ratio."""

    problems: Count
    rows: list[Count]
    ratios: list[Ratio]
    cost_problems: Count
    cost_rows: Count
    cost_ratios: list[Ratio]

    def cells(self) -> list[Cell]:
        """See :class:`~ebmbench.reproductions.base.Experiment`; ``nu = 0`` is likelihood."""
        error: list[Cell] = [
            {"sources": 4, "rows": n, "nu": float(nu), "problem": problem}
            for nu in [0, *sorted(self.ratios)]
            for n in sorted(self.rows)
            for problem in range(self.problems)
        ]
        cost: list[Cell] = [
            {"sources": 10, "rows": self.cost_rows, "nu": float(nu), "problem": problem}
            for nu in [0, *sorted(self.cost_ratios)]
            for problem in range(self.cost_problems)
        ]
        return sorted(error + cost, key=lambda cell: float(cell["nu"]) * int(cell["rows"]))

    def run(self, cell: Cell) -> Result:
        """See :class:`~ebmbench.reproductions.base.Experiment`."""
        sources, n, problem = (int(cell[key]) for key in ("sources", "rows", "problem"))
        nu = float(cell["nu"])
        label = ("gutmann2012-ica", sources, n, problem)
        truth = ICADensity(laplace_demixing(sources, problem), "laplace")
        rows = truth.sample(n, generator(*label, "data"))
        objective: Objective = (
            NoiseContrastiveEstimation(nu=nu) if nu else ExactMaximumLikelihood()
        )
        energy = _start(rows, generator(*label, "start"))
        fitted = fit_sample(energy, objective, rows, derive_seed(*label, "noise"))
        found = energy.demixing.detach().numpy()
        result = {
            "error": squared_error(found, truth.demixing.numpy()),
            "seconds": fitted.seconds,
            "evaluations": float(fitted.evaluations),
        }
        if "log_z" in fitted.state.learned:
            true_log_z = float(
                ICAEnergy(truth.demixing, "laplace", energy.mean, energy.std).log_z().detach()
            )
            learned = float(fitted.state.learned["log_z"].detach())
            result["normaliser_error"] = (learned - true_log_z) ** 2
        return result

    def measure(self, table: Table) -> Mapping[str, Measured]:
        """See :class:`~ebmbench.reproductions.base.Experiment`: medians of log10 errors."""
        measured = {}
        for keys, group in table.groupby(["sources", "rows", "nu"]):
            sources, n, nu = keys
            label = f"{'mle' if nu == 0 else f'nce-{nu:g}'}/d{sources:g}/n{n:g}"
            measured[f"b/{label}"] = _median(np.log10(group["error"].to_numpy()))
            if nu:
                measured[f"c/{label}"] = _median(np.log10(group["normaliser_error"].to_numpy()))
        four = table[table["sources"] == 4]
        for nu, group in four.groupby("nu"):
            medians = np.log10(group.groupby("rows")["error"].median())
            if len(medians) > 1:
                slope = np.polyfit(np.log10(medians.index.to_numpy(float)), medians, 1)[0]
                name = "mle" if nu == 0 else f"nce-{nu:g}"
                measured[f"slope/{name}"] = Measured(float(slope), n=len(medians))
        return measured

    def draw(self, table: Table) -> Figure:
        """See :class:`~ebmbench.reproductions.base.Experiment`."""
        figure = Figure(figsize=(13, 4), layout="constrained")
        left, middle, right = figure.subplots(1, 3)
        four, ten = table[table["sources"] == 4], table[table["sources"] == 10]
        panels = ((left, "error", "B"), (middle, "normaliser_error", "c"))
        for ax, column, name in panels:
            for nu, group in four.dropna(subset=[column]).groupby("nu"):
                sizes = group.groupby("rows")[column]
                low, median, high = (sizes.quantile(level) for level in (0.1, 0.5, 0.9))
                label = "MLE" if nu == 0 else f"NCE, ν = {nu:g}"
                ax.loglog(median.index, median, "o-", label=label, ms=4)
                ax.fill_between(median.index, low, high, alpha=0.12)
            ax.set_xlabel("sample size n")
            ax.set_ylabel(f"squared error of {name}: median, 10 to 90 %")
            ax.set_title(f"Four sources: error of {name}", fontsize=10)
        left.legend(fontsize=8, frameon=False)
        for nu, group in ten.groupby("nu"):
            label = "MLE" if nu == 0 else f"ν = {nu:g}"
            right.loglog(group["seconds"].median(), group["error"].median(), "o", label=label)
        right.set_xlabel("processor seconds of a fit, median")
        right.set_ylabel("squared error of B, median")
        right.set_title("Ten sources: error against time", fontsize=10)
        right.legend(fontsize=8, frameon=False)
        for ax in (left, middle, right):
            ax.spines[["top", "right"]].set_visible(False)
        return figure


def _start(rows: torch.Tensor, random: torch.Generator) -> ICAEnergy:
    """Return a random rotation of whitened data: as much as one knows before the fit."""
    d = rows.shape[1]
    values, vectors = torch.linalg.eigh(torch.cov(rows.T))
    rotation, _ = torch.linalg.qr(torch.randn(d, d, generator=random, dtype=rows.dtype))
    whitening = vectors @ torch.diag(values.rsqrt()) @ vectors.T
    return ICAEnergy(rotation @ whitening, "laplace", rows.mean(0), rows.std(0))


def _median(values: np.ndarray) -> Measured:
    """Return the median with the standard error that its order statistics tell."""
    n = len(values)
    if n < 3:
        return Measured(float(np.median(values)), n=n)
    ordered = np.sort(values)
    half = 0.5 * np.sqrt(n)
    low = ordered[max(int(np.floor(n / 2 - half)), 0)]
    high = ordered[min(int(np.ceil(n / 2 + half)), n - 1)]
    return Measured(float(np.median(values)), float(high - low) / 2, n)
