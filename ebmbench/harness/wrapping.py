"""Making an energy of a model of one's own, which is looked at first: shape, precision, gradient.

What is tried is a copy in evaluation mode, so that no buffer, gradient or mode of the caller's
model changes.
"""

from __future__ import annotations

import copy

import numpy as np
import torch
from torch import Tensor, nn

from ebmbench.calculus import hvp, value_and_score
from ebmbench.datasets.base import Dataset
from ebmbench.datasets.own_rows import Rows, read_rows
from ebmbench.datasets.rows import refuse_bad_rows
from ebmbench.energies.base import Energy
from ebmbench.energies.gaussian import Gaussian
from ebmbench.energies.wrapped import PRECISIONS, Model, WrappedEnergy
from ebmbench.errors import EbmbenchError, first_line
from ebmbench.partition.base import log_density
from ebmbench.seeds import generator

LOOKED_AT = 256
"""Rows on which derivatives are tried."""
ALONE = 1e-3
"""Share of the largest energy by which a row's may change with the rest of its batch: rounding of
another order of sums stays far below."""
STRETCH = 0.25
"""Length of the lines on which the second derivative is tried, in deviations of the rows."""
NODES = 8
"""Of Gauss and Legendre's rule on such a line."""
BENT = 0.02
"""Share of the change of a slope that the second derivative may fail to explain."""


def wrap(model: Model, rows: Rows, log_density: bool = False) -> Energy:
    """Make an energy of a model of one's own.

    The energy takes part in everything that needs no known ``log Z`` and no closed form; whether
    it is twice differentiable is measured. A module becomes a part of it and is trained in place.

    Arguments:
        model: a torch module or another callable from points ``(n, d)`` to ``(n,)`` or
            ``(n, 1)``, in float32 or float64. An :class:`~ebmbench.energies.base.Energy` comes
            back as it is.
        rows: ``(n, d)`` rows that it is a model of; the reference is their Gaussian, with all
            correlations. Those of a :class:`~ebmbench.datasets.base.Dataset` are for training.
        log_density: whether the model returns log-densities (normalised or not), not energies.

    Raises:
        EbmbenchError: the model returns no finite number for each row, has no gradient, mixes
            rows or draws random numbers, or computes in half precision; or the rows are bad.
    """
    train = rows.train if isinstance(rows, Dataset) else read_rows(rows, "train")[0]
    if isinstance(model, Energy):
        if log_density:
            raise EbmbenchError("log_density is True for an energy, allowed: False")
        refuse_width(model, train)
        return model
    if not callable(model):
        raise EbmbenchError(
            f"the model is a {type(model).__name__}, allowed: a torch module or another callable "
            "from (n, d) to (n,)"
        )
    refuse_bad_rows(Dataset(train, train, train), "the rows given")
    found = copied(model)
    if isinstance(found, nn.Module):
        found.eval()
    reference, smooth = _tried(found, Gaussian.fitted(train.double()), train, log_density)
    return WrappedEnergy(model, reference, log_density, smooth)


def copied(model: Model) -> Model:
    """Return a copy with weights of its own; a function has none and stays what it is.

    Raises:
        EbmbenchError: it cannot be copied.
    """
    try:
        return copy.deepcopy(model)
    except Exception as error:
        raise EbmbenchError(
            f"the model cannot be copied ({first_line(error)}), allowed: what `copy.deepcopy` "
            "takes; what it computed is no part of it"
        ) from error


def refuse_width(energy: Energy, rows: Tensor) -> None:
    """Check that rows are points of an energy.

    Raises:
        EbmbenchError: they have another number of columns.
    """
    if energy.dim != rows.shape[1]:
        raise EbmbenchError(
            f"the model takes points of {energy.dim} numbers, but a row has {rows.shape[1]}"
        )


def refuse_values(energy: Energy, rows: Tensor, who: str) -> None:
    """Check that a model is finite on rows.

    Raises:
        EbmbenchError: it is not.
    """
    values = -log_density(energy, rows)
    wrong = (~torch.isfinite(values)).nonzero()
    if len(wrong):
        row = int(wrong[0])
        raise EbmbenchError(
            f"the model has the energy {float(values[row])} at {who} row {row + 1} of "
            f"{len(rows)}, allowed: finite numbers"
        )


def _tried(
    model: Model, gaussian: Gaussian, train: Tensor, log_density: bool
) -> tuple[Gaussian, bool]:
    """Return the reference where the model computes, and whether it is twice differentiable."""
    device, precision = _home(model)
    choices = PRECISIONS if precision is None else (precision,)
    for dtype in choices:
        reference = gaussian.to(torch.empty(0, dtype=dtype, device=device))
        energy = WrappedEnergy(model, reference, log_density)
        try:
            refuse_values(energy, train, "train")
            break
        except EbmbenchError as error:
            # A function that closes over tensors takes points in their precision alone.
            if dtype is choices[-1] or not isinstance(error.__cause__, RuntimeError):
                raise
    order = torch.randperm(len(train), generator=generator("wrapped"))[:LOOKED_AT]
    few = train[order].to(device=device, dtype=dtype)
    _refuse_company(energy, few)
    _refuse_flat(energy, few)
    return reference, _is_smooth(energy, few)


def _home(model: Model) -> tuple[torch.device, torch.dtype | None]:
    """Return where a model computes, and in which precision, as far as its tensors say.

    Raises:
        EbmbenchError: they are in half precision, or in several.
    """
    if not isinstance(model, nn.Module):
        return torch.device("cpu"), None
    tensors = [t for t in (*model.parameters(), *model.buffers()) if t.is_floating_point()]
    found = sorted({str(t.dtype) for t in tensors})
    if len(found) > 1 or (tensors and tensors[0].dtype not in PRECISIONS):
        raise EbmbenchError(
            f"the model has weights in {' and '.join(found)}, allowed: all in torch.float32 or "
            "all in torch.float64; `copy.deepcopy(model).float()` is such a copy"
        )
    if not tensors:
        return torch.device("cpu"), None
    return tensors[0].device, tensors[0].dtype


def _refuse_company(energy: Energy, x: Tensor) -> None:
    """Check that the energy of a point depends on nothing but the point."""
    with torch.no_grad():
        together, again = energy(x), energy(x)
        some = torch.cat([energy(x[:1]), energy(x[1:8])])
    slack = ALONE * float(together.abs().max().clamp_min(1.0))
    if float((together - again).abs().max()) > slack:
        raise EbmbenchError(
            "the model gives a point another energy each time, allowed: no random numbers"
        )
    if float((together[:8] - some).abs().max()) > slack:
        raise EbmbenchError(
            "the model gives a point another energy among other points, allowed: an energy that "
            "depends on the point alone"
        )


def _refuse_flat(energy: Energy, x: Tensor) -> None:
    """Check that the energy has a gradient in the point, and a finite one."""
    try:
        _, score = value_and_score(energy, x)
    except RuntimeError as error:
        raise EbmbenchError(
            f"the model has no gradient in its points ({first_line(error)}), allowed: torch "
            "operations on the points, not within no_grad, detached or in NumPy"
        ) from error
    if not bool(torch.isfinite(score).all()):
        row = int((~torch.isfinite(score)).any(1).nonzero()[0])
        raise EbmbenchError(
            f"the model has the gradient {score[row].tolist()[:3]} at the train row "
            f"{x[row].tolist()[:3]}, allowed: finite numbers"
        )


def _is_smooth(energy: Energy, x: Tensor) -> bool:
    """Measure whether the second derivative explains how the score changes along short lines.

    Where a network bends at edges (ReLU) it does not: what is lost at the edges is most of the
    curvature. A score matching loss would be of another density than the energy's.
    """
    random = generator("wrapped", "lines", device=x.device)
    v = torch.randn(x.shape, generator=random, dtype=x.dtype, device=x.device)
    v = STRETCH * x.std(0) * v / v.norm(dim=1, keepdim=True) * x.shape[1] ** 0.5
    nodes, weights = np.polynomial.legendre.leggauss(NODES)
    try:
        explained = torch.zeros_like(x[:, 0])
        for node, weight in zip(nodes, weights, strict=True):
            at = x + 0.5 * (1 + float(node)) * v
            explained += 0.5 * float(weight) * (hvp(energy, at, v) * v).sum(1)
        ends = [value_and_score(energy, end)[1] for end in (x + v, x)]
    except RuntimeError:
        # The gradient has no graph that leads to the points.
        return False
    change = ((ends[0] - ends[1]) * v).sum(1)
    left = float((change - explained).double().square().mean().sqrt())
    return left <= BENT * float(change.double().square().mean().sqrt()) + 1e-6
