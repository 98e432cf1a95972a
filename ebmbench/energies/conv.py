r"""A convolutional network over a Gaussian reference measure, for images."""

from __future__ import annotations

import math
from typing import Annotated, Any, ClassVar

import torch
from pydantic import Field
from torch import Tensor, nn

from ebmbench.energies.chain import Chain, Layer
from ebmbench.energies.layers import ACTIVATIONS, RULES, Activation, linear, start
from ebmbench.energies.maps import Convolution
from ebmbench.energies.tilted import TiltedGaussian, moments
from ebmbench.errors import EbmbenchError
from ebmbench.options import build, options


@options
class ConvOptions:
    """Options of ``[energy.options]`` for ``kind = "conv"``."""

    channels: Annotated[list[Annotated[int, Field(gt=0)]], Field(min_length=1)]
    """Of the convolutions, first to last."""
    kernel: Annotated[int, Field(gt=0)] = 3
    stride: Annotated[int, Field(gt=0)] = 2
    activation: Activation = "silu"


class ConvEnergy(TiltedGaussian):
    """A Gaussian tilted by strided convolutions and a linear layer, on square grey images.

    Arguments:
        mean: the mean ``μ``, ``(d,)``, of images as flat rows.
        std: the standard deviation ``σ``, ``(d,)``.
        channels: of the convolutions.
        kernel: side of every kernel; the padding is half of it.
        stride: of every convolution.
        activation: ``silu``, ``softplus`` or ``tanh``: all twice differentiable.
        generator: the source of the initial weights.

    Raises:
        EbmbenchError: ``d`` is not a square.
    """

    coordinates: ClassVar[tuple[str, ...]] = ("standardised",)
    """A convolution needs pixels where they are."""

    def __init__(
        self,
        mean: Tensor,
        std: Tensor,
        channels: list[int],
        kernel: int = 3,
        *,
        stride: int = 2,
        activation: Activation = "silu",
        generator: torch.Generator | None = None,
    ) -> None:
        super().__init__(mean, std)
        self.side = math.isqrt(len(mean))
        if self.side**2 != len(mean):
            raise EbmbenchError(
                f"energy 'conv' needs square images, but a row has {len(mean)} numbers"
            )
        self.activation = activation
        layers: list[nn.Module] = []
        image = (1, self.side, self.side)
        for out in channels:
            convolution = nn.Conv2d(
                image[0], out, kernel, stride, padding=kernel // 2, device="meta"
            )
            start(convolution, image[0] * kernel**2, 1.0, generator)
            layers += [convolution, ACTIVATIONS[activation]()]
            image = _map(convolution, image).result
        self.convolutions = nn.Sequential(*layers)
        self.head = linear(math.prod(image), 1, 0.0, generator)

    @classmethod
    def create(cls, train: Tensor, generator: torch.Generator, **options: Any) -> ConvEnergy:
        """Build the energy for training rows ``(n, d)``: ``μ`` and ``σ`` are theirs."""
        chosen = build(ConvOptions, options, "energy.options")
        return cls(
            *moments(train),
            chosen.channels,
            chosen.kernel,
            stride=chosen.stride,
            activation=chosen.activation,
            generator=generator,
        )

    def chain(self) -> Chain:
        layers, image = [], (1, self.side, self.side)
        for each in self.convolutions:
            if isinstance(each, nn.Conv2d):
                affine = _map(each, image)
                layers.append(Layer(affine, RULES[self.activation]))
                image = affine.result
        head = (self.head.weight, self.head.bias)
        return Chain(tuple(layers), head, self.mean, self.std, self.quadratic)

    def tilt(self, u: Tensor) -> Tensor:
        images = self.convolutions(u.reshape(-1, 1, self.side, self.side))
        f: Tensor = self.head(images.flatten(1))
        return f.squeeze(-1)


def _map(convolution: nn.Conv2d, image: tuple[int, int, int]) -> Convolution:
    stride, padding = convolution.stride[0], convolution.kernel_size[0] // 2
    return Convolution(convolution.weight, convolution.bias, image, stride, padding)
