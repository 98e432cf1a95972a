"""Measuring everything that the validation shows, in processes of one thread each."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, TypeVar

from ebmbench.studies.pool import as_they_end
from ebmbench.studies.validation import exchange, paths, trained
from ebmbench.studies.validation.cases import CASES
from ebmbench.studies.validation.exchange import Mixing
from ebmbench.studies.validation.findings import Findings
from ebmbench.studies.validation.paths import Gap
from ebmbench.studies.validation.pieces import Piece
from ebmbench.studies.validation.refusals import REFUSALS, RefusalOutcome, run_refusal
from ebmbench.studies.validation.trained import TrainedModel
from ebmbench.studies.validation.trials import Row, run_row

T = TypeVar("T")


def measure(
    out: Path, workers: int, progress: Callable[[int, int], None] = lambda done, total: None
) -> Findings:
    """Measure everything that is not there yet, the long work first.

    Arguments:
        out: folder in which every piece is kept when it ends, so that a validation that was
            stopped goes on; what other code left there is measured again.
        workers: processes at a time.
        progress: called with the finished and all pieces of work.
    """
    models = [
        Piece(
            f"trained {task} {method}",
            trained.measure_trained,
            (task, method),
            TrainedModel | None,
        )
        for task, method in trained.MODELS
    ]
    rows = [
        Piece(f"row {case.name} {estimator}", run_row, (case.name, estimator), Row)
        for case in CASES.values()
        for estimator in case.repeats
    ]
    gaps = [Piece(f"gaps {name}", paths.measure_gaps, (name,), list[Gap]) for name in paths.MODELS]
    mixing = [
        Piece(f"mixing {name}", exchange.measure_mixing, (name,), list[Mixing])
        for name in exchange.MODELS
    ]
    refusals = [
        Piece(f"refusal {index}", run_refusal, (index,), RefusalOutcome)
        for index in range(len(REFUSALS))
    ]
    found = _run([*models, *reversed(rows), *gaps, *mixing, *refusals], out, workers, progress)
    return Findings(
        rows=[found[piece.name] for piece in rows],
        refusals=[found[piece.name] for piece in refusals],
        gaps=_flat([found[piece.name] for piece in gaps]),
        mixing=_flat([found[piece.name] for piece in mixing]),
        trained=[each for piece in models if (each := found[piece.name]) is not None],
    )


def _run(
    pieces: Sequence[Piece], out: Path, workers: int, progress: Callable[[int, int], None]
) -> dict[str, Any]:
    """Return the outcomes of pieces by name."""
    found: dict[str, Any] = {}
    for piece in pieces:
        there, outcome = piece.kept(out)
        if there:
            found[piece.name] = outcome
    progress(len(found), len(pieces))
    waiting = {piece.name: piece for piece in pieces if piece.name not in found}
    calls = {name: (piece.run, piece.arguments) for name, piece in waiting.items()}
    for name, future in as_they_end(calls, workers):
        found[name] = future.result()
        waiting[name].keep(found[name], out)
        progress(len(found), len(pieces))
    return found


def _flat(lists: list[list[T]]) -> list[T]:
    return [item for items in lists for item in items]
