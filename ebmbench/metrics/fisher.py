r"""Fisher divergences: exact, after smoothing, and the Hyvärinen score.

.. math:: D_F(p \| p_\theta) = \tfrac12 E_p \|\nabla \log p - \nabla \log p_\theta\|^2
"""

from __future__ import annotations

import math

import torch
from torch import Tensor

from ebmbench.calculus import score_and_laplacian
from ebmbench.metrics.base import Evaluation, Measurement
from ebmbench.metrics.density_tables import MASS_TOLERANCE, data_scale, truth_and_model
from ebmbench.metrics.held_out import test_scores
from ebmbench.partition.base import device_and_dtype
from ebmbench.partition.grid import Grid

LEVELS = (0.25, 0.5, 1.0)
"""Standard deviations of the smoothing, in units of the data's."""
AGREEMENT = 0.01
"""Relative difference between two resolutions that is still certified."""
TRACES = (10_000, 50_000, 500_000)
"""Hessian-vector products that the Hyvärinen score may cost, for ``effort`` 0, 1 and 2."""
LEAST_TRACES = 16
"""Test rows that it looks at in any case."""


def fisher_divergence(evaluation: Evaluation) -> Measurement | None:
    """Return the Fisher divergence over test rows; none without a known true score."""
    truth = evaluation.dataset.truth
    if truth is None:
        return None
    true = truth.score(evaluation.dataset.test.double()).double()
    return _mean(0.5 * (true - test_scores(evaluation)).square().sum(1), "over test rows")


def hyvarinen_score(evaluation: Evaluation) -> Measurement | None:
    """Return ``E[½‖s‖² + ∇·s]`` with the exact trace; none if the energy is not smooth."""
    energy, test = evaluation.energy, evaluation.dataset.test
    if not energy.smooth:
        return None
    n = min(len(test), max(LEAST_TRACES, TRACES[evaluation.effort] // energy.dim))
    order = torch.randperm(len(test), generator=evaluation.generator("hyvarinen rows"))
    device, dtype = device_and_dtype(energy)
    parts = []
    for rows in torch.split(test[order[:n]], max(64, (1 << 17) // energy.dim)):
        s, laplacian = score_and_laplacian(energy, rows.to(device=device, dtype=dtype))
        parts.append((0.5 * s.double().square().sum(1) + laplacian.double()).cpu())
    return _mean(torch.cat(parts), f"exact trace over {n} of {len(test)} test rows")


def smoothed_fisher_divergence(evaluation: Evaluation) -> Measurement | None:
    """Return the Fisher divergence between smoothed densities; none but in 2D with a truth.

    Both densities are tabulated and convolved with a Gaussian by quadrature, axis by axis; all
    terms are positive, so tails keep their relative precision. The table with every second cell in
    each direction must give the same within one per cent.
    """
    tables = truth_and_model(evaluation)
    if tables is None:
        return None
    true, model = tables
    sigmas = [level * data_scale(evaluation) for level in LEVELS]
    values = [smoothed_divergence(true, model, sigma) for sigma in sigmas]
    coarse = [smoothed_divergence(_thinned(true), _thinned(model), sigma) for sigma in sigmas]
    value = sum(values) / len(values)
    change = abs(sum(coarse) / len(coarse) - value)
    lost = abs(math.expm1(true.log_z))
    agree = change <= max(AGREEMENT * value, 1e-4) and lost <= MASS_TOLERANCE
    each = ", ".join(f"{v:.4g} at σ = {s:.3g}" for v, s in zip(values, sigmas, strict=True))
    return Measurement(
        value=value,
        certified=agree,
        note=f"{'' if agree else 'refused: '}twice the cell width changes it by {change:.2g}, the "
        f"true density integrates to one within {lost:.1g}; {each}",
    )


def smoothed_divergence(true: Grid, model: Grid, sigma: float) -> float:
    """Return ``D_F`` between two tabulated densities convolved with ``N(0, σ²I)``.

    Arguments:
        true: the normalised log-density ``log p`` on a 2D grid.
        model: the model's on the same grid, up to a constant.
        sigma: standard deviation of the smoothing.
    """
    kernels = [_kernel(true, axis, sigma) for axis in (0, 1)]
    p, p_scores = _smoothed(true, kernels)
    _, q_scores = _smoothed(model, kernels)
    heavy = p > 1e-14 * p.max()
    difference = (p_scores - q_scores).square().sum(0)
    return float((0.5 * p * difference)[heavy].sum() / p[heavy].sum())


def _kernel(grid: Grid, axis: int, sigma: float) -> tuple[Tensor, Tensor]:
    """Return the matrices of ``N_σ(x_i - x_j)`` and of its derivative in ``x_i``, ``(m, m)``."""
    m, step = grid.log_density.shape[axis], float(grid.steps[axis])
    x = step * torch.arange(m, dtype=torch.float64)
    gap = x[:, None] - x[None, :]
    gauss = (-0.5 * (gap / sigma).square()).exp() / (sigma * math.sqrt(2 * math.pi)) * step
    return gauss, -gap / sigma**2 * gauss


def _smoothed(grid: Grid, kernels: list[tuple[Tensor, Tensor]]) -> tuple[Tensor, Tensor]:
    """Return the smoothed density, ``(m, m)``, and its score, ``(2, m, m)``."""
    density = (grid.log_density - grid.log_density.max()).exp()
    (along_0, slope_0), (along_1, slope_1) = kernels
    rows = density @ along_1.T
    smooth = along_0 @ rows
    gradient = torch.stack([slope_0 @ rows, along_0 @ (density @ slope_1.T)])
    return smooth, gradient / smooth


def _thinned(grid: Grid) -> Grid:
    """Return the grid with every second cell of each axis, so twice the width.

    The remaining points are no longer the midpoints of the box; on a box whose edge is empty the
    rule is as good from any offset, and the offset is the same for both densities.
    """
    return Grid(grid.box, grid.log_density[::2, ::2])


def _mean(rows: Tensor, note: str) -> Measurement:
    stderr = float(rows.std()) / math.sqrt(rows.numel())
    return Measurement(value=float(rows.mean()), stderr=stderr, note=note)
