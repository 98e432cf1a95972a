"""Small tasks and methods, and objectives that break in a chosen way."""

from __future__ import annotations

import textwrap
from collections.abc import Callable
from pathlib import Path

import pytest

from ebmbench import catalog
from ebmbench.cards import MethodCard, TaskCard
from ebmbench.cardtables import Budget
from ebmbench.harness.job import Job
from tests.untuned import untuned

SABOTAGE = """
import os, signal, time
from typing import ClassVar
from ebmbench.objectives.base import StepCost, Objective, State, Step
from ebmbench.options import options

class _Base(Objective):
    needs_smooth_energy: ClassVar[bool] = False
    needs_log_z: ClassVar[bool] = False

    def init(self, energy, data, generator):
        return State()

    def loss(self, energy, batch, state, generator):
        self.act()
        return Step(energy(batch).mean(), state)

    def cost(self, dim):
        return StepCost(energy=1.0)

@options
class Sleeper(_Base):
    def act(self):
        time.sleep(60)

@options
class Killed(_Base):
    def act(self):
        os.kill(os.getpid(), signal.SIGKILL)

@options
class Exits(_Base):
    def act(self):
        os._exit(7)

@options
class Raises(_Base):
    def act(self):
        raise RuntimeError("the objective has a fault\\nsecond line")

@options
class Exhausted(_Base):
    def act(self):
        raise MemoryError("no memory left")

@options
class Allocates(_Base):
    def act(self):
        import torch
        torch.empty(1 << 60)
"""


@pytest.fixture
def small_task() -> TaskCard:
    """Two moons with few rows and steps, and a network of a few units."""
    return tiny(catalog.tasks()["2d/two-moons"])


def tiny(card: TaskCard, steps: int = 6) -> TaskCard:
    """Return a card with few rows and steps."""
    budget = Budget(steps=steps, batch=32)
    return card.model_copy(
        update={
            "data": card.data.model_copy(update={"train": 200, "validation": 50, "test": 100}),
            "energy": card.energy.model_copy(
                update={"options": {"hidden": [8], "activation": "silu"}}
            ),
            "budget": card.budget.model_copy(update={"smoke": budget, "standard": budget}),
            "metrics": card.metrics.model_copy(update={"names": ["log_likelihood", "regret"]}),
        }
    )


@pytest.fixture
def sabotage(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], MethodCard]:
    """Make method cards of objectives that are not part of the package."""
    folder = tmp_path / "plugin"
    folder.mkdir()
    (folder / "sabotage_objectives.py").write_text(textwrap.dedent(SABOTAGE))
    monkeypatch.syspath_prepend(folder)

    def make(name: str) -> MethodCard:
        card = untuned("dsm").model_copy(
            update={
                "name": name.lower(),
                "objective": f"sabotage_objectives:{name}",
                "hyperparameters": {},
                "search": {},
            }
        )
        return card.placed(folder)

    return make


@pytest.fixture
def small_job(small_task: TaskCard) -> Job:
    return Job(small_task, untuned("dsm"), 0, "smoke")
