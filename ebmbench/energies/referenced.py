"""What energies share that carry their reference Gaussian with them."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from ebmbench.energies.base import Energy
from ebmbench.energies.gaussian import Gaussian


class GaussianBuffers(Energy):
    """An energy that keeps a Gaussian in its buffers.

    Arguments:
        mean: its mean ``μ``, ``(d,)``.
        std: its standard deviation ``σ``, ``(d,)``; correlations come by :meth:`start_at`.
    """

    def __init__(self, mean: Tensor, std: Tensor) -> None:
        super().__init__()
        self.mean: Tensor
        self.std: Tensor
        self.root: Tensor | None
        self.register_buffer("mean", mean.clone())
        self.register_buffer("std", std.clone())
        self.register_buffer("root", None)

    @property
    def dim(self) -> int:
        return len(self.mean)

    @property
    def kept(self) -> Gaussian:
        """The Gaussian in the buffers."""
        return Gaussian(self.mean, self.std, self.root)

    def start_at(self, reference: Gaussian) -> None:
        found = reference.to(self.mean)
        self.mean, self.std, self.root = found.mean, found.std, found.root

    def _load_from_state_dict(self, state_dict: dict[str, Any], prefix: str, *others: Any) -> None:
        # Correlations are stored where there are any; files of 0.1 have none.
        stored = state_dict.get(f"{prefix}root")
        self.root = None if stored is None else torch.empty_like(stored).to(self.mean)
        super()._load_from_state_dict(state_dict, prefix, *others)


class ReferencedEnergy(GaussianBuffers):
    """An energy whose reference is the Gaussian in its buffers."""

    @property
    def reference(self) -> Gaussian:
        return self.kept
