r"""Song & Kingma (2021): what the tutorial says of bias, variance and blindness, in numbers.

On the line, with models of one parameter, every limit is known:

- *Contrastive divergence is biased.* Data ``N(0, 1)``, model :math:`E = \theta x^4/4`: likelihood
  ends at :math:`1/E[x^4] = 1/3`, score matching at :math:`3 E[x^2] / E[x^6] = 1/5`, CD-k of small
  steps between them.
- *Score matching is blind to mode weights.* Two unit Gaussians ever farther apart, weight free.
- *Denoising fits the smoothed density*, of variance :math:`1 + \sigma^2`, and the variance of its
  gradient grows as :math:`\sigma^{-2}`.
- *NCE depends on its noise*: the variance of the estimate against Gutmann & Hyvärinen (2012),
  Theorem 3, by quadrature.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Annotated

import numpy as np
import torch
from matplotlib.figure import Figure
from pydantic import Field
from scipy.optimize import brentq
from scipy.stats import norm

from ebmbench.energies.base import Energy
from ebmbench.objectives.base import Objective
from ebmbench.objectives.cd import ContrastiveDivergence
from ebmbench.objectives.dsm import DenoisingScoreMatching
from ebmbench.objectives.mle_exact import ExactMaximumLikelihood
from ebmbench.objectives.nce import NoiseContrastiveEstimation
from ebmbench.objectives.sm import ScoreMatching
from ebmbench.options import options
from ebmbench.seeds import derive_seed, generator
from ebmbench.studies.reproductions.base import Cell, Experiment, Measured, Result, Table
from ebmbench.studies.reproductions.fit import fit_sample
from ebmbench.studies.reproductions.one_dimensional import (
    PairEnergy,
    PrecisionEnergy,
    QuarticEnergy,
)

if TYPE_CHECKING:
    from matplotlib.axes import Axes

Count = Annotated[int, Field(gt=0)]
Positive = Annotated[float, Field(gt=0)]
WEIGHT = 0.8
"""Of the right mode."""
PAIR_ROWS = 10_000
STEP_SIZE = 0.2
"""Of the chains of contrastive divergence (MALA)."""
FEWEST = 100_000
"""Rows that its gradient is averaged over; for short chains, whose gradient is small, more."""
MOST = 2_000_000
NCE_ROWS = 2000
CHUNK = 200_000


@options
class TutorialClaims(Experiment):
    """Four statements of the tutorial on models with known limits."""

    chain_lengths: list[Count]
    separations: list[Positive]
    blindness_repeats: Annotated[int, Field(ge=2)]
    sigmas: list[Positive]
    nus: list[Positive]
    inflations: list[Positive]
    nce_repeats: Annotated[int, Field(ge=2)]

    def cells(self) -> list[Cell]:
        """See :class:`~ebmbench.studies.reproductions.base.Experiment`."""
        found: list[Cell] = [{"part": "denoising", "sigma": s} for s in self.sigmas]
        found += [{"part": "denoising variance", "sigma": s} for s in self.sigmas]
        found += [
            {
                "part": "blindness",
                "separation": separation,
                "method": method,
                "repeats": self.blindness_repeats,
            }
            for separation in self.separations
            for method in ("mle", "sm")
        ]
        found += [{"part": "chains", "steps": k} for k in sorted(self.chain_lengths)]
        return found + [
            {"part": "noise", "nu": nu, "inflation": inflation, "repeats": self.nce_repeats}
            for nu in sorted(self.nus)
            for inflation in self.inflations
        ]

    def run(self, cell: Cell) -> Result:
        """See :class:`~ebmbench.studies.reproductions.base.Experiment`."""
        parts: dict[str, Callable[[Cell], Result]] = {
            "denoising": _denoising,
            "denoising variance": _denoising_variance,
            "blindness": _blindness,
            "chains": _chains,
            "noise": _noise,
        }
        return parts[str(cell["part"])](cell)

    def measure(self, table: Table) -> Mapping[str, Measured]:
        """See :class:`~ebmbench.studies.reproductions.base.Experiment`."""
        measured = {}
        by_part = dict(list(table.groupby("part")))
        for row in by_part["chains"].itertuples():
            measured[f"chains/{row.steps:g}"] = Measured(float(row.theta))
        for row in by_part["denoising"].itertuples():
            measured[f"denoising/{row.sigma:g}"] = Measured(float(row.variance))
        spread = by_part["denoising variance"].sort_values("sigma")
        small = spread[spread["sigma"] <= 0.1]
        if len(small) > 1:
            slope = np.polyfit(np.log(small["sigma"]), np.log(small["gradient_variance"]), 1)[0]
            measured["denoising/slope"] = Measured(float(slope), n=len(small))
        blind = by_part["blindness"].pivot_table(
            index="separation", columns="method", values="rms_error"
        )
        for separation, errors in blind.iterrows():
            measured[f"blindness/mle/{separation:g}"] = Measured(float(errors["mle"]))
            measured[f"blindness/ratio/{separation:g}"] = Measured(
                float(errors["sm"] / errors["mle"])
            )
        for row in by_part["noise"].itertuples():
            key = f"noise/nu{row.nu:g}/x{row.inflation:g}"
            error = float(row.ratio) * np.sqrt(2 / (row.repeats - 1))
            measured[key] = Measured(float(row.ratio), error, int(row.repeats))
        own = by_part["noise"].query("inflation == 1").set_index("nu")["variance"]
        if {1.0, 100.0} <= set(own.index):
            measured["noise/gain"] = Measured(float(own[1.0] / own[100.0]))
        return measured

    def draw(self, table: Table) -> Figure:
        """See :class:`~ebmbench.studies.reproductions.base.Experiment`."""
        figure = Figure(figsize=(12, 7), layout="constrained")
        axes = figure.subplots(2, 2).flatten()
        by_part = dict(list(table.groupby("part")))
        _draw_chains(axes[0], by_part["chains"])
        _draw_blindness(axes[1], by_part["blindness"])
        _draw_denoising(axes[2], by_part["denoising"], by_part["denoising variance"])
        _draw_noise(axes[3], by_part["noise"])
        for ax in axes:
            ax.spines[["top", "right"]].set_visible(False)
        return figure


def _normal(n: int, *label: str | int) -> torch.Tensor:
    random = generator("tutorial-claims", *label)
    return torch.randn(n, 1, generator=random, dtype=torch.float64)


def _gradient(
    objective: Objective, energy: Energy, rows: torch.Tensor, random: torch.Generator
) -> float:
    """Return the gradient in the one parameter, averaged over all rows."""
    total = 0.0
    (parameter,) = energy.parameters()
    state = objective.init(energy, rows, random)
    for part in torch.split(rows, CHUNK):
        step = objective.loss(energy, part, state, random)
        (gradient,) = torch.autograd.grad(step.loss, parameter)
        total += float(gradient) * len(part) / len(rows)
    return total


def _chains(cell: Cell) -> Result:
    """Find where the expected gradient of CD-k vanishes."""
    k = int(cell["steps"])
    rows = _normal(max(FEWEST, MOST // k), "chains", k)
    # Antithetic and of unit variance: the data's own moments add no error.
    rows = torch.cat([rows, -rows])
    rows = rows / rows.square().mean().sqrt()
    objective = ContrastiveDivergence(steps=k, step_size=STEP_SIZE, sampler="mala")
    seed = derive_seed("tutorial-claims", "chains", k, "noise")

    def at(theta: float) -> float:
        random = torch.Generator().manual_seed(seed)
        return _gradient(objective, QuarticEnergy(theta), rows, random)

    return {"theta": float(brentq(at, 0.05, 1.0, xtol=1e-4))}


def _blindness(cell: Cell) -> Result:
    """Fit the weight of a mode to samples; return its root mean squared error over repeats."""
    separation, method = float(cell["separation"]), str(cell["method"])
    objective: Objective = ScoreMatching() if method == "sm" else ExactMaximumLikelihood()
    errors = []
    for repeat in range(int(cell["repeats"])):
        rows = _normal(PAIR_ROWS, "pair", repeat)
        chosen = generator("tutorial-claims", "modes", repeat)
        right = torch.rand(PAIR_ROWS, 1, generator=chosen) < WEIGHT
        rows = rows + torch.where(right, 0.5 * separation, -0.5 * separation)
        energy = PairEnergy(separation)
        fit_sample(energy, objective, rows, seed=0)
        errors.append(float(torch.sigmoid(energy.logit.detach())) - WEIGHT)
    return {"rms_error": float(np.sqrt(np.mean(np.square(errors))))}


def _denoising(cell: Cell) -> Result:
    """Fit a variance by denoising score matching to data of unit variance."""
    rows = _normal(1_000_000, "denoising")
    rows = rows / rows.square().mean().sqrt()
    energy = PrecisionEnergy(1.0)
    objective = DenoisingScoreMatching(sigma=float(cell["sigma"]))
    fit_sample(energy, objective, rows, derive_seed("tutorial-claims", "denoising noise"))
    return {"variance": 1 / float(energy.precision.detach())}


def _denoising_variance(cell: Cell) -> Result:
    """Return the variance over noise draws of the gradient of Eq. 11, per example."""
    sigma, draws, batch = float(cell["sigma"]), 500, 256
    rows = _normal(batch, "denoising variance")
    objective = DenoisingScoreMatching(sigma=sigma)
    random = generator("tutorial-claims", "denoising variance", "noise")
    # Our loss is σ² times that of the paper.
    gradients = [
        _gradient(objective, PrecisionEnergy(1.3), rows, random) / sigma**2 for _ in range(draws)
    ]
    return {"gradient_variance": batch * float(np.var(gradients, ddof=1))}


def _noise(cell: Cell) -> Result:
    """Fit a precision by NCE many times; its variance over that of Theorem 3."""
    nu, inflation, repeats = float(cell["nu"]), float(cell["inflation"]), int(cell["repeats"])
    objective = NoiseContrastiveEstimation(nu=nu, inflation=inflation)
    found = []
    for repeat in range(repeats):
        energy = PrecisionEnergy(1.0)
        seed = derive_seed("tutorial-claims", "noise", repeat)
        fit_sample(energy, objective, _normal(NCE_ROWS, "noise rows", repeat), seed)
        found.append(float(energy.precision.detach()))
    variance = NCE_ROWS * float(np.var(found, ddof=1))
    theory = _theorem_3(nu, inflation)
    return {"variance": variance, "theory": theory, "ratio": variance / theory}


def _theorem_3(nu: float, inflation: float) -> float:
    r"""Return the asymptotic variance of ``√n (λ̂ − 1)``, by the trapezium rule.

    :math:`\Sigma = I^{-1} - (1 + 1/\nu)\, I^{-1} E[Pg] E[Pg]^\top I^{-1}` with
    :math:`P = \nu p_n / (p_d + \nu p_n)`, :math:`I = E[P g g^\top]`, expectations under the data,
    and :math:`g = \partial (\log p_\theta)/\partial(\lambda, c) = (-x^2/2, -1)`.
    """
    x = np.linspace(-12, 12, 20_001)
    data, noise = norm.pdf(x), norm.pdf(x, scale=inflation)
    weight = nu * noise / (data + nu * noise) * data * (x[1] - x[0])
    g = np.stack([-0.5 * x**2, -np.ones_like(x)])
    inverse = np.linalg.inv((g * weight) @ g.T)
    mean = (g * weight).sum(1)
    covariance = inverse - (1 + 1 / nu) * inverse @ np.outer(mean, mean) @ inverse
    return float(covariance[0, 0])


def _draw_chains(ax: Axes, rows: Table) -> None:
    ax.semilogx(rows["steps"], rows["theta"], "o-", label="CD-k (MALA)")
    ax.axhline(1 / 3, c="0.4", ls="--", label="maximum likelihood, 1/3")
    ax.axhline(1 / 5, c="0.4", ls=":", label="score matching, 1/5")
    ax.set_xlabel("chain length k")
    ax.set_ylabel("fitted θ")
    ax.set_title("Contrastive divergence lies between", fontsize=10)
    ax.legend(fontsize=8, frameon=False)


def _draw_blindness(ax: Axes, rows: Table) -> None:
    for method, group in rows.groupby("method"):
        ax.semilogy(group["separation"], group["rms_error"], "o-", label=str(method))
    ax.set_xlabel("distance of the modes, standard deviations")
    ax.set_ylabel("error of a mode's weight (root mean square)")
    ax.set_title("Score matching is blind to mode weights", fontsize=10)
    ax.legend(fontsize=8, frameon=False)


def _draw_denoising(ax: Axes, bias: Table, spread: Table) -> None:
    sigma = np.geomspace(bias["sigma"].min(), bias["sigma"].max(), 100)
    ax.loglog(bias["sigma"], bias["variance"] - 1, "o", label="variance fitted − 1")
    ax.loglog(sigma, sigma**2, c="0.4", ls="--", label="σ²")
    ax.loglog(spread["sigma"], spread["gradient_variance"], "s", label="variance of the gradient")
    ax.loglog(sigma, 1.3**2 / sigma**2, c="0.4", ls=":", label="∝ 1/σ²")
    ax.set_xlabel("noise σ")
    ax.set_title("Denoising trades bias for variance", fontsize=10)
    ax.legend(fontsize=8, frameon=False)


def _draw_noise(ax: Axes, rows: Table) -> None:
    for k, (inflation, group) in enumerate(rows.groupby("inflation")):
        label = f"noise of {inflation:g} data deviations"
        ax.semilogx(group["nu"], group["variance"], "o", c=f"C{k}", label=label)
        ax.semilogx(group["nu"], group["theory"], "--", c=f"C{k}")
    ax.axhline(2.0, c="0.4", ls=":", label="maximum likelihood")
    ax.set_xlabel("noise ratio ν")
    ax.set_ylabel("n × variance of the precision (dashes: theory)")
    ax.set_title("NCE depends on its noise", fontsize=10)
    ax.legend(fontsize=8, frameon=False)
