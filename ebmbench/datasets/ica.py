r"""Independent sources behind a random square mixing matrix.

Logistic sources follow the code of Grathwohl et al. (2020): ``x = s A`` (rows), with the inverse
``B = A^{-1}`` drawn standard normal from NumPy's legacy generator with seed 1234 until its
condition number is below ``d``. The optimum of the log-likelihood is :math:`-2d + \log|\det B|`.

Laplace sources of unit variance follow Gutmann & Hyvärinen (2012), Sect. 3: ``A`` standard normal
with condition number below ten. The optimum is :math:`\log|\det B| - d (1 + \tfrac12\log 2)`.
"""

from __future__ import annotations

import math
from pathlib import Path
from typing import Annotated, Literal

import numpy as np
import torch
from pydantic import Field
from torch import Tensor
from torch.nn.functional import logsigmoid

from ebmbench.datasets.base import Dataset, Density, Loader, Sizes
from ebmbench.datasets.splits import draw_splits
from ebmbench.errors import EbmbenchError
from ebmbench.options import options

Sources = Literal["logistic", "laplace"]

FIRST_SEED = 1234
"""Seed of the published code; run ``k`` of a task uses ``1234 + k``."""
MOST_LAPLACE = 16
"""Sources beyond which a normal matrix is hardly ever (once in 4000 draws) below condition ten."""
DEFAULT = Sizes(100_000, 5_000, 20_000)


class ICADensity(Density):
    """The law of ``x = B^{-1} s`` for independent sources ``s``.

    Arguments:
        demixing: ``B``, ``(d, d)``, with ``s = B x`` for a column ``x``.
        sources: ``logistic`` or ``laplace`` (unit variance).
    """

    def __init__(self, demixing: Tensor, sources: Sources) -> None:
        self.demixing = demixing.double()
        self.sources = sources
        self.log_det = float(torch.linalg.slogdet(self.demixing)[1])

    @property
    def dim(self) -> int:
        """Number of coordinates."""
        return len(self.demixing)

    @property
    def optimum(self) -> float:
        """Expected log-density under the law itself, in nats."""
        each = 2.0 if self.sources == "logistic" else 1 + 0.5 * math.log(2)
        return self.log_det - each * self.dim

    def log_prob(self, x: Tensor) -> Tensor:
        """See :class:`~ebmbench.datasets.base.Density`."""
        s = x.double() @ self.demixing.T
        if self.sources == "logistic":
            each = logsigmoid(s) + logsigmoid(-s)
        else:
            each = -math.sqrt(2) * s.abs() - 0.5 * math.log(2)
        return (each.sum(-1) + self.log_det).to(x.dtype)

    def score(self, x: Tensor) -> Tensor:
        """See :class:`~ebmbench.datasets.base.Density`; almost everywhere for Laplace."""
        s = x.double() @ self.demixing.T
        slope = -torch.tanh(0.5 * s) if self.sources == "logistic" else -math.sqrt(2) * s.sign()
        return (slope @ self.demixing).to(x.dtype)

    def sample(self, n: int, generator: torch.Generator) -> Tensor:
        """See :class:`~ebmbench.datasets.base.Density`."""
        u = torch.rand(n, self.dim, generator=generator, dtype=torch.float64)
        u = u.clamp(1e-15, 1 - 1e-15)
        if self.sources == "logistic":
            s = torch.logit(u)
        else:
            s = -torch.sign(u - 0.5) * torch.log1p(-2 * (u - 0.5).abs()) / math.sqrt(2)
        x: Tensor = torch.linalg.solve(self.demixing, s.T)
        return x.T


def published_demixing(dim: int, seed: int) -> Tensor:
    """Return the matrix ``B`` of the published protocol, in our column convention.

    Arguments:
        dim: number of sources ``d``.
        seed: run number ``k``; the published code starts at seed 1234.
    """
    state = np.random.RandomState(FIRST_SEED + seed)
    b = state.randn(dim, dim)
    while np.linalg.cond(b) >= dim:
        b = state.randn(dim, dim)
    # The published code multiplies rows from the right; a column is multiplied by the transpose.
    return torch.from_numpy(b.T.copy())


def laplace_demixing(dim: int, seed: int) -> Tensor:
    """Return ``B = A^{-1}`` for a standard normal ``A`` with condition number below ten.

    Raises:
        EbmbenchError: too many sources for such a matrix to be found by drawing.
    """
    if dim > MOST_LAPLACE:
        raise EbmbenchError(f"dim is {dim} with laplace sources, allowed: 2 to {MOST_LAPLACE}")
    state = np.random.RandomState(FIRST_SEED + seed)
    a = state.randn(dim, dim)
    while np.linalg.cond(a) >= 10:
        a = state.randn(dim, dim)
    return torch.from_numpy(np.linalg.inv(a))


@options
class ICALoader(Loader):
    """Rows ``x = B^{-1} s``; the mixing and the rows depend on the seed."""

    dim: Annotated[int, Field(ge=2)]
    sources: Sources

    def files(self) -> tuple[str, ...]:
        """See :class:`~ebmbench.datasets.base.Loader`."""
        return ()

    def load(self, sizes: Sizes, seed: int, data_dir: Path | None) -> Dataset:
        """See :class:`~ebmbench.datasets.base.Loader`."""
        draw = published_demixing if self.sources == "logistic" else laplace_demixing
        demixing = draw(self.dim, seed)
        truth = ICADensity(demixing, self.sources)
        words = ("ica", self.sources, self.dim, seed)
        splits = draw_splits(truth, sizes, *words, default=DEFAULT)
        return Dataset(*splits, truth=truth, demixing=demixing.float())
