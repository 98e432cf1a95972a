"""A small normalising flow: the neural reference that a user would think of; needs ``zuko``."""

from __future__ import annotations

import copy
from importlib.util import find_spec
from typing import Annotated, ClassVar

import torch
from pydantic import Field
from torch import Tensor

from ebmbench.datasets.base import Dataset
from ebmbench.energies.base import Energy
from ebmbench.energies.flow import FlowEnergy
from ebmbench.estimators.base import Estimator
from ebmbench.options import options

EVERY, PATIENCE = 50, 6
"""Steps between two looks at the validation rows, and looks without a gain after which it ends."""
JUDGES = 2000
"""Validation rows that are looked at, at most."""
RIDGE = 1e-3
"""Of the covariance that makes rows white, in units of the variances."""


@options
class FlowEstimator(Estimator):
    """Maximum likelihood by Adam; the weights with the best validation likelihood are kept."""

    transforms: Annotated[int, Field(gt=0)] = 3
    hidden: Annotated[list[Annotated[int, Field(gt=0)]], Field(min_length=1)] = Field(
        default_factory=lambda: [64, 64]
    )
    steps: Annotated[int, Field(gt=0)] = 2000
    """At most."""
    batch: Annotated[int, Field(gt=0)] = 256
    rate: Annotated[float, Field(gt=0)] = 1e-3

    families: ClassVar[frozenset[str] | None] = None

    @classmethod
    def missing(cls) -> str | None:
        """See :class:`~ebmbench.estimators.base.Estimator`."""
        if find_spec("zuko") is not None:
            return None
        return "flow needs zuko; install it with `pip install 'ebmbench[flows]'`"

    def fit(self, dataset: Dataset, generator: torch.Generator) -> Energy:
        """See :class:`~ebmbench.estimators.base.Estimator`.

        Raises:
            EbmbenchError: ``zuko`` is not installed.
        """
        train, judges = dataset.train, dataset.validation[:JUDGES]
        mean, factor = _white(train)
        energy = FlowEnergy(mean, factor, self.transforms, self.hidden, generator=generator)
        optimiser = torch.optim.Adam(energy.parameters(), self.rate)
        best, best_loss, worse = copy.deepcopy(energy.state_dict()), _loss(energy, judges), 0
        for step in range(1, self.steps + 1):
            chosen = torch.randint(len(train), (self.batch,), generator=generator)
            loss = energy(train[chosen]).mean()
            optimiser.zero_grad()
            loss.backward()
            torch.nn.utils.clip_grad_norm_(energy.parameters(), 10.0)
            optimiser.step()
            if step % EVERY and step != self.steps:
                continue
            judged = _loss(energy, judges)
            worse += 1
            if judged < best_loss:
                best, best_loss, worse = copy.deepcopy(energy.state_dict()), judged, 0
            if worse == PATIENCE:
                break
        energy.load_state_dict(best)
        return energy.requires_grad_(False)


@torch.no_grad()
def _loss(energy: FlowEnergy, rows: Tensor) -> float:
    return float(energy(rows).double().mean())


def _white(rows: Tensor) -> tuple[Tensor, Tensor]:
    """Return the mean, ``(d,)``, and the Cholesky factor, ``(d, d)``, of rows, ``(n, d)``."""
    x = rows.double()
    d = x.shape[1]
    covariance = torch.cov(x.T, correction=0).reshape(d, d)
    covariance += RIDGE * torch.diag(covariance.diagonal().clamp_min(1e-12))
    return x.mean(0).float(), torch.linalg.cholesky(covariance).float()
