"""The affine maps of a chain: dense and convolutional, with everything that derivatives need.

All take and return rows of numbers, so that a chain need not know what its layers are made of. A
new kind of layer is one subclass; every operator of :mod:`ebmbench.calculus` follows from it.
"""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional as F
from torch.nn.grad import conv2d_input, conv2d_weight

NARROW = 8
"""Columns up to which a product with a matrix goes several times faster with both transposed:
libraries cut their work into blocks of more columns than there are."""


class AffineMap(ABC):
    """``a = W h + b`` on rows of ``inputs`` numbers that become rows of ``outputs`` numbers."""

    weight: Tensor
    bias: Tensor | None

    @property
    @abstractmethod
    def outputs(self) -> int:
        """Numbers in a row of ``a``."""

    @property
    @abstractmethod
    def narrows(self) -> bool:
        """Whether :meth:`factor` is worth while: fewer outputs than inputs, as a plain matrix."""

    @abstractmethod
    def affine(self, h: Tensor) -> Tensor:
        """Return ``W h + b``, ``(n, out)``, of rows ``h``, ``(n, in)``."""

    @abstractmethod
    def linear(self, h: Tensor) -> Tensor:
        """Return ``W h``, ``(…, out)``, of ``h``, ``(…, in)``."""

    @abstractmethod
    def adjoint(self, g: Tensor) -> Tensor:
        """Return ``W' g``, ``(…, in)``, of ``g``, ``(…, out)``."""

    @abstractmethod
    def gradient(self, *pairs: tuple[Tensor, Tensor]) -> Tensor:
        """Return the derivative of ``Σ g·(W h)`` in the weight, over pairs ``(g, h)`` of rows."""

    @abstractmethod
    def bias_gradient(self, g: Tensor) -> Tensor:
        """Return the derivative of ``Σ g·b`` in the bias."""

    @abstractmethod
    def columns(self, scale: Tensor) -> Tensor:
        """Return ``W diag(scale)`` transposed, ``(in, out)``."""

    @abstractmethod
    def columns_gradient(self, g: Tensor, scale: Tensor) -> Tensor:
        """Return the derivative of ``Σ g·columns(scale)`` in the weight."""


@dataclass(frozen=True)
class Dense(AffineMap):
    """A matrix ``(out, in)`` and a bias ``(out,)`` or none."""

    weight: Tensor
    bias: Tensor | None

    @property
    def outputs(self) -> int:
        return self.weight.shape[0]

    @property
    def narrows(self) -> bool:
        out, width = self.weight.shape
        return out < width

    def affine(self, h: Tensor) -> Tensor:
        """See :class:`AffineMap`."""
        if self.bias is None:
            return h @ self.weight.T
        return torch.addmm(self.bias, h, self.weight.T)

    def linear(self, h: Tensor) -> Tensor:
        """See :class:`AffineMap`."""
        return h @ self.weight.T

    def adjoint(self, g: Tensor) -> Tensor:
        """See :class:`AffineMap`."""
        if self.weight.shape[1] <= NARROW and g.ndim == 2:
            return (self.weight.T.contiguous() @ g.T).T
        return g @ self.weight

    def gradient(self, *pairs: tuple[Tensor, Tensor]) -> Tensor:
        """See :class:`AffineMap`."""
        if self.narrows:
            return _products([(g.T, h) for g, h in pairs])
        # The same, transposed: the library's unit is then the longer side.
        return _products([(h.T, g) for g, h in pairs]).T

    def bias_gradient(self, g: Tensor) -> Tensor:
        """See :class:`AffineMap`."""
        return g.sum(0)

    def columns(self, scale: Tensor) -> Tensor:
        """See :class:`AffineMap`."""
        return (self.weight * scale).T

    def columns_gradient(self, g: Tensor, scale: Tensor) -> Tensor:
        """See :class:`AffineMap`."""
        return g.T * scale


def _products(pairs: list[tuple[Tensor, Tensor]]) -> Tensor:
    """Return the sum of the matrix products of all pairs."""
    (a, b), *others = pairs
    total = a @ b
    for a, b in others:
        total.addmm_(a, b)
    return total


@dataclass(frozen=True)
class Convolution(AffineMap):
    """A two-dimensional convolution of images that come as flat rows."""

    weight: Tensor
    """``(channels out, channels in, k, k)``."""
    bias: Tensor | None
    """``(channels out,)``."""
    image: tuple[int, int, int]
    """Channels, height and width of the input."""
    stride: int
    padding: int

    @property
    def result(self) -> tuple[int, int, int]:
        """Channels, height and width of the output."""
        height, width = (
            (side + 2 * self.padding - k) // self.stride + 1
            for side, k in zip(self.image[1:], self.weight.shape[2:], strict=True)
        )
        return self.weight.shape[0], height, width

    @property
    def outputs(self) -> int:
        return math.prod(self.result)

    @property
    def narrows(self) -> bool:
        return False

    def affine(self, h: Tensor) -> Tensor:
        """See :class:`AffineMap`."""
        return self._convolve(h, self.bias)

    def linear(self, h: Tensor) -> Tensor:
        """See :class:`AffineMap`."""
        return self._convolve(h, None)

    def adjoint(self, g: Tensor) -> Tensor:
        """See :class:`AffineMap`."""
        images = g.reshape(-1, *self.result)
        shape = (len(images), *self.image)
        back: Tensor = conv2d_input(  # type: ignore[no-untyped-call]
            shape, self.weight, images, self.stride, self.padding
        )
        return back.reshape(*g.shape[:-1], math.prod(self.image))

    def gradient(self, *pairs: tuple[Tensor, Tensor]) -> Tensor:
        """See :class:`AffineMap`."""
        g, h = (torch.cat(parts) for parts in zip(*pairs, strict=True))
        images, cotangents = h.reshape(-1, *self.image), g.reshape(-1, *self.result)
        found: Tensor = conv2d_weight(  # type: ignore[no-untyped-call]
            images, self.weight.shape, cotangents, self.stride, self.padding
        )
        return found

    def bias_gradient(self, g: Tensor) -> Tensor:
        """See :class:`AffineMap`."""
        return g.reshape(-1, *self.result).sum((0, 2, 3))

    def columns(self, scale: Tensor) -> Tensor:
        """See :class:`AffineMap`."""
        return self.linear(torch.diag(scale))

    def columns_gradient(self, g: Tensor, scale: Tensor) -> Tensor:
        """See :class:`AffineMap`."""
        return self.gradient((g, torch.diag(scale)))

    def _convolve(self, h: Tensor, bias: Tensor | None) -> Tensor:
        images = h.reshape(-1, *self.image)
        found = F.conv2d(images, self.weight, bias, self.stride, self.padding)
        return found.reshape(*h.shape[:-1], self.outputs)
