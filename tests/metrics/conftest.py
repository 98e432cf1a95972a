from collections.abc import Callable

import pytest
import torch
from torch import Tensor

from ebmbench.calculus import score
from ebmbench.cards import TaskCard
from ebmbench.cardtables import Budget, Budgets, Citation, DataTable, EnergyTable, MetricsTable
from ebmbench.datasets.base import Dataset, Density, Modes
from ebmbench.energies.base import Energy
from ebmbench.energies.gaussian import Gaussian
from ebmbench.energies.mixture import GaussianMixtureEnergy
from ebmbench.metrics.base import Evaluation


class MixtureDensity(Density):
    """A normalised mixture as the true density."""

    def __init__(self, energy: GaussianMixtureEnergy) -> None:
        self.energy = energy

    @property
    def dim(self) -> int:
        return self.energy.dim

    def log_prob(self, x: Tensor) -> Tensor:
        return -self.energy(x)

    def score(self, x: Tensor) -> Tensor:
        return score(self.energy, x)

    def sample(self, n: int, generator: torch.Generator) -> Tensor:
        return self.energy.sample(n, generator)


class Unnormalised(Energy):
    """A mixture whose normaliser is hidden: ``log Z`` is minus ``constant``."""

    def __init__(self, mixture: GaussianMixtureEnergy, constant: float) -> None:
        super().__init__()
        self.mixture, self.constant = mixture, constant

    @property
    def dim(self) -> int:
        return self.mixture.dim

    @property
    def smooth(self) -> bool:
        return True

    @property
    def reference(self) -> Gaussian:
        return self.mixture.reference

    def chain(self) -> None:
        return None

    def forward(self, x: Tensor) -> Tensor:
        return self.mixture(x) + self.constant

    def log_z(self) -> None:
        return None


def make_card(log_z: str) -> TaskCard:
    budget = Budget(steps=1, batch=1)
    return TaskCard(
        name="test/task",
        version=1,
        title="Task",
        family="2d",
        summary="A task.",
        citation=Citation(text="None"),
        licence="synthetic",
        preprocessing="None.",
        data=DataTable(loader="density"),
        energy=EnergyTable(kind="mlp"),
        budget=Budgets(smoke=budget, standard=budget, full=budget),
        metrics=MetricsTable.model_validate({"names": [], "log_z": log_z}),
    )


@pytest.fixture
def card() -> Callable[[str], TaskCard]:
    return make_card


@pytest.fixture
def mixture() -> Callable[..., GaussianMixtureEnergy]:
    def make(
        means: list[list[float]], std: float, weights: list[float] | None = None
    ) -> GaussianMixtureEnergy:
        weights = weights or [1 / len(means)] * len(means)
        return GaussianMixtureEnergy(
            torch.tensor(weights, dtype=torch.float64),
            torch.tensor(means, dtype=torch.float64),
            torch.full((len(means),), std**2, dtype=torch.float64),
        )

    return make


@pytest.fixture
def evaluation() -> Callable[..., Evaluation]:
    """Make an evaluation of a mixture ``model`` on rows of a mixture ``truth``."""

    def make(
        truth: GaussianMixtureEnergy,
        model: GaussianMixtureEnergy,
        log_z: str = "quadrature",
        rows: int = 2000,
        constant: float | None = 1.3,
        effort: int = 1,
        known: bool = True,
        learned: float | None = None,
        test_log_det: Tensor | None = None,
    ) -> Evaluation:
        x = truth.sample(3 * rows, torch.Generator().manual_seed(0)).float()
        train, validation, test = x.split(rows)
        data = Dataset(
            train=train,
            validation=validation,
            test=test,
            truth=MixtureDensity(truth) if known else None,
            modes=Modes(truth.means, truth.weights),
            test_log_det=test_log_det,
        )
        energy = model if constant is None else Unnormalised(model, constant)
        return Evaluation(energy, data, make_card(log_z), effort, learned, 0)

    return make
