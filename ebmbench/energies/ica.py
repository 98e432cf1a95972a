r"""Independent component analysis as an energy with a known partition function."""

from __future__ import annotations

import math
from typing import Any, ClassVar, Literal

import torch
from torch import Tensor, nn
from torch.nn.functional import softplus

from ebmbench.energies.chain import Chain, Layer
from ebmbench.energies.gaussian import Gaussian
from ebmbench.energies.maps import Dense
from ebmbench.energies.own_sampler import EXACT, OwnSampler
from ebmbench.energies.referenced import ReferencedEnergy
from ebmbench.energies.rules import LogisticSource
from ebmbench.options import build, options

Sources = Literal["logistic", "laplace"]


@options
class ICAOptions:
    """Options of ``[energy.options]`` for ``kind = "ica"``."""

    sources: Sources


class ICAEnergy(ReferencedEnergy):
    r"""Independent sources behind a linear map.

    .. math:: E_B(x) = \sum_i u(b_i^\top x), \qquad \log Z_B = -\log|\det B| + d \log c

    with ``u`` the negative log-density of a source: logistic,
    :math:`u(s) = s + 2\log(1 + e^{-s})` and :math:`c = 1` (Grathwohl et al. 2020), or Laplace of
    unit variance without its constant, :math:`u(s) = \sqrt2 |s|` and :math:`c = \sqrt2`
    (Gutmann & Hyvärinen 2012, Eq. 22).

    Arguments:
        demixing: the matrix ``B``, ``(d, d)``.
        sources: ``logistic`` or ``laplace``.
        mean: mean of the reference Gaussian, ``(d,)``.
        std: its standard deviation, ``(d,)``.
    """

    centred: ClassVar[bool] = False
    """Sources have mean zero; an estimated mean would cost what it is off by."""

    def __init__(self, demixing: Tensor, sources: Sources, mean: Tensor, std: Tensor) -> None:
        super().__init__(mean, std)
        self.demixing = nn.Parameter(demixing.clone())
        self.sources = sources

    @classmethod
    def create(cls, train: Tensor, generator: torch.Generator, **options: Any) -> ICAEnergy:
        """Start at a random ``B``, drawn anew until its condition number is below ``d``.

        The protocol of Grathwohl et al. (2020), whose code does the same. For ``d = 2``, where a
        condition number below two is rare but possible, the draw is the same.
        """
        chosen = build(ICAOptions, options, "energy.options")
        d = train.shape[1]
        demixing = torch.randn(d, d, generator=generator)
        while torch.linalg.cond(demixing) >= d:
            demixing = torch.randn(d, d, generator=generator)
        return cls(demixing, chosen.sources, train.mean(0), train.std(0))

    def start_at(self, reference: Gaussian) -> None:
        r"""Start at a random rotation of the white data, whose sources have the model's variance.

        .. math:: B = c\,Q\,\Sigma^{-1/2}

        with ``c = π/√3`` for logistic sources and one for Laplace sources, and ``Q`` from the
        ``B`` that :meth:`create` drew: the orthogonal factor of a normal matrix is uniform.
        """
        super().start_at(reference)
        scale = math.pi / math.sqrt(3) if self.sources == "logistic" else 1.0
        with torch.no_grad():
            q, r = torch.linalg.qr(self.demixing)
            q = q * r.diagonal().sign()
            self.demixing.copy_(scale * (q if self.root is None else q @ self.root) / self.std)

    @property
    def smooth(self) -> bool:
        return self.sources == "logistic"

    def log_z(self) -> Tensor:
        constant = 0.0 if self.sources == "logistic" else 0.5 * self.dim * math.log(2)
        log_det: Tensor = torch.linalg.slogdet(self.demixing)[1]
        return constant - log_det

    def chain(self) -> Chain | None:
        if not self.smooth:
            return None
        origin, unit = torch.zeros_like(self.mean), torch.ones_like(self.mean)
        layer = Layer(Dense(self.demixing, None), LogisticSource())
        return Chain((layer,), None, origin, unit, quadratic=None)

    def forward(self, x: Tensor) -> Tensor:
        s = x @ self.demixing.T
        if self.sources == "logistic":
            return (s + 2 * softplus(-s)).sum(-1)
        return torch.sum(math.sqrt(2) * s.abs(), -1)

    def sampler(self) -> OwnSampler:
        return OwnSampler(EXACT, self.sample)

    def sample(self, n: int, generator: torch.Generator) -> Tensor:
        """Draw ``n`` exact samples, ``(n, d)``."""
        u = torch.rand(n, self.dim, generator=generator, dtype=torch.float64)
        u = u.clamp(1e-15, 1 - 1e-15).to(self.mean.device)
        if self.sources == "logistic":
            s = torch.log(u) - torch.log1p(-u)
        else:
            s = -torch.sign(u - 0.5) * torch.log1p(-2 * (u - 0.5).abs()) / math.sqrt(2)
        demixing = self.demixing.detach().double()
        x: Tensor = torch.linalg.solve(demixing, s.T).T
        return x.to(self.mean.dtype)
