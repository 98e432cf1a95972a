"""What asv follows over commits: ``make asv``. Lower is better everywhere."""

from __future__ import annotations

import tempfile
from pathlib import Path

import torch

from benchmarks import callables
from benchmarks.callables import OPTIONS, SIZES
from ebmbench import api, calculus, catalog
from ebmbench.harness.build import load_data, make_evaluation
from ebmbench.harness.evaluation import measure
from ebmbench.harness.fitting import fit
from ebmbench.harness.grid import with_steps
from ebmbench.harness.job import Job
from ebmbench.harness.memory import allocator_peak
from ebmbench.harness.record import failed_record
from ebmbench.numerics import configure
from ebmbench.partition.ais import ais
from ebmbench.records import MetricRecord, Record, RunCost, Status
from ebmbench.report.site.build import build_site
from ebmbench.report.stats.boards import make_boards
from ebmbench.report.tables.markdown import to_markdown

FOLLOWED = ["2", "63"]
QUALITY_STEPS = 200
TRAINED_STEPS = 200
REPORT_SEEDS = 2


class Step:
    """One training step."""

    params = (list(OPTIONS), FOLLOWED)
    param_names = ("objective", "d")
    sample_time = 0.05
    rounds = 2
    warmup_time = 0.1

    def setup(self, name: str, size: str) -> None:
        configure(threads=1)
        self.action = callables.ours(name, SIZES[size])

    def time_step(self, name: str, size: str) -> None:
        self.action()

    def track_allocator_peak(self, name: str, size: str) -> int:
        self.action()
        return allocator_peak(lambda: callables.repeat(self.action, 1), "cpu")

    track_allocator_peak.unit = "bytes"  # type: ignore[attr-defined]


class Chains:
    """Transitions of a sampler."""

    params = (["langevin", "mala", "hmc"], FOLLOWED)
    param_names = ("sampler", "d")
    sample_time = 0.05
    rounds = 2

    def setup(self, name: str, size: str) -> None:
        configure(threads=1)
        self.action = callables.our_chains(name, SIZES[size])

    def time_chains(self, name: str, size: str) -> None:
        self.action()


class Operators:
    """The operators of the calculus without a graph."""

    params = (["value_and_score", "directional", "score_and_laplacian"], FOLLOWED)
    param_names = ("operator", "d")
    sample_time = 0.05
    rounds = 2

    def setup(self, name: str, size: str) -> None:
        configure(threads=1)
        self.energy = callables.network(SIZES[size]).requires_grad_(False)
        self.x = callables.rows(SIZES[size])
        self.extra = [torch.ones_like(self.x)] if name == "directional" else []
        self.operator = getattr(calculus, name)

    def time_operator(self, name: str, size: str) -> None:
        self.operator(self.energy, self.x, *self.extra)


class Annealing:
    """``log Z`` by annealed importance sampling with the least effort."""

    params = (FOLLOWED,)
    param_names = ("d",)
    rounds = 1
    number = 1
    repeat = 3

    def setup(self, size: str) -> None:
        configure(threads=1)
        self.energy = callables.network(SIZES[size]).requires_grad_(False)

    def time_ais(self, size: str) -> None:
        ais(self.energy, torch.Generator().manual_seed(0), effort=0)


class Likelihood:
    """The log-likelihood of test rows of a trained model, from nothing but its weights."""

    params = (["2d/two-moons", "ica/10", "uci/wine", "digits/8"],)
    param_names = ("task",)
    rounds = 1
    number = 1
    repeat = 3
    timeout = 240

    def setup(self, task: str) -> None:
        configure(threads=1)
        card = with_steps(api.task(task), "standard", TRAINED_STEPS)
        job = Job(card, api.method("dsm").for_task(task), 0, "standard")
        self.card = card.model_copy(
            update={"metrics": card.metrics.model_copy(update={"names": ["log_likelihood"]})}
        )
        self.dataset = load_data(card, 0, None)
        self.energy = fit(job, self.dataset, 0.0, lambda step, total: None).energy

    def time_log_likelihood(self, task: str) -> None:
        evaluation = make_evaluation(
            self.card, self.energy, self.dataset, seed=0, preset="standard", learned_log_z=None
        )
        found = measure(evaluation, self.card)["log_likelihood"]
        if not found.certified:
            raise RuntimeError(f"{task}: {found.note}")


class Data:
    """Loading what needs no network."""

    params = (["2d/rings", "ica/10", "uci/wine", "digits/8"],)
    param_names = ("task",)
    rounds = 1
    number = 1
    repeat = 3

    def time_load(self, task: str) -> None:
        api.load_data(task)


class Report:
    """The leaderboard and the site of many records."""

    rounds = 1
    number = 1
    repeat = 2
    timeout = 240

    def setup_cache(self) -> list[Record]:
        return list(_records())

    def time_leaderboard(self, records: list[Record]) -> None:
        to_markdown(make_boards(records))

    def time_site(self, records: list[Record]) -> None:
        with tempfile.TemporaryDirectory() as folder:
            build_site(records, Path(folder))


class Quality:
    """The regret after a fixed number of seeded steps, in nats."""

    params = ([name for name, card in catalog.methods().items() if card.objective],)
    param_names = ("method",)
    timeout = 120

    def track_regret(self, method: str) -> float:
        with tempfile.TemporaryDirectory() as folder:
            table = api.run(
                method,
                "2d/two-moons",
                Path(folder) / "o",
                preset="smoke",
                steps=QUALITY_STEPS,
                jobs=1,
            )
        return float(table.set_index("metric")["value"]["regret"])

    track_regret.unit = "nats"  # type: ignore[attr-defined]


def _records() -> list[Record]:
    """Return finished records of every pair of task and method."""
    cost = RunCost(
        train_seconds=1.0,
        steps=1,
        step_ms_median=1.0,
        step_ms_iqr=0.0,
        energy_evaluations=1.0,
        score_evaluations=1.0,
        hvp_evaluations=1.0,
        evaluation_seconds=0.0,
        setup_seconds=0.0,
        data_seconds=0.0,
    )
    records = []
    for task in catalog.tasks().values():
        for method in catalog.methods().values():
            for seed in range(REPORT_SEEDS):
                number = MetricRecord(value=-seed, unit="nats", higher_is_better=True)
                records.append(
                    failed_record(
                        Job(task, method, seed, "smoke"), Status.OK, "", contended=False
                    ).model_copy(update={"metrics": {"log_likelihood": number}, "cost": cost})
                )
    return records
