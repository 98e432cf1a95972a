r"""An energy that was trained in other coordinates, seen in those that its task names.

.. math:: E_x(x) = E_u(A(x - c)), \qquad \log Z_x = \log Z_u - \log|\det A|
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import torch
from torch import Tensor

from ebmbench.energies.base import Energy
from ebmbench.energies.chain import Chain
from ebmbench.energies.coordinates import Coordinates
from ebmbench.energies.gaussian import Gaussian
from ebmbench.energies.maps import Dense
from ebmbench.energies.own_sampler import OwnSampler
from ebmbench.energies.quadratic import Quadratic

INNER = "inner."
"""Prefix of what the inner energy has in the state."""


class PulledBack(Energy):
    """The model of ``x`` that an energy of ``u`` is.

    Arguments:
        inner: the energy that is trained; it computes on rows ``u``.
        coordinates: the map from ``x`` to ``u``; stored with the weights.
    """

    def __init__(self, inner: Energy, coordinates: Coordinates) -> None:
        super().__init__()
        self.inner = inner
        self.centre: Tensor
        self.matrix: Tensor
        self.register_buffer("centre", coordinates.centre)
        self.register_buffer("matrix", coordinates.matrix)

    @staticmethod
    def split(state: Mapping[str, Tensor]) -> tuple[Coordinates, dict[str, Tensor]] | None:
        """Return the coordinates and the inner state in a ``state_dict``; ``None``: another's."""
        own = {"centre", "matrix"}
        if {name for name in state if not name.startswith(INNER)} != own:
            return None
        inner = {k.removeprefix(INNER): tensor for k, tensor in state.items() if k not in own}
        return Coordinates(state["centre"], state["matrix"]), inner

    @property
    def map(self) -> Coordinates:
        """The coordinates of the inner energy."""
        return Coordinates(self.centre, self.matrix)

    @property
    def dim(self) -> int:
        return self.inner.dim

    @property
    def smooth(self) -> bool:
        return self.inner.smooth

    @property
    def reference(self) -> Gaussian:
        return self.map.pulled_back(self.inner.reference)

    def log_z(self) -> Tensor | None:
        inner = self.inner.log_z()
        return None if inner is None else inner - self.map.log_det

    def chain(self) -> Chain | None:
        """Fold the map into the inner chain's first layer; ``None`` where that is no matrix.

        A diagonal map only scales the input, so that it folds into every chain.
        """
        chain, coordinates = self.inner.chain(), self.map
        if chain is None:
            return None
        mean = coordinates.invert(chain.mean[None])[0]
        if self.matrix.dim() == 1:
            return replace(chain, mean=mean, std=chain.std / self.matrix.to(chain.std))
        first, *others = chain.layers
        if not isinstance(first.map, Dense):
            return None
        scaled = (self.matrix / chain.std.double()[:, None]).to(chain.std)
        quadratic = None
        if chain.quadratic is not None:
            root = chain.quadratic.root
            quadratic = Quadratic(scaled if root is None else root @ scaled)
        folded = replace(first, map=Dense(first.map.weight @ scaled, first.map.bias))
        return Chain(
            (folded, *others), chain.head, mean, torch.ones_like(chain.std), quadratic=quadratic
        )

    def forward(self, x: Tensor) -> Tensor:
        value: Tensor = self.inner(self.map.apply(x))
        return value

    def sampler(self) -> OwnSampler | None:
        own = self.inner.sampler()
        return None if own is None else own.mapped(self.map.invert)


def moved(own: OwnSampler | None, energy: Energy) -> OwnSampler | None:
    """Return a sampler of an energy's inner coordinates as one of its outer ones."""
    if own is None or not isinstance(energy, PulledBack):
        return own
    return own.mapped(energy.map.invert)
