"""A wrong call of the Python interface, whatever is wrong, is an EbmbenchError of a sentence."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch

import ebmbench
from ebmbench.datasets.base import Dataset
from ebmbench.energies.base import Energy
from ebmbench.errors import EbmbenchError

TASK = "2d/two-moons"


@pytest.fixture(scope="module")
def data() -> Dataset:
    return ebmbench.load_data(TASK)


@pytest.fixture(scope="module")
def energy(data: Dataset) -> Energy:
    return ebmbench.build_energy(TASK, data)


def run(**wrong: Any) -> Any:
    asked = {"methods": "dsm", "tasks": TASK, "out": "o", "preset": "smoke", "steps": 1}
    return ebmbench.run(**(asked | wrong))


Call = Callable[[Any, Any], Any]
TABLE: list[tuple[str, Call, str]] = [
    ("list_tasks", lambda d, e: ebmbench.list_tasks(3), "tasks is 3, allowed: names, globs"),
    ("list_tasks", lambda d, e: ebmbench.list_tasks([3]), "a part of tasks is 3, allowed"),
    ("list_tasks", lambda d, e: ebmbench.list_tasks("3d/*"), "no task matches '3d/\\*'"),
    ("list_methods", lambda d, e: ebmbench.list_methods(None), "methods is None, allowed: names"),
    ("list_methods", lambda d, e: ebmbench.list_methods("dms"), "did you mean 'dsm'"),
    ("task", lambda d, e: ebmbench.task(3), "task is 3, allowed: the name of a task"),
    ("task", lambda d, e: ebmbench.task(ebmbench.method("dsm")), "task is a MethodCard, allowed"),
    ("task", lambda d, e: ebmbench.task(Path("no.toml")), "'no.toml'"),
    ("method", lambda d, e: ebmbench.method(None), "method is None, allowed: the name"),
    ("method", lambda d, e: ebmbench.method("all"), "'all' names [0-9]+ methods, allowed: one"),
    ("load_data", lambda d, e: ebmbench.load_data("2d/ring"), "did you mean '2d/rings'"),
    (
        "load_data",
        lambda d, e: ebmbench.load_data(TASK, seed="a"),
        "seed is 'a', allowed",
    ),
    ("load_data", lambda d, e: ebmbench.load_data(TASK, seed=-1), "seed is -1, allowed: a whole"),
    ("load_data", lambda d, e: ebmbench.load_data(TASK, data_dir=3), "data_dir is 3, allowed: a"),
    ("build_energy", lambda d, e: ebmbench.build_energy(TASK, None), "dataset is None, allowed"),
    ("build_energy", lambda d, e: ebmbench.build_energy(TASK, d, seed=1.5), "seed is 1.5"),
    (
        "build_energy",
        lambda d, e: ebmbench.build_energy(TASK, d, coordinates="white"),
        "coordinates is 'white'; did you mean 'whitened'",
    ),
    ("wrap", lambda d, e: ebmbench.wrap(None, d), "the model is a NoneType, allowed: a torch"),
    (
        "wrap",
        lambda d, e: ebmbench.wrap(e, d.train[:, :1]),
        "takes points of 2 numbers, but",
    ),
    ("train", lambda d, e: ebmbench.train(torch.nn.Linear(2, 1), "dsm", d), "`ebmbench.wrap"),
    ("train", lambda d, e: ebmbench.train(e, "dms", d), "did you mean 'dsm'"),
    ("train", lambda d, e: ebmbench.train(e, 3, d), "method is 3, allowed: the name of a method"),
    ("train", lambda d, e: ebmbench.train(e, "gmm", d), "reference and has no training steps"),
    ("train", lambda d, e: ebmbench.train(e, "ncsn", d), "ncsn needs an energy of many noise"),
    ("train", lambda d, e: ebmbench.train(e, "dsm", d, "2d/ring"), "did you mean '2d/rings'"),
    ("train", lambda d, e: ebmbench.train(e, "dsm", None), "train rows are a NoneType of object"),
    ("train", lambda d, e: ebmbench.train(e, "dsm", d, steps=0), "steps is 0, allowed: a whole"),
    ("train", lambda d, e: ebmbench.train(e, "dsm", d, steps=True), "steps is True, allowed"),
    ("train", lambda d, e: ebmbench.train(e, "dsm", d, seed="x"), "seed is 'x'"),
    ("train", lambda d, e: ebmbench.train(e, "dsm", d, preset="quick"), "unknown preset 'quick'"),
    ("train", lambda d, e: ebmbench.train(e, "dsm", d, preset=None), "unknown preset None"),
    ("train", lambda d, e: ebmbench.train(e, "dsm", d, selection="best"), "selection is 'best'"),
    ("evaluate", lambda d, e: ebmbench.evaluate(e, d, TASK, ["fisher"]), "'fisher'"),
    ("evaluate", lambda d, e: ebmbench.evaluate(e, d, TASK, 3), "metrics is 3, allowed"),
    ("evaluate", lambda d, e: ebmbench.evaluate(e, d, 3), "task is 3, allowed"),
    ("evaluate", lambda d, e: ebmbench.evaluate(e, d, train=d.train), "beside the data of a task"),
    ("evaluate", lambda d, e: ebmbench.evaluate(e, None), "test rows are a NoneType of object"),
    ("evaluate", lambda d, e: ebmbench.evaluate(e, d, preset="quick"), "unknown preset 'quick'"),
    ("evaluate", lambda d, e: ebmbench.evaluate(e, d, seed=-2), "seed is -2, allowed"),
    ("evaluate", lambda d, e: ebmbench.evaluate(e, d, reporter=print), "reporter is a builtin"),
    ("evaluate", lambda d, e: ebmbench.evaluate(e, d, learned_log_z="1"), "learned_log_z is '1'"),
    ("run", lambda d, e: run(methods=3), "methods is 3, allowed: names"),
    ("run", lambda d, e: run(tasks=None), "tasks is None, allowed: names"),
    ("run", lambda d, e: run(out=None), "out is None, allowed: a path"),
    ("run", lambda d, e: run(preset="quick"), "unknown preset 'quick'; allowed: full, smoke"),
    ("run", lambda d, e: run(settings=["dsm"]), "--set is 'dsm', allowed: METHOD.KEY=VALUE"),
    ("run", lambda d, e: run(settings=3), "settings is 3, allowed"),
    ("run", lambda d, e: run(seeds=0), "seeds is 0, allowed: a whole number, at least 1"),
    ("run", lambda d, e: run(steps="5"), "steps is '5', allowed: a whole number"),
    ("run", lambda d, e: run(jobs=0.5), "jobs is 0.5, allowed: a whole number, at least 1"),
    ("run", lambda d, e: run(device="gpu"), "device is 'gpu'; did you mean 'cpu'"),
    ("run", lambda d, e: run(data_dir="/no/such"), "data folder '/no/such' does not exist"),
    ("run", lambda d, e: run(timeout="1"), "timeout is '1', allowed: seconds"),
    ("run", lambda d, e: run(timeout=0), "--timeout is 0, allowed: more than 0"),
    ("run", lambda d, e: run(executor="slurm"), "executor is 'slurm'; allowed: dask, local"),
    ("run", lambda d, e: run(scheduler="a:1"), "--scheduler is for --executor dask only"),
    ("run", lambda d, e: run(cost="mine"), "cost is 'mine'; allowed: alone, shared"),
    ("run", lambda d, e: run(selection=3), "selection is 3; allowed: "),
    ("results", lambda d, e: ebmbench.results("/no"), "output folder '/no' does not exist"),
    ("results", lambda d, e: ebmbench.results(None), "out is None, allowed: a path"),
    ("leaderboard", lambda d, e: ebmbench.leaderboard("/no"), "output folder '/no' does not"),
    ("leaderboard", lambda d, e: ebmbench.leaderboard(3), "out is 3, allowed: a path"),
    ("plot.density", lambda d, e: ebmbench.plot.density(3, d), "the model is a int, allowed"),
    ("plot.density", lambda d, e: ebmbench.plot.density(abs), "rows are missing, allowed: rows"),
    ("plot.density", lambda d, e: ebmbench.plot.density(e, d, ax=3), "ax is a int, allowed: axes"),
    (
        "plot.density",
        lambda d, e: ebmbench.plot.density(lambda x: x.square().sum(1), torch.randn(9, 3)),
        "the model has 3 columns, allowed: 1 or 2",
    ),
    ("plot.samples", lambda d, e: ebmbench.plot.samples("x"), "samples rows are a str of <U1"),
    ("plot.samples", lambda d, e: ebmbench.plot.samples(d.test, columns=(0, 5)), "two of 0 to 1"),
    (
        "plot.samples",
        lambda d, e: ebmbench.plot.samples(
            ebmbench.evaluate(e, d, metrics=["fisher_divergence"], preset="smoke")
        ),
        "the measurements hold no samples",
    ),
    ("plot.curves", lambda d, e: ebmbench.plot.curves(3), "trainings are a int, allowed: what"),
    ("plot.curves", lambda d, e: ebmbench.plot.curves({}), "trainings are a dict, allowed"),
    ("plot.board", lambda d, e: ebmbench.plot.board("/no"), "output folder '/no' does not exist"),
    ("plot.board", lambda d, e: ebmbench.plot.board(3), "out is a int, allowed: an output folder"),
]


@pytest.mark.parametrize("row", range(len(TABLE)), ids=[f"{name}" for name, _, _ in TABLE])
def test_a_wrong_argument_gets_a_sentence(
    row: int, data: Dataset, energy: Energy, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    _, call, sentence = TABLE[row]
    with pytest.raises(EbmbenchError, match=sentence) as caught:
        call(data, energy)
    assert "\n" not in str(caught.value)
    assert not (tmp_path / "o/runs").exists()


def test_the_table_has_every_public_function() -> None:
    plots = {f"plot.{name}" for name in ebmbench.plot.__all__}
    public = {name for name in ebmbench.__all__ if inspect.isfunction(getattr(ebmbench, name))}
    assert {name for name, _, _ in TABLE} == public | plots
