r"""The quadratic part of an energy over a Gaussian, with its derivatives."""

from __future__ import annotations

from dataclasses import dataclass

from torch import Tensor


@dataclass(frozen=True)
class Quadratic:
    r""":math:`\tfrac12\|R u\|^2` of standardised points ``u``, ``(n, d)``."""

    root: Tensor | None = None
    """``R``, ``(d, d)``; ``None``: the unit matrix, and no product is paid."""

    def value_and_gradient(self, u: Tensor) -> tuple[Tensor, Tensor]:
        """Return the values, ``(n,)``, and ``R'R u``, ``(n, d)``."""
        z = self._rooted(u)
        return 0.5 * (z * z).sum(-1), z if self.root is None else z @ self.root

    def value(self, u: Tensor) -> Tensor:
        """Return the values, ``(n,)``."""
        z = self._rooted(u)
        return 0.5 * (z * z).sum(-1)

    def gradient(self, u: Tensor) -> Tensor:
        """Return ``R'R u``, ``(n, d)``."""
        return self.value_and_gradient(u)[1]

    def along(self, u: Tensor, w: Tensor) -> tuple[Tensor, Tensor]:
        """Return the first and second derivatives along ``w``, ``(n, d)``, each ``(n,)``."""
        z, v = self._rooted(u), self._rooted(w)
        return (z * v).sum(-1), (v * v).sum(-1)

    def laplacian(self, std: Tensor) -> Tensor:
        """Return the Laplacian in ``x = μ + σ u``, a scalar.

        Arguments:
            std: ``σ``, ``(d,)``.
        """
        scaled = 1 / std if self.root is None else self.root / std
        return (scaled * scaled).sum()

    def _rooted(self, u: Tensor) -> Tensor:
        return u if self.root is None else u @ self.root.T
