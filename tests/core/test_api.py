"""The Python interface: the same numbers as the command line, and custom parts."""

from __future__ import annotations

import math
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, ClassVar

import pytest
import torch
from torch import Tensor

import ebmbench
from ebmbench.energies.base import Energy
from ebmbench.errors import EbmbenchError
from ebmbench.numerics import configure
from ebmbench.objectives.base import Objective, State, Step, StepCost


def test_importing_the_package_loads_nothing() -> None:
    code = "import sys, ebmbench; assert not {'torch', 'pandas', 'pydantic'} & set(sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_every_name_is_there_and_no_other() -> None:
    assert all(callable(getattr(ebmbench, name)) for name in ebmbench.__all__)
    assert set(ebmbench.__all__) <= set(dir(ebmbench))
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        _ = ebmbench.nothing


def test_lists_and_cards() -> None:
    assert "2d/rings" in ebmbench.list_tasks("2d/*")
    assert ebmbench.list_methods(["dsm", "ssm"]) == ["dsm", "ssm"]
    assert ebmbench.task("2d/rings").name == "2d/rings"
    assert ebmbench.method(ebmbench.method("dsm")).name == "dsm"
    with pytest.raises(EbmbenchError, match="'2d/\\*' names 10 tasks, allowed: one"):
        ebmbench.task("2d/*")


@pytest.fixture
def as_workers_compute() -> Iterator[None]:
    """Take the matmul path of a worker: by another, five steps end a thousandth of a nat apart."""
    before = torch.get_float32_matmul_precision()
    configure(threads=1)
    yield
    torch.set_float32_matmul_precision(before)


@pytest.mark.usefixtures("as_workers_compute")
def test_by_hand_and_by_grid_give_the_same_numbers(tmp_path: Path) -> None:
    name, steps = "2d/two-moons", 5
    card = ebmbench.task(name)
    data = ebmbench.load_data(name)
    energy = ebmbench.build_energy(name, data, method="nce")
    training = ebmbench.train(energy, "nce", data, card, preset="smoke", steps=steps)
    learned = float(training.state.learned["log_z"].detach())
    by_hand = ebmbench.evaluate(energy, data, name, preset="smoke", learned_log_z=learned)
    table = ebmbench.run("nce", name, tmp_path / "o", preset="smoke", steps=steps, jobs=1)
    by_grid = table.set_index("metric")["value"]
    for metric in ("log_likelihood", "log_z_error", "fisher_divergence"):
        assert by_hand[metric].value == pytest.approx(by_grid[metric], rel=1e-5, abs=1e-6)
    assert "| nce |" in ebmbench.leaderboard(tmp_path / "o")
    assert ebmbench.results(tmp_path / "o").equals(table)


class Pull(Objective):
    """Lower the energy of data and raise that of shifted data: no good, but an objective."""

    needs_smooth_energy: ClassVar[bool] = False
    needs_log_z: ClassVar[bool] = False

    def loss(
        self, energy: Energy, batch: Tensor, state: State, generator: torch.Generator
    ) -> Step:
        return Step(torch.tanh(energy(batch) - energy(batch + 1)).mean(), state)

    def cost(self, dim: int) -> StepCost:
        return StepCost(energy=2.0)


def test_an_objective_of_ones_own_is_trained() -> None:
    data = ebmbench.load_data("2d/two-moons")
    energy = ebmbench.build_energy("2d/two-moons", data)
    before = energy(data.test[:5]).clone()
    training = ebmbench.train(energy, Pull(), data, "2d/two-moons", steps=3)
    assert len(training.step_seconds) == 3
    assert not torch.equal(energy(data.test[:5]), before)


def test_measuring_leaves_the_model_as_it_was() -> None:
    """What is measured between two trainings learns in the second as it would have."""
    data = ebmbench.load_data("2d/two-moons")
    energy = ebmbench.build_energy("2d/two-moons", data).train()
    ebmbench.train(energy, "nce", data, "2d/two-moons", steps=3)
    before = {name: tensor.clone() for name, tensor in energy.state_dict().items()}
    ebmbench.evaluate(energy, data, "2d/two-moons", ["log_likelihood"])
    assert energy.training
    assert all(parameter.requires_grad for parameter in energy.parameters())
    assert all(torch.equal(energy.state_dict()[name], old) for name, old in before.items())
    ebmbench.train(energy, "nce", data, "2d/two-moons", steps=3, seed=1)
    assert any(not torch.equal(energy.state_dict()[name], old) for name, old in before.items())


def test_training_gives_both_sets_of_weights() -> None:
    data = ebmbench.load_data("2d/two-moons")
    energy = ebmbench.build_energy("2d/two-moons", data)
    training = ebmbench.train(energy, "nce", data, "2d/two-moons", steps=30)
    lowest = min(training.curve, key=lambda point: point.validation_loss or math.inf)
    assert (training.selected.step, training.last.step) == (lowest.step, 30)
    for weights in (training.last, training.selected):
        energy.load_state_dict(weights.energy)
        found = energy.state_dict()
        assert all(torch.equal(found[name], tensor) for name, tensor in weights.energy.items())
        assert set(weights.learned) == {"log_z"}


@pytest.mark.parametrize(
    ("call", "sentence"),
    [
        (lambda d, e: ebmbench.train(e, "gmm", d, "2d/rings"), "reference and has no training"),
        (lambda d, e: ebmbench.train(e, "dms", d, "2d/rings"), "did you mean 'dsm'"),
        (lambda d, e: ebmbench.evaluate(e, d, "2d/rings", ["fisher"]), "'fisher'"),
        (lambda d, e: ebmbench.load_data("2d/ring"), "did you mean '2d/rings'"),
    ],
)
def test_bad_requests_are_named(call: Any, sentence: str) -> None:
    data = ebmbench.load_data("2d/rings")
    with pytest.raises(EbmbenchError, match=sentence):
        call(data, ebmbench.build_energy("2d/rings", data))


def test_a_script_without_a_guard_is_not_run_again(tmp_path: Path) -> None:
    script = tmp_path / "mine.py"
    out = tmp_path / "o"
    script.write_text(
        "print('once')\n"
        "import ebmbench\n"
        f"t = ebmbench.run('gaussian', '2d/two-moons', {str(out)!r}, preset='smoke', jobs=1)\n"
        "print(set(t.status))\n"
    )
    done = subprocess.run(
        [sys.executable, str(script)], capture_output=True, text=True, check=False
    )
    assert done.stdout == "once\n{'ok'}\n", done.stderr
