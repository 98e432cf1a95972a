r"""Song et al. (2019), Table 1: NICE on images, an unnormalised flow whose ``Z`` is known.

Likelihood and score-matching loss of the test rows, for objectives that do not know ``Z``. All
methods have the same learning rates to choose from, several seeds, and are judged after the last
step; the choice is made by validation likelihood and, beside it, by the validation loss of score
matching, since the paper's selection by the latter is part of its result.
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
from ebmbench.objectives.mle_exact import ExactMaximumLikelihood
from ebmbench.objectives.ssm import SlicedScoreMatching
from ebmbench.objectives.ssm_vr import SlicedScoreMatchingVR
from ebmbench.options import options
from ebmbench.seeds import generator
from ebmbench.studies.reproductions.base import Cell, Experiment, Measured, Result, Table
from ebmbench.studies.reproductions.fit import fit_stream

Count = Annotated[int, Field(gt=0)]
BATCH = 128
METHODS: dict[str, Objective] = {
    "mle": ExactMaximumLikelihood(),
    "ssm-vr": SlicedScoreMatchingVR(),
    "ssm": SlicedScoreMatching(),
    "dsm-0.10": DenoisingScoreMatching(sigma=0.1),
    "dsm-1.74": DenoisingScoreMatching(sigma=1.74),
}


@options
class SongNICE(Experiment):
    """Likelihood and score-matching loss of five objectives at equal tuning."""

    tasks: list[str]
    steps: list[Count]
    """Training steps of each task."""
    seeds: list[Count]
    """Seeds of each task."""
    learning_rates: list[Annotated[float, Field(gt=0)]]
    traces: Count
    """Rows of each split whose exact score-matching loss is computed."""

    def cells(self) -> list[Cell]:
        """See :class:`~ebmbench.studies.reproductions.base.Experiment`."""
        return [
            {
                "task": task,
                "method": method,
                "learning_rate": rate,
                "seed": seed,
                "steps": steps,
                "traces": self.traces,
            }
            for task, steps, seeds in zip(self.tasks, self.steps, self.seeds, strict=True)
            for seed in range(seeds)
            for method in METHODS
            for rate in self.learning_rates
        ]

    def run(self, cell: Cell) -> Result:
        """See :class:`~ebmbench.studies.reproductions.base.Experiment`."""
        task, method, seed = str(cell["task"]), str(cell["method"]), int(cell["seed"])
        label = ("song2019-nice", task, seed)
        data = api.load_data(task, seed)
        # The protocol trains where the rows are, from a start without correlations.
        card = api.task(task).energy
        energy = build_energy(card.kind, card.options, data.train, generator(task, seed, "init"))

        def draw(random: torch.Generator) -> torch.Tensor:
            return data.train[torch.randint(len(data.train), (BATCH,), generator=random)]

        fitted = fit_stream(
            energy,
            METHODS[method],
            draw,
            int(cell["steps"]),
            optimiser=Optimiser(learning_rate=float(cell["learning_rate"]), schedule="constant"),
            data=generator(*label, "batches"),
            noise=generator(*label, method, "noise"),
            first=data.train,
        )
        result = {"seconds": fitted.seconds}
        for name, rows in (("validation", data.validation), ("test", data.test)):
            result[f"{name}_log_likelihood"] = _log_likelihood(energy, rows)
            result[f"{name}_sm_loss"] = _sm_loss(energy, rows[: int(cell["traces"])])
        return result

    def measure(self, table: Table) -> Mapping[str, Measured]:
        """See :class:`~ebmbench.studies.reproductions.base.Experiment`."""
        measured = {}
        for rule, column, sign in RULES:
            for task, group in _chosen(table, column, sign).groupby("task"):
                short = str(task).partition("/")[0]
                likelihood = group.groupby("method")["test_log_likelihood"]
                loss = group.groupby("method")["test_sm_loss"]
                for name, values in (("ll", likelihood), ("sm", loss)):
                    for method, numbers in values:
                        measured[f"{name}/{short}/{rule}/{method}"] = _mean(numbers.to_numpy())
                ll, sm = likelihood.mean(), loss.mean()
                if not set(METHODS) <= set(ll.index):
                    continue
                key = f"{short}/{rule}"
                measured[f"mle-first/{key}"] = Measured(float(ll["mle"] - ll.drop("mle").max()))
                sliced = min(sm["ssm"], sm["ssm-vr"])
                measured[f"sm-winner/{key}"] = Measured(float(sm["ssm-vr"] - sm["ssm"]))
                measured[f"dsm-wide-last/{key}"] = Measured(
                    float(ll["dsm-1.74"] - ll.drop("dsm-1.74").min())
                )
                measured[f"ssm-over-dsm/{key}"] = Measured(float(ll["ssm"] - ll["dsm-0.10"]))
                measured[f"sm-sliced-below-mle/{key}"] = Measured(float(sliced - sm["mle"]))
        return measured

    def draw(self, table: Table) -> Figure:
        """See :class:`~ebmbench.studies.reproductions.base.Experiment`."""
        tasks = list(dict.fromkeys(table["task"]))
        figure = Figure(figsize=(6 * len(tasks), 4), layout="constrained")
        for ax, task in zip(figure.subplots(1, len(tasks), squeeze=False)[0], tasks, strict=True):
            for rule, column, sign in RULES:
                chosen = _chosen(table[table["task"] == task], column, sign)
                for k, method in enumerate(METHODS):
                    group = chosen[chosen["method"] == method]
                    filled = rule == "by-ll"
                    ax.plot(
                        group["test_sm_loss"],
                        group["test_log_likelihood"],
                        "o",
                        c=f"C{k}",
                        mfc=f"C{k}" if filled else "none",
                        label=method if filled else None,
                    )
            ax.set_xscale("symlog")
            ax.set_yscale("symlog", linthresh=100)
            ax.set_xlabel("score-matching loss of test rows (lower is better)")
            ax.set_ylabel("test log-likelihood, nats")
            ax.set_title(f"{task}: chosen by likelihood (filled), by SM loss (open)", fontsize=10)
            ax.legend(fontsize=8, frameon=False)
            ax.spines[["top", "right"]].set_visible(False)
        return figure


RULES = (
    ("by-ll", "validation_log_likelihood", 1),
    ("by-sm", "validation_sm_loss", -1),
)
"""How the learning rate is chosen: name, column, and the sign that makes higher better."""


def _log_likelihood(energy: Energy, rows: torch.Tensor) -> float:
    with torch.no_grad():
        log_z = energy.log_z()
        assert log_z is not None
        values = torch.cat([energy(part).double() for part in torch.split(rows, 4096)])
        return float(-values.mean() - log_z.double())


def _sm_loss(energy: Energy, rows: torch.Tensor) -> float:
    parts = []
    for part in torch.split(rows, 64):
        s, laplacian = score_and_laplacian(energy, part)
        parts.append(0.5 * s.double().square().sum(1) + laplacian.double())
    return float(torch.cat(parts).mean())


def _chosen(table: Table, column: str, sign: int) -> Table:
    """Keep, per task and method, the learning rate whose mean over seeds is best."""
    keys = ["task", "method", "learning_rate"]
    scored = table.assign(choice=(sign * table[column]).fillna(-np.inf))
    means = scored.groupby(keys)["choice"].mean().reset_index()
    best = means.sort_values("choice", ascending=False).drop_duplicates(keys[:2])
    return table.merge(best[keys], on=keys)


def _mean(values: np.ndarray) -> Measured:
    n = len(values)
    spread = float(values.std(ddof=1) / np.sqrt(n)) if n > 1 else None
    return Measured(float(values.mean()), spread, n)
