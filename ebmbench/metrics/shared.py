"""Work that several metrics use, done once per evaluation."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import TypeVar, cast

import torch
from torch import Tensor

from ebmbench.calculus import value_and_score
from ebmbench.energies.base import Energy
from ebmbench.errors import EbmbenchError
from ebmbench.metrics.base import Evaluation
from ebmbench.partition.ais import AISRun, run_ais
from ebmbench.partition.base import LogZ, device_and_dtype, log_density
from ebmbench.partition.initial import InitialGaussian
from ebmbench.partition.quadrature import Box, Grid, midpoints, quadrature_grid, tabulate
from ebmbench.partition.sampling import Samples, from_grid, model_samples, tempered_samples

T = TypeVar("T")

SAMPLES = (500, 2000, 10_000)
"""Model samples for ``effort`` 0, 1 and 2."""
ROWS_FOR_LAW = 50_000
SLACK = (5.0, 5.0, 1.0)
"""Multiple of the card's tolerance within which annealing must agree, for ``effort`` 0, 1 and 2: a
laptop's budget certifies nats where the full one certifies tenths."""


def once(evaluation: Evaluation, name: str, compute: Callable[[], T]) -> T:
    """Return what ``compute`` gave the first time it was asked for under ``name``."""
    if name not in evaluation.shared:
        evaluation.shared[name] = compute()
    return cast(T, evaluation.shared[name])


def test_log_density(evaluation: Evaluation) -> Tensor:
    """Return ``-E`` of the test rows, ``(n,)``, in float64."""
    return once(
        evaluation,
        "test_log_density",
        lambda: log_density(evaluation.energy, evaluation.dataset.test),
    )


def test_scores(evaluation: Evaluation) -> Tensor:
    """Return the model's scores at the test rows, ``(n, d)``, in float64."""
    return once(
        evaluation, "test_scores", lambda: scores(evaluation.energy, evaluation.dataset.test)
    )


def scores(energy: Energy, x: Tensor, chunk: int = 8192) -> Tensor:
    """Return the scores at ``x``, ``(n, d)``, in float64, computed in chunks of rows."""
    device, dtype = device_and_dtype(energy)
    return torch.cat(
        [
            value_and_score(energy, rows.to(device=device, dtype=dtype))[1].double().cpu()
            for rows in torch.split(x, chunk)
        ]
    )


def log_z(evaluation: Evaluation) -> LogZ:
    """Return ``log Z``: exact where the energy knows it, else as the task's card says.

    Raises:
        EbmbenchError: the card says ``exact`` and the energy does not know it.
    """
    return once(evaluation, "log_z", lambda: _log_z(evaluation))


def _log_z(evaluation: Evaluation) -> LogZ:
    exact = evaluation.energy.log_z()
    if exact is not None:
        known = float(exact.detach())
        return LogZ(known, 0.0, known, known, note="log Z is known in closed form")
    how = evaluation.card.metrics.log_z
    if how == "quadrature":
        return _quadrature(evaluation)[0]
    if how == "ais":
        return ais_run(evaluation).result
    raise EbmbenchError(
        f"task {evaluation.card.name!r}: metrics.log_z is 'exact' but the energy does not know "
        "its log Z; allowed: quadrature (up to three dimensions), ais"
    )


def model_grid(evaluation: Evaluation) -> Grid:
    """Return the model's log-density on the grid of the quadrature (up to three dimensions)."""
    return _quadrature(evaluation)[1]


def _quadrature(evaluation: Evaluation) -> tuple[LogZ, Grid]:
    return once(evaluation, "quadrature", lambda: quadrature_grid(evaluation.energy))


def ais_run(evaluation: Evaluation) -> AISRun:
    """Return ``log Z`` by annealing that starts at the Gaussian of the training rows."""

    def run() -> AISRun:
        rows = evaluation.dataset.train[:ROWS_FOR_LAW]
        initial = InitialGaussian.fitted(evaluation.energy, rows)
        tolerance = SLACK[evaluation.effort] * evaluation.card.metrics.tolerance
        generator = evaluation.generator("ais")
        return run_ais(evaluation.energy, generator, evaluation.effort, tolerance, initial)

    return once(evaluation, "ais", run)


def samples(evaluation: Evaluation) -> Samples:
    """Return model samples by the evaluation sampler."""

    def draw() -> Samples:
        n, generator = SAMPLES[evaluation.effort], evaluation.generator("model samples")
        energy, how = evaluation.energy, evaluation.card.metrics.log_z
        if energy.log_z() is None and how == "quadrature":
            return from_grid(model_grid(evaluation), n, generator)
        if energy.log_z() is None and how == "ais":
            run = ais_run(evaluation)
            return tempered_samples(energy, run.initial, run.path, n, generator, evaluation.effort)
        return model_samples(energy, n, generator, evaluation.effort)

    return once(evaluation, "samples", draw)


def held_out(evaluation: Evaluation) -> Tensor:
    """Return as many test rows as there are model samples, in float64, in random order."""
    test = evaluation.dataset.test
    order = torch.randperm(len(test), generator=evaluation.generator("held-out rows"))
    return test[order[: SAMPLES[evaluation.effort]]].double()


def counts(drawn: Samples, rows: Tensor) -> str:
    """Say how many points are compared, and how the model's were drawn."""
    return f"{len(drawn.x)} model samples, {len(rows)} test rows; {drawn.how}"


TABLE_CELLS = (192, 320, 512)
"""Cells per axis of the table of both densities, for ``effort`` 0, 1 and 2."""


MASS_TOLERANCE = 1e-3
"""Mass that the table of the true density may miss before numbers from it are refused."""


def truth_and_model(evaluation: Evaluation) -> tuple[Grid, Grid] | None:
    """Return the true and the model's log-density on one grid; ``None`` but in 2D with a truth.

    The box holds all rows and a margin of four root mean square deviations of the data. The true
    density is normalised; the model's is normalised by its ``log Z``.
    """
    truth = evaluation.dataset.truth
    if truth is None or evaluation.energy.dim != 2:
        return None

    def table() -> tuple[Grid, Grid]:
        data = evaluation.dataset
        rows = torch.cat([data.train, data.validation, data.test]).double()
        low, high, scale = rows.amin(0), rows.amax(0), data_scale(evaluation)
        box = Box(low - 4 * scale, high + 4 * scale)
        cells = TABLE_CELLS[evaluation.effort]
        model = tabulate(evaluation.energy, box, cells)
        points = midpoints(box, (cells, cells))
        # a true density can be costly; away from all rows it is nothing, which its total confirms
        near = ((points > low - 2 * scale) & (points < high + 2 * scale)).all(1)
        true = torch.full((len(points),), -math.inf, dtype=torch.float64)
        true[near] = truth.log_prob(points[near]).double()
        true = true.reshape(cells, cells)
        return Grid(box, true), Grid(box, model.log_density - log_z(evaluation).log_z)

    return once(evaluation, "truth_and_model", table)


def data_scale(evaluation: Evaluation) -> float:
    """Return the root mean square deviation of the training rows over coordinates."""
    return float(evaluation.dataset.train.double().var(0).mean().sqrt())
