"""A Gaussian mixture as the law where a path begins: for models of several separated modes."""

from __future__ import annotations

import math
from dataclasses import dataclass, field

import torch
from torch import Tensor

from ebmbench.samplers.bridge import Origin


@dataclass(frozen=True)
class MixtureOrigin(Origin):
    r"""The mixture :math:`q(z) = \sum_k w_k\, N(z; m_k, L_k L_k^\top)` in the chains' coordinates.

    Its density is normalised in ``z``. All its numbers are float64; scores are handed out in the
    precision of the points.
    """

    log_weights: Tensor
    """``log w``, ``(k,)``."""
    means: Tensor
    """``(k, d)``."""
    factors: Tensor
    """``L``, lower triangular, ``(k, d, d)``; or ``(k,)``: multiples of the unit matrix."""
    like: Tensor
    """Gives precision and device of the points that are drawn."""
    log_det: float = 0.0
    """``log |det A|`` of the map ``x = m + A z`` to the coordinates of the model."""
    inverses: Tensor = field(init=False, repr=False)
    """Of ``L``, in the same form."""
    constants: Tensor = field(init=False, repr=False)
    """Log-density of each weighted component at its mean, ``(k,)``."""

    def __post_init__(self) -> None:
        """Invert the factors once."""
        d = self.means.shape[1]
        if self.factors.dim() == 1:
            inverses, log_det = self.factors.reciprocal(), d * self.factors.log()
        else:
            eye = torch.eye(d, dtype=torch.float64).expand_as(self.factors)
            inverses = torch.linalg.solve_triangular(self.factors, eye, upper=False)
            log_det = self.factors.diagonal(dim1=1, dim2=2).log().sum(1)
        constants = self.log_weights - log_det - 0.5 * d * math.log(2 * math.pi)
        object.__setattr__(self, "inverses", inverses)
        object.__setattr__(self, "constants", constants)

    @property
    def dim(self) -> int:
        """See :class:`~ebmbench.samplers.bridge.Origin`."""
        return self.means.shape[1]

    @property
    def log_z(self) -> float:
        """Return ``log ∫ q dx``."""
        return self.log_det

    def draw(self, n: int, generator: torch.Generator) -> Tensor:
        """Draw ``n`` points, ``(n, d)``, shared out among components by systematic sampling.

        Every component gets its share up to one point. Each point has the law of the mixture, so
        means stay unbiased; they vary a little less than those of independent points.
        """
        places = (torch.arange(n) + torch.rand(1, generator=generator).double()) / n
        edges = self.log_weights.cpu().exp().cumsum(0)
        chosen = torch.searchsorted(edges / edges[-1], places).clamp_max(len(edges) - 1)
        chosen = chosen[torch.randperm(n, generator=generator)]
        z = torch.randn(n, self.dim, generator=generator, dtype=torch.float64)
        means, factors = self.means.cpu(), self.factors.cpu()
        if factors.dim() == 1:
            return (means[chosen] + factors[chosen, None] * z).to(self.like)
        drawn = torch.empty_like(z)
        for k in range(len(means)):
            rows = chosen == k
            drawn[rows] = means[k] + z[rows] @ factors[k].T
        return drawn.to(self.like)

    def log_density(self, x: Tensor) -> Tensor:
        """Return ``log q``, ``(n,)``, in float64."""
        return torch.logsumexp(self._parts(x)[0], 1)

    def score(self, x: Tensor) -> Tensor:
        """Return ``∇ log q``, ``(n, d)``."""
        parts, whitened = self._parts(x)
        shares = torch.softmax(parts, 1)
        if self.factors.dim() == 1:
            pull = shares / self.factors.square()
            return (pull @ self.means - pull.sum(1, keepdim=True) * x.double()).to(x)
        weighted = shares.T[:, :, None] * whitened
        return -torch.bmm(weighted, self.inverses).sum(0).to(x)

    def _parts(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """Return ``log w_k N_k(x)``, ``(n, k)``, and ``L_k⁻¹ (x - m_k)``, ``(k, n, d)``.

        Of round components the second is empty.
        """
        points = x.double()
        if self.factors.dim() == 1:
            squares = points.square().sum(1, keepdim=True) + self.means.square().sum(1)
            squared = (squares - 2 * points @ self.means.T).clamp_min(0) / self.factors.square()
            return self.constants - 0.5 * squared, points[:0]
        centred = points[None] - self.means[:, None, :]
        whitened = torch.bmm(centred, self.inverses.transpose(1, 2))
        return self.constants - 0.5 * whitened.square().sum(2).T, whitened
