"""``log Z`` of a trained energy, found once per evaluation."""

from __future__ import annotations

from ebmbench.energies.pulled_back import PulledBack
from ebmbench.errors import EbmbenchError
from ebmbench.metrics.base import Evaluation, once
from ebmbench.partition.adaptive import run_adaptive
from ebmbench.partition.ais import AISRun
from ebmbench.partition.base import LogZ
from ebmbench.partition.grid import Grid
from ebmbench.partition.initial import InitialGaussian
from ebmbench.partition.quadrature import quadrature_grid

ROWS_FOR_INITIAL = 50_000
"""Training rows whose moments give the Gaussian where annealing starts, at most."""
SLACK = (5.0, 5.0, 1.0)
"""Multiple of the card's tolerance within which annealing must agree, for ``effort`` 0, 1 and 2: a
laptop's budget certifies nats where the full one certifies tenths."""


def log_z_of(evaluation: Evaluation) -> LogZ:
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
        found, energy = ais_run(evaluation).result, evaluation.energy
        return found.shifted(-energy.map.log_det) if isinstance(energy, PulledBack) else found
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
    """Return ``log Z`` by annealing from a law adapted to the model, in the model's coordinates.

    The chains that adapt it start from training rows and from the Gaussian of their moments. They
    move where the energy was trained; see :func:`log_z_of` for ``log Z`` in the named space.
    """

    def run() -> AISRun:
        energy, rows = evaluation.energy, evaluation.dataset.train[:ROWS_FOR_INITIAL]
        if isinstance(energy, PulledBack):
            rows, energy = energy.map.apply(rows), energy.inner
        initial = InitialGaussian.fitted(energy, rows)
        tolerance = SLACK[evaluation.effort] * evaluation.card.metrics.tolerance
        generator = evaluation.generator("ais")
        return run_adaptive(
            energy,
            generator,
            evaluation.effort,
            tolerance,
            initial=initial,
            rows=rows,
        )

    return once(evaluation, "ais", run)
