r"""NICE read as an unnormalised model: an energy on images whose partition function is known."""

from __future__ import annotations

import math
from itertools import pairwise
from typing import Annotated, Any

import torch
from pydantic import Field
from torch import Tensor, nn

from ebmbench.energies.gaussian import Gaussian
from ebmbench.energies.layers import ACTIVATIONS, Activation, linear
from ebmbench.energies.own_sampler import EXACT, OwnSampler
from ebmbench.energies.quadratic import Quadratic
from ebmbench.energies.referenced import ReferencedEnergy
from ebmbench.options import build, options
from ebmbench.seeds import normal_like


@options
class NICEOptions:
    """Options of ``[energy.options]`` for ``kind = "nice"``."""

    couplings: Annotated[int, Field(gt=0)] = 4
    hidden: Annotated[list[Annotated[int, Field(gt=0)]], Field(min_length=1)] = Field(
        default_factory=lambda: [256]
    )
    activation: Activation = "softplus"


class NICEEnergy(ReferencedEnergy):
    r"""Additive coupling layers and a diagonal scale (Dinh et al. 2015).

    .. math:: E_\theta(x) = \tfrac12 \|R z_\theta(x)\|^2, \qquad
              \log Z_\theta = \tfrac d2 \log 2\pi - \sum_i \log s_i - \log|\det R|

    where :math:`z = s \odot g(x)`, :math:`g` preserves volume and ``R`` is of the reference's
    correlations, the unit matrix in the paper. Only differences of energies
    reach an objective that does not know :math:`Z`, as in Song et al. (2019), §6.

    Arguments:
        mean: mean of the training rows, ``(d,)``; subtracted first.
        std: their standard deviation, ``(d,)``; the scales start at its inverse. Correlations
            come by :meth:`start_at`.
        couplings: number of additive coupling layers; halves alternate.
        hidden: widths of the network of each coupling.
        activation: twice differentiable.
        generator: the source of the initial weights.
    """

    def __init__(
        self,
        mean: Tensor,
        std: Tensor,
        couplings: int,
        hidden: list[int],
        *,
        activation: Activation = "softplus",
        generator: torch.Generator | None = None,
    ) -> None:
        super().__init__(mean, std)
        even = (len(mean) + 1) // 2
        sizes = (even, len(mean) - even)
        self.couplings = nn.ModuleList()
        for k in range(couplings):
            widths = [sizes[k % 2], *hidden]
            layers: list[nn.Module] = []
            for fan_in, fan_out in pairwise(widths):
                layers += [linear(fan_in, fan_out, 1.0, generator), ACTIVATIONS[activation]()]
            layers.append(linear(widths[-1], sizes[1 - k % 2], 0.0, generator))
            self.couplings.append(nn.Sequential(*layers))
        self.log_scale = nn.Parameter(-std.log())

    @classmethod
    def create(cls, train: Tensor, generator: torch.Generator, **options: Any) -> NICEEnergy:
        """Build the energy for training rows ``(n, d)``: it starts as a Gaussian about them."""
        chosen = build(NICEOptions, options, "energy.options")
        return cls(
            train.mean(0),
            train.std(0).clamp_min(1e-3),
            chosen.couplings,
            chosen.hidden,
            activation=chosen.activation,
            generator=generator,
        )

    def start_at(self, reference: Gaussian) -> None:
        super().start_at(reference)
        with torch.no_grad():
            self.log_scale.copy_(-self.std.log())

    @property
    def smooth(self) -> bool:
        return True

    def log_z(self) -> Tensor:
        log_det = self.log_scale.sum()
        if self.root is not None:
            log_det = log_det + self.root.diagonal().log().sum()
        return 0.5 * self.dim * math.log(2 * math.pi) - log_det

    def chain(self) -> None:
        return None

    def forward(self, x: Tensor) -> Tensor:
        centred = x - self.mean
        halves = [centred[:, 0::2], centred[:, 1::2]]
        for k, network in enumerate(self.couplings):
            halves[1 - k % 2] = halves[1 - k % 2] + network(halves[k % 2])
        scale = self.log_scale.exp()
        z = (halves[0] * scale[0::2], halves[1] * scale[1::2])
        if self.root is None:
            return 0.5 * ((z[0] * z[0]).sum(-1) + (z[1] * z[1]).sum(-1))
        return Quadratic(self.root).value(_interleaved(*z))

    def sampler(self) -> OwnSampler:
        return OwnSampler(EXACT, self.sample)

    @torch.no_grad()
    def sample(self, n: int, generator: torch.Generator) -> Tensor:
        """Draw ``n`` exact samples, ``(n, d)``, by inverting the flow."""
        z = normal_like(self.mean.expand(n, -1), generator)
        if self.root is not None:
            z = torch.linalg.solve_triangular(self.root, z.T, upper=False).T
        z = z * (-self.log_scale).exp()
        halves = [z[:, 0::2], z[:, 1::2]]
        for k in reversed(range(len(self.couplings))):
            halves[1 - k % 2] = halves[1 - k % 2] - self.couplings[k](halves[k % 2])
        return _interleaved(*halves) + self.mean


def _interleaved(even: Tensor, odd: Tensor) -> Tensor:
    """Return rows whose columns are taken from both in turn."""
    columns = torch.arange(even.shape[1] + odd.shape[1], device=even.device)
    places = columns // 2 + (columns % 2) * even.shape[1]
    return torch.cat([even, odd], 1)[:, places]
