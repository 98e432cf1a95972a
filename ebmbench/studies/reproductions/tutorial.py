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
from typing import Annotated

import numpy as np
from matplotlib.figure import Figure
from pydantic import Field

from ebmbench.options import options
from ebmbench.studies.reproductions import tutorial_limits
from ebmbench.studies.reproductions.base import Cell, Experiment, Measured, Result, Table
from ebmbench.studies.reproductions.tutorial_figure import draw_claims

Count = Annotated[int, Field(gt=0)]
Positive = Annotated[float, Field(gt=0)]


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
            "denoising": tutorial_limits.denoising,
            "denoising variance": tutorial_limits.denoising_variance,
            "blindness": tutorial_limits.blindness,
            "chains": tutorial_limits.chains,
            "noise": tutorial_limits.noise,
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
        return draw_claims(dict(list(table.groupby("part"))))
