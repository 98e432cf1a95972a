r"""Yu, Song, Song & Ermon (2020): a Gaussian fitted to a mixture under four divergences.

Every divergence has its own best Gaussian, which the paper's code finds by descending the
divergence itself ("optimal"), and by f-EBM, which does not know the data's density; contrastive
divergence is to find that of ``kl``. All are iterates of noisy gradient steps, so each is run from
several seeds, beside what needs no seed: the optimum by quadrature, and where steps of the same
size along the exact gradient are when the training ends.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Annotated, get_args

import torch
from matplotlib.figure import Figure
from pydantic import Field

from ebmbench.objectives.f_divergences import DIVERGENCES, DivergenceName
from ebmbench.options import options
from ebmbench.seeds import generator
from ebmbench.studies.reproductions import yu_line
from ebmbench.studies.reproductions.base import Cell, Experiment, Measured, Result, Table
from ebmbench.studies.reproductions.yu_figure import draw_optima

Count = Annotated[int, Field(gt=0)]
NAMES: tuple[DivergenceName, ...] = get_args(DivergenceName)


@options
class YuFEBM(Experiment):
    """Optima and trained models of four divergences."""

    steps: Annotated[int, Field(ge=3)]
    """Of f-EBM and of descending a divergence; likelihood takes 5/3 and CD 2/3 as many."""
    seeds: Annotated[int, Field(ge=2)]

    def cells(self) -> list[Cell]:
        """See :class:`~ebmbench.studies.reproductions.base.Experiment`."""
        batch_weight = yu_line.NARROW_ROWS / yu_line.ROWS
        found: list[Cell] = [
            {"part": "exact", "divergence": name, "weight": weight}
            for name in NAMES
            for weight in (yu_line.WEIGHT, batch_weight)
        ]
        found += [{"part": "noiseless", "divergence": name, "steps": self.steps} for name in NAMES]
        found += [
            {
                "part": "direct",
                "divergence": name,
                "steps": self.steps * 5 // 3 if name == "kl" else self.steps,
                "seed": seed,
            }
            for name in NAMES
            for seed in range(self.seeds)
        ]
        found += [
            {"part": "cd", "divergence": "kl", "steps": self.steps * 2 // 3, "seed": seed}
            for seed in range(self.seeds)
        ]
        return found + [
            {"part": "f-ebm", "divergence": name, "steps": self.steps, "seed": seed}
            for name in NAMES
            for seed in range(self.seeds)
        ]

    def run(self, cell: Cell) -> Result:
        """See :class:`~ebmbench.studies.reproductions.base.Experiment`."""
        part = str(cell["part"])
        name = next(each for each in NAMES if each == cell["divergence"])
        if part == "exact":
            mean, std, value = yu_line.optimum(name, float(cell["weight"]))
            return {"mean": mean, "std": std, "value": value}
        f, steps = DIVERGENCES[name], int(cell["steps"])
        if part == "noiseless":
            path = yu_line.follow(yu_line.exact(f), steps, torch.float64)
        else:
            random = generator("yu2020-febm", part, name, int(cell["seed"]))
            losses: dict[str, Callable[[], yu_line.Loss]] = {
                "direct": lambda: (
                    yu_line.likelihood(random)
                    if name == "kl"
                    else yu_line.reparametrised(f, random)
                ),
                "cd": lambda: yu_line.contrastive(random),
                "f-ebm": lambda: yu_line.adversarial(name, random),
            }
            path = yu_line.follow(losses[part](), steps, torch.float32)
        mean, std = path[-1].tolist()
        value = float(yu_line.exact(f)(path[-1].double()))
        swing = path[-(steps // 3) :].std(0, correction=0)
        return {
            "mean": mean,
            "std": std,
            "value": value,
            "swing_mean": float(swing[0]),
            "swing_std": float(swing[1]),
        }

    def measure(self, table: Table) -> Mapping[str, Measured]:
        """See :class:`.base.Experiment`: means over seeds of where a training ends.

        ``optimum`` is the exact one of the data of the paper.
        """
        measured = {}
        exact = table[(table["part"] == "exact") & (table["weight"] == yu_line.WEIGHT)]
        noiseless = table[table["part"] == "noiseless"]
        for part, rows in (("optimum", exact), ("noiseless", noiseless)):
            for row in rows.itertuples():
                measured[f"{part}/{row.divergence}/mean"] = Measured(float(row.mean))
                measured[f"{part}/{row.divergence}/std"] = Measured(float(row.std))
        trained = table[table["part"].isin(["direct", "cd", "f-ebm"])]
        for (part, name), rows in trained.groupby(["part", "divergence"]):
            for column in ("mean", "std"):
                error = float(rows[column].std() / len(rows) ** 0.5) if len(rows) > 1 else None
                measured[f"{part}/{name}/{column}"] = Measured(
                    float(rows[column].mean()), error, len(rows)
                )
        return measured

    def draw(self, table: Table) -> Figure:
        """See :class:`~ebmbench.studies.reproductions.base.Experiment`."""
        return draw_optima(table)
