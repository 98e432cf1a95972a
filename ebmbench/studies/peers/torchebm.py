"""torchebm (https://github.com/soran-ghaderi/torchebm)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from importlib import import_module
from typing import Any

from torch import Tensor

from ebmbench.studies.peers.library import Estimate, Library, Named, seeded
from ebmbench.studies.peers.setting import SIGMA, Quadratic

STILL = 1e-8


class Torchebm(Library):
    """See :class:`~ebmbench.studies.peers.library.Library`."""

    name = "torchebm"
    distribution = "torchebm"

    def score_matching(self) -> list[Named]:
        """See :class:`~ebmbench.studies.peers.library.Library`."""
        return [
            _named("ScoreMatching", "ScoreMatching"),
            _named("ScoreMatching('approx')", "ScoreMatching", hessian_method="approx"),
            _named("SlicedScoreMatching", "SlicedScoreMatching"),
        ]

    def denoising(self) -> list[Named]:
        """See :class:`~ebmbench.studies.peers.library.Library`."""
        return [_named("DenoisingScoreMatching", "DenoisingScoreMatching", noise_scale=SIGMA)]

    def discrepancy(self) -> list[Named]:
        """See :class:`~ebmbench.studies.peers.library.Library`."""
        return []

    def contrast(self) -> Mapping[str, Callable[[float], float]]:
        """See :class:`~ebmbench.studies.peers.library.Library`."""
        return {}

    def chains(self) -> list[Named]:
        """See :class:`~ebmbench.studies.peers.library.Library`."""
        return [
            _of_chains("ContrastiveDivergence", energy_reg_weight=0.001),
            _of_chains("PersistentContrastiveDivergence", buffer_size=1024, init_steps=0),
        ]

    def log_z(self, energy: Callable[[Tensor], Tensor], rows: Tensor) -> list[Estimate]:
        """See :class:`~ebmbench.studies.peers.library.Library`."""
        return []


def _model(model: Quadratic) -> Any:
    core = import_module("torchebm.core")

    class Model(core.BaseModel):  # type: ignore[misc, name-defined]
        """What its losses and samplers take."""

        def __init__(self) -> None:
            super().__init__()
            self.quadratic = model

        def forward(self, x: Tensor) -> Tensor:
            value: Tensor = self.quadratic(x)
            return value

    return Model()


def _named(name: str, kind: str, **options: Any) -> Named:
    def value(model: Quadratic, x: Tensor, seed: int) -> Tensor:
        loss = getattr(import_module("torchebm.losses"), kind)(model=_model(model), **options)
        with seeded(seed):
            found: Tensor = loss(x)
        return found

    return Named(name, value)


def _of_chains(kind: str, **options: Any) -> Named:
    def value(model: Quadratic, x: Tensor, seed: int) -> Tensor:
        theirs = _model(model)
        sampler = import_module("torchebm.samplers").LangevinDynamics(theirs, step_size=STILL)
        losses = import_module("torchebm.losses")
        loss = getattr(losses, kind)(model=theirs, sampler=sampler, k_steps=1, **options)
        with seeded(seed):
            found: Tensor = loss(x)[0]
        return found

    return Named(kind, value)
