"""ebmkit, which imports as ``ebm`` (https://github.com/davidkhjo/ebmkit)."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from importlib import import_module
from typing import Any

import torch
from torch import Tensor

from ebmbench.studies.peers.library import Estimate, Library, Named, seeded
from ebmbench.studies.peers.setting import SIGMA, Quadratic, white_rows
from ebmbench.studies.peers.truths import NEGATIVES

STILL = 1e-8
CHAINS = 256


class Ebmkit(Library):
    """See :class:`~ebmbench.studies.peers.library.Library`."""

    name = "ebmkit"
    distribution = "ebmkit"

    def score_matching(self) -> list[Named]:
        """See :class:`~ebmbench.studies.peers.library.Library`."""
        ebm = _package()
        return [
            _named("ExactScoreMatching", ebm.ExactScoreMatching()),
            _named("SlicedScoreMatching(vr=False)", ebm.SlicedScoreMatching(vr=False)),
            _named("SlicedScoreMatching", ebm.SlicedScoreMatching()),
        ]

    def denoising(self) -> list[Named]:
        """See :class:`~ebmbench.studies.peers.library.Library`."""
        return [_named("DenoisingScoreMatching", _package().DenoisingScoreMatching(sigma=SIGMA))]

    def discrepancy(self) -> list[Named]:
        """See :class:`~ebmbench.studies.peers.library.Library`."""
        loss = _package().EnergyDiscrepancy(sigma=SIGMA, m_particles=NEGATIVES, w_stable=1.0)
        return [_named("EnergyDiscrepancy", loss)]

    def contrast(self) -> Mapping[str, Callable[[float], float]]:
        """See :class:`~ebmbench.studies.peers.library.Library`."""

        def derivative(shift: float) -> float:
            loss = _package().NoiseContrastiveEstimation()
            with torch.no_grad():
                loss.log_z.fill_(math.log(2 * math.pi) + shift)
            with seeded(0):
                found = loss(Quadratic(1.0), white_rows(2)).loss
            return float(torch.autograd.grad(found, loss.log_z)[0])

        return {"NoiseContrastiveEstimation": derivative}

    def chains(self) -> list[Named]:
        """See :class:`~ebmbench.studies.peers.library.Library`."""
        ebm = _package()
        still = ebm.LangevinDynamics(step_size=STILL, steps=1)

        def persistent(model: Quadratic, x: Tensor, seed: int) -> Tensor:
            with seeded(seed):
                buffer = ebm.ReplayBuffer(1024, tuple(x.shape[1:]))
                found: Tensor = ebm.ContrastiveDivergence(still, buffer=buffer)(model, x).loss
            return found

        return [
            _named("ContrastiveDivergence", ebm.ContrastiveDivergence(still)),
            Named("ContrastiveDivergence with a ReplayBuffer", persistent),
        ]

    def log_z(self, energy: Callable[[Tensor], Tensor], rows: Tensor) -> list[Estimate]:
        """See :class:`~ebmbench.studies.peers.library.Library`."""
        normal = torch.distributions.Normal(rows.mean(0), rows.std(0))
        fitted = torch.distributions.Independent(normal, 1)
        bases = {"its default base": None, "a base fitted to rows": fitted}
        return [_both_ways(f"AIS both ways, {name}", energy, rows, b) for name, b in bases.items()]


def _package() -> Any:
    return import_module("ebm")


def _named(name: str, loss: Any) -> Named:
    def value(model: Quadratic, x: Tensor, seed: int) -> Tensor:
        with seeded(seed):
            found: Tensor = loss(model, x).loss
        return found

    return Named(name, value)


def _both_ways(name: str, energy: Callable[[Tensor], Tensor], rows: Tensor, base: Any) -> Estimate:
    """Return the bracket as its documentation describes it: forward, and back from the samples."""
    ebm = _package()
    with seeded(0):
        forward = ebm.ais_log_z(energy, (rows.shape[1],), base=base, n_chains=CHAINS)
        back = ebm.reverse_ais_log_z(energy, forward.samples, base=base)
    ends = (
        forward.log_z - 2 * forward.stderr,
        forward.log_z + 2 * forward.stderr,
        back.log_z - 2 * back.stderr,
        back.log_z + 2 * back.stderr,
    )
    return Estimate(name, forward.log_z, min(ends), max(ends))
