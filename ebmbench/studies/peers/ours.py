"""This package, asked the same questions."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import replace

import torch
from torch import Tensor, nn

from ebmbench.energies.gaussian import Gaussian
from ebmbench.energies.wrapped import WrappedEnergy
from ebmbench.objectives.base import Objective
from ebmbench.objectives.cd import ContrastiveDivergence
from ebmbench.objectives.dsm import DenoisingScoreMatching
from ebmbench.objectives.ed import EnergyDiscrepancy
from ebmbench.objectives.nce import NoiseContrastiveEstimation
from ebmbench.objectives.pcd import PersistentContrastiveDivergence
from ebmbench.objectives.sm import ScoreMatching
from ebmbench.objectives.ssm import SlicedScoreMatching
from ebmbench.objectives.ssm_vr import SlicedScoreMatchingVR
from ebmbench.partition.adaptive import adaptive
from ebmbench.partition.base import LogZ
from ebmbench.partition.initial import InitialGaussian
from ebmbench.studies.peers.library import Estimate, Library, Named
from ebmbench.studies.peers.setting import IMAGE, SIGMA, Quadratic, white_rows
from ebmbench.studies.peers.truths import NEGATIVES

STILL = 1e-4
"""Step size at which a chain hardly moves."""


class Ours(Library):
    """See :class:`~ebmbench.studies.peers.library.Library`."""

    name = "ebmbench"
    distribution = "ebmbench"

    def score_matching(self) -> list[Named]:
        """See :class:`~ebmbench.studies.peers.library.Library`."""
        return [
            _named("sm", ScoreMatching()),
            _named("ssm", SlicedScoreMatching()),
            _named("ssm-vr", SlicedScoreMatchingVR()),
        ]

    def denoising(self) -> list[Named]:
        """See :class:`~ebmbench.studies.peers.library.Library`."""
        return [_named("dsm", DenoisingScoreMatching(sigma=SIGMA))]

    def discrepancy(self) -> list[Named]:
        """See :class:`~ebmbench.studies.peers.library.Library`."""
        return [_named("ed", EnergyDiscrepancy(t=SIGMA**2, negatives=NEGATIVES))]

    def contrast(self) -> Mapping[str, Callable[[float], float]]:
        """See :class:`~ebmbench.studies.peers.library.Library`."""

        def derivative(shift: float) -> float:
            objective, x = NoiseContrastiveEstimation(nu=1), white_rows(2)
            energy = _energy(Quadratic(1.0), x)
            generator = torch.Generator().manual_seed(0)
            state = objective.init(energy, x, generator)
            off = torch.tensor(math.log(2 * math.pi) + shift, requires_grad=True)
            loss = objective.loss(energy, x, replace(state, log_z=off), generator).loss
            return float(torch.autograd.grad(loss, off)[0])

        return {"nce": derivative}

    def chains(self) -> list[Named]:
        """See :class:`~ebmbench.studies.peers.library.Library`."""
        return [
            _named("cd", ContrastiveDivergence(steps=1, step_size=STILL)),
            _named("pcd", PersistentContrastiveDivergence(steps=1, step_size=STILL)),
        ]

    def log_z(self, energy: Callable[[Tensor], Tensor], rows: Tensor) -> list[Estimate]:
        """See :class:`~ebmbench.studies.peers.library.Library`."""
        dim = rows.shape[1]
        model = WrappedEnergy(energy, Gaussian.standard(dim), log_density=False)
        generator = torch.Generator().manual_seed(0)
        blind = adaptive(model, generator, 1)
        fitted = InitialGaussian.fitted(model, rows)
        seeing = adaptive(model, generator, 1, initial=fitted, rows=rows)
        return [
            _estimate("annealing that sees no rows", blind),
            _estimate("annealing that starts near rows", seeing),
        ]


def _named(name: str, objective: Objective) -> Named:
    def loss(model: Quadratic, x: Tensor, seed: int) -> Tensor:
        # images are rows here
        rows = x.flatten(1)
        energy = _energy(model, rows)
        generator = torch.Generator().manual_seed(seed)
        state = objective.init(energy, rows, generator)
        return objective.loss(energy, rows, state, generator).loss

    return Named(name, loss)


class _OfRows(nn.Module):
    """A model of images as one of flat rows."""

    def __init__(self, model: Quadratic) -> None:
        super().__init__()
        self.model = model

    def forward(self, x: Tensor) -> Tensor:
        value: Tensor = self.model(x.view(-1, *IMAGE))
        return value


def _energy(model: Quadratic, rows: Tensor) -> WrappedEnergy:
    found = _OfRows(model) if model.image else model
    return WrappedEnergy(found, Gaussian.fitted(rows), log_density=False)


def _estimate(name: str, found: LogZ) -> Estimate:
    assert found.lower is not None
    assert found.upper is not None
    return Estimate(name, found.log_z, found.lower, found.upper, not found.certified)
