r"""What an objective that adds noise must lose: the optimum of its loss is the smoothed density.

Denoising score matching with noise of covariance :math:`\Sigma` is minimal at
:math:`p_\Sigma = p * N(0, \Sigma)` (Vincent 2011), so that the best energy of all loses
:math:`\mathrm{KL}(p \,\|\, p_\Sigma)` nats against the truth, however long it is trained.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import numpy as np
import torch
from scipy.ndimage import gaussian_filter
from torch import Tensor

from ebmbench.cards import MethodCard, TaskCard
from ebmbench.datasets.base import Density
from ebmbench.energies.coordinates import WHITENED
from ebmbench.errors import EbmbenchError
from ebmbench.partition.grid import Box, midpoints
from ebmbench.report.figures.learned import square_box, true_density

CELLS = 500
"""Per axis of the grid in the plane; a cell is then a sixth of the thinnest line of any task."""
PIECE = 1 << 15
"""Points at a time."""
TAIL = 6.0
"""Deviations of the noise by which the grid is wider than the data."""
ROWS = 4000
"""Draws of the truth that averages are taken over."""
FIXED = ("density", "known")
"""Loaders whose densities are the same for all seeds."""
SMALL = 0.3
"""Root mean square of the relative change of the density up to which its square is enough."""


def predicted_loss(task: TaskCard, method: MethodCard, seed: int) -> float | None:
    """Return the nats that a denoising objective loses at its optimum, if they can be known.

    Arguments:
        task: its density must be known without a file.
        method: the card as used; its noise is ``sigma``, in units of the data's standard
            deviation, or of their principal directions' where it is trained in white coordinates.
        seed: of the run: some densities differ between seeds.

    Returns:
        ``None`` for other objectives, unknown densities, and where no formula here is valid.
    """
    sigma = method.hyperparameters.get("sigma")
    if method.objective != "dsm" or not isinstance(sigma, int | float) or sigma <= 0:
        return None
    return _loss(Asked(task, float(sigma), seed, white=method.coordinates == WHITENED))


def smoothing_loss(truth: Density, deviations: Tensor) -> float | None:
    r"""Return :math:`\mathrm{KL}(p \,\|\, p * N(0, \mathrm{diag}(\sigma^2)))` in nats.

    In the plane by convolution on a grid. Above by the second order in the variance: with
    :math:`u = \tfrac12 \sum_i \sigma_i^2 \partial_i^2 p / p`, whose mean under ``p`` is zero, the
    divergence is :math:`\tfrac12 E_p[u^2] + O(E|u|^3)`. Each second derivative is a difference
    over :math:`\sqrt 3 \sigma_i`, the nodes of Gauss and Hermite.

    Arguments:
        truth: the density ``p``.
        deviations: of the noise, ``(d,)``.

    Returns:
        ``None`` above the plane where the root mean square of ``u`` is beyond :data:`SMALL`.
    """
    deviations = deviations.double()
    return _by_grid(truth, deviations) if truth.dim == 2 else _by_expansion(truth, deviations)


class Asked:
    """What a predicted loss depends on, as a key: cards are not hashable."""

    def __init__(self, task: TaskCard, sigma: float, seed: int, *, white: bool) -> None:
        self.task, self.sigma, self.white = task, sigma, white
        data = task.data
        drawn_by = data.options.get("loader") if data.loader == "contaminated" else data.loader
        self.seed = 0 if drawn_by in FIXED else seed
        self._key = (task.data.model_dump_json(), sigma, self.seed, white)

    def __hash__(self) -> int:
        return hash(self._key)

    def __eq__(self, other: Any) -> bool:
        return isinstance(other, Asked) and self._key == other._key


@lru_cache(maxsize=1024)
def _loss(asked: Asked) -> float | None:
    try:
        truth = true_density(asked.task, asked.seed)
    except EbmbenchError:
        # The loader of a stranger's task need not be at hand where its records are read.
        return None
    if truth is None:
        return None
    rows = truth.sample(20_000, torch.Generator().manual_seed(0)).double()
    if asked.white:
        # The divergence is the same in any coordinates, and in these the noise is isotropic.
        ones = torch.ones(truth.dim, dtype=torch.float64)
        return smoothing_loss(InWhite(truth, rows), asked.sigma * ones)
    return smoothing_loss(truth, asked.sigma * rows.std(0))


class InWhite(Density):
    r"""A density of :math:`u = L^{-1}(x - m)`, with mean and covariance :math:`LL^T` of rows."""

    def __init__(self, inner: Density, rows: Tensor) -> None:
        self.inner = inner
        self.mean = rows.mean(0)
        self.root = torch.linalg.cholesky(torch.cov(rows.T).reshape(inner.dim, inner.dim))

    @property
    def dim(self) -> int:
        """See :class:`~ebmbench.datasets.base.Density`."""
        return self.inner.dim

    def log_prob(self, x: Tensor) -> Tensor:
        """See :class:`~ebmbench.datasets.base.Density`."""
        result: Tensor = self.inner.log_prob(self._outside(x)) + self.root.diagonal().log().sum()
        return result

    def score(self, x: Tensor) -> Tensor:
        """See :class:`~ebmbench.datasets.base.Density`."""
        result: Tensor = self.inner.score(self._outside(x)) @ self.root
        return result

    def sample(self, n: int, generator: torch.Generator) -> Tensor:
        """See :class:`~ebmbench.datasets.base.Density`."""
        x = self.inner.sample(n, generator).double()
        result: Tensor = torch.linalg.solve_triangular(self.root, (x - self.mean).T, upper=False).T
        return result

    def _outside(self, u: Tensor) -> Tensor:
        result: Tensor = self.mean + u.double() @ self.root.T
        return result


def _by_grid(truth: Density, deviations: Tensor) -> float:
    box = square_box(truth)
    margin = TAIL * deviations
    box = Box(box.low - margin, box.high + margin)
    # In pieces: a mixture holds a number for each of its components at every point.
    pieces = torch.split(midpoints(box, (CELLS, CELLS)), PIECE)
    log_p = torch.cat([truth.log_prob(piece) for piece in pieces]).reshape(CELLS, CELLS).numpy()
    mass = np.exp(log_p - log_p.max())
    mass /= mass.sum()
    cells = (deviations / ((box.high - box.low) / CELLS)).tolist()
    smooth = gaussian_filter(mass, cells, mode="constant", truncate=TAIL)
    there = mass > 0
    ratio = np.log(mass[there]) - np.log(np.maximum(smooth[there], 1e-300))
    return max(float((mass[there] * ratio).sum()), 0.0)


def _by_expansion(truth: Density, deviations: Tensor) -> float | None:
    x = truth.sample(ROWS, torch.Generator().manual_seed(0)).double()
    centre = truth.log_prob(x)
    change = torch.zeros(len(x), dtype=torch.float64)
    for k, deviation in enumerate(deviations.tolist()):
        step = torch.zeros(truth.dim, dtype=torch.float64)
        step[k] = 3**0.5 * deviation
        sides = [(truth.log_prob(x + sign * step) - centre).exp() for sign in (1, -1)]
        change += (sides[0] + sides[1] - 2) / 6
    square = float((change * change).mean())
    return 0.5 * square if square <= SMALL**2 else None
