"""``log Z`` of a trained energy, found once per evaluation."""

from __future__ import annotations

from ebmbench.energies.conditional import ConditionalEnergy
from ebmbench.energies.coordinates import Coordinates
from ebmbench.energies.pulled_back import PulledBack
from ebmbench.errors import EbmbenchError
from ebmbench.metrics.base import Evaluation, once
from ebmbench.partition.adaptive import run_adaptive
from ebmbench.partition.ais import AISRun
from ebmbench.partition.base import LogZ
from ebmbench.partition.grid import Grid
from ebmbench.partition.initial import InitialGaussian
from ebmbench.partition.ladder import ladder_log_z
from ebmbench.partition.quadrature import quadrature_grid

ROWS_FOR_INITIAL = 50_000
"""Training rows whose moments give the Gaussian where annealing starts, at most."""
CHAINS = 0.02
"""The least tolerance of chains where the card's own is that of a quadrature."""
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
    ordinary = ordinary_log_z(evaluation)
    if ordinary.certified or levels_of(evaluation) is None:
        return ordinary
    down = ladder_log_z_of(evaluation)
    # What chains by the ordinary way found is there, whatever others did not find.
    missed = down.lower is None or ordinary.lower is None or down.log_z < ordinary.lower
    return ordinary if missed or not down.certified else down


def ordinary_log_z(evaluation: Evaluation) -> LogZ:
    """Return ``log Z`` as the task's card says, whatever else the energy makes possible.

    Raises:
        EbmbenchError: the card says ``exact`` and the energy does not know it.
    """
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


def levels_of(evaluation: Evaluation) -> tuple[ConditionalEnergy, Coordinates | None] | None:
    """Return the energy of many levels, and the coordinates in which it lives; or ``None``."""
    energy = evaluation.energy
    if isinstance(energy, PulledBack) and isinstance(energy.inner, ConditionalEnergy):
        return energy.inner, energy.map
    return (energy, None) if isinstance(energy, ConditionalEnergy) else None


def ladder_log_z_of(evaluation: Evaluation) -> LogZ:
    """Return ``log Z`` of the lowest level down the ladder of an energy of many.

    Raises:
        EbmbenchError: it has no levels.
    """
    found = levels_of(evaluation)
    if found is None:
        raise EbmbenchError(f"energy {type(evaluation.energy).__name__} has no noise levels")
    energy, coordinates = found

    def down() -> LogZ:
        estimate = ladder_log_z(
            energy, evaluation.generator("ladder"), evaluation.effort, _tolerance(evaluation)
        )
        return estimate if coordinates is None else estimate.shifted(-coordinates.log_det)

    return once(evaluation, "ladder", down)


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
            rows, energy = energy.map.on_cpu().apply(rows), energy.inner
        initial = InitialGaussian.fitted(energy, rows)
        tolerance = _tolerance(evaluation)
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


def _tolerance(evaluation: Evaluation) -> float:
    """Return within how many nats chains must agree; a card for quadrature asks too much."""
    asked = evaluation.card.metrics.tolerance
    if evaluation.card.metrics.log_z != "ais":
        asked = max(asked, CHAINS)
    return SLACK[evaluation.effort] * asked
