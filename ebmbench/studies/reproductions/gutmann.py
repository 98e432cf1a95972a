r"""Gutmann & Hyvärinen (2012), Sect. 3: independent components by NCE and maximum likelihood.

Four Laplace sources behind a random mixing,
:math:`\log\phi(x) = -\sum_i \sqrt2\,|b_i^\top x| + c`, for sample sizes ``n`` and noise ratios
``ν``; then ten sources at one ``n``, error against the processor time of the fit, beside two
other ways around ``Z``. The error is the sum of squares of ``B`` after the best permutation and
signs; of ``c`` it is the square.

*Importance sampling* maximises the likelihood with ``Z`` estimated from ``ν n`` points of the
same Gaussian noise, :math:`\hat Z = \frac1{\nu n}\sum \phi(y) / p_n(y)` (Geyer 1994). *Score
matching* needs a smooth density, which Laplace's is not: the energy of a source is rounded off at
zero (:mod:`~ebmbench.studies.reproductions.smoothed`).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated

import numpy as np
import torch
from matplotlib.figure import Figure
from pydantic import Field
from torch import Tensor

from ebmbench.datasets.ica import ICADensity, laplace_demixing
from ebmbench.energies.ica import ICAEnergy
from ebmbench.metrics.ica import squared_error
from ebmbench.objectives.base import Objective
from ebmbench.objectives.is_mle import ImportanceSampledLikelihood
from ebmbench.objectives.mle_exact import ExactMaximumLikelihood
from ebmbench.objectives.nce import NoiseContrastiveEstimation
from ebmbench.objectives.sm import ScoreMatching
from ebmbench.options import options
from ebmbench.seeds import derive_seed, generator
from ebmbench.studies.reproductions.base import Cell, Experiment, Measured, Result, Table
from ebmbench.studies.reproductions.fit import fit_sample
from ebmbench.studies.reproductions.gutmann_figure import draw_errors
from ebmbench.studies.reproductions.smoothed import SmoothedICAEnergy

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
        """See :class:`~ebmbench.studies.reproductions.base.Experiment`.

        Without a ``method`` a cell is NCE, or exact likelihood where ``nu = 0``.
        """
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
        others: list[Cell] = [
            {**cell, "method": method, "nu": nu}
            for method, ratios in (("importance", sorted(self.cost_ratios)), ("sm", [0.0]))
            for nu in ratios
            for cell in cost
            if cell["nu"] == 0
        ]
        return sorted(
            error + cost + others, key=lambda cell: float(cell["nu"]) * int(cell["rows"])
        )

    def run(self, cell: Cell) -> Result:
        """See :class:`~ebmbench.studies.reproductions.base.Experiment`."""
        sources, n, problem = (int(cell[key]) for key in ("sources", "rows", "problem"))
        nu = float(cell["nu"])
        label = ("gutmann2012-ica", sources, n, problem)
        truth = ICADensity(laplace_demixing(sources, problem), "laplace")
        rows = truth.sample(n, generator(*label, "data"))
        method = str(cell.get("method", "nce" if nu else "mle"))
        objective: Objective
        match method:
            case "nce":
                objective = NoiseContrastiveEstimation(nu=nu)
            case "importance":
                objective = ImportanceSampledLikelihood(nu=nu)
            case "sm":
                objective = ScoreMatching()
            case _:
                objective = ExactMaximumLikelihood()
        start = _start(rows, generator(*label, "start"))
        about = rows.mean(0), rows.std(0)
        energy: ICAEnergy | SmoothedICAEnergy
        if method == "sm":
            energy = SmoothedICAEnergy(start, *about)
        else:
            energy = ICAEnergy(start, "laplace", *about)
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
        """See :class:`.base.Experiment`: medians of log10 errors."""
        measured = {}
        table = _with_methods(table)
        for keys, group in table.groupby(["method", "sources", "rows", "nu"]):
            method, sources, n, nu = keys
            name = f"{method}-{nu:g}" if nu else method
            label = f"{name}/d{sources:g}/n{n:g}"
            measured[f"b/{label}"] = _median(np.log10(group["error"].to_numpy()))
            if method == "nce":
                measured[f"c/{label}"] = _median(np.log10(group["normaliser_error"].to_numpy()))
        for (d, nu), group in table[table["nu"] > 0].groupby(["sources", "nu"]):
            medians = np.log10(group.groupby("method")["error"].median())
            if {"importance", "nce"} <= set(medians.index):
                gain = Measured(float(medians["importance"] - medians["nce"]))
                measured[f"gain/nce-{nu:g}/d{d:g}"] = gain
        # The law of the error is asymptotic in n.
        four = table[(table["sources"] == 4) & (table["rows"] >= 1000)]
        for nu, group in four.groupby("nu"):
            medians = np.log10(group.groupby("rows")["error"].median())
            if len(medians) > 1:
                slope = np.polyfit(np.log10(medians.index.to_numpy(float)), medians, 1)[0]
                name = "mle" if nu == 0 else f"nce-{nu:g}"
                measured[f"slope/{name}"] = Measured(float(slope), n=len(medians))
        return measured

    def draw(self, table: Table) -> Figure:
        """See :class:`~ebmbench.studies.reproductions.base.Experiment`."""
        return draw_errors(_with_methods(table))


def _with_methods(table: Table) -> Table:
    """Name the method of every cell."""
    named = table.reindex(columns=["method", *table.columns.drop("method", errors="ignore")])
    default = np.where(named["nu"] == 0, "mle", "nce")
    return named.assign(method=named["method"].where(named["method"].notna(), default))


def _start(rows: Tensor, random: torch.Generator) -> Tensor:
    """Return a random rotation of whitened data: as much as one knows before the fit."""
    d = rows.shape[1]
    values, vectors = torch.linalg.eigh(torch.cov(rows.T))
    rotation, _ = torch.linalg.qr(torch.randn(d, d, generator=random, dtype=rows.dtype))
    whitening = vectors @ torch.diag(values.rsqrt()) @ vectors.T
    start: Tensor = rotation @ whitening
    return start


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
