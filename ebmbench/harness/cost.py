"""What a run cost: wall-clock time, memory, evaluations, and whether it was alone."""

from __future__ import annotations

from collections.abc import Callable

import torch

from ebmbench.harness.memory import ProcessPeak, allocator_peak
from ebmbench.harness.other_work import OtherWork
from ebmbench.harness.training import Training
from ebmbench.records import RunCost


class Meter:
    """Watches a fit from its construction to :meth:`stop`.

    Arguments:
        data_seconds: spent before on reading rows.
        setup_seconds: spent before on building the energy and the objective's state.
    """

    def __init__(self, data_seconds: float, setup_seconds: float = 0.0) -> None:
        self._data_seconds = data_seconds
        self._setup_seconds = setup_seconds
        self._others = OtherWork()
        self._peak = ProcessPeak()
        self._peak_bytes: int | None = None
        self._other_cores = 0.0

    def stop(self) -> None:
        """End the watch; what follows is not part of the cost."""
        self._peak_bytes = self._peak.bytes()
        self._other_cores = self._others.cores()

    def of_training(
        self, training: Training, rehearsal: Callable[[], None], device: str
    ) -> RunCost:
        """Return the cost of a training by steps.

        Arguments:
            training: what the loop measured.
            rehearsal: a step that changes nothing, on which the allocator's peak is measured.
            device: where training ran.
        """
        milliseconds = 1e3 * training.step_seconds
        quartiles = torch.quantile(milliseconds, torch.tensor([0.25, 0.5, 0.75]).double())
        return RunCost(
            train_seconds=float(training.step_seconds.sum()),
            steps=len(training.step_seconds),
            step_ms_median=float(quartiles[1]),
            step_ms_iqr=float(quartiles[2] - quartiles[0]),
            allocator_peak_bytes=allocator_peak(rehearsal, device),
            process_peak_bytes=self._peak_bytes,
            energy_evaluations=training.energy_evaluations,
            score_evaluations=training.score_evaluations,
            hvp_evaluations=training.hvp_evaluations,
            auxiliary_evaluations=training.auxiliary_evaluations,
            evaluation_seconds=training.curve_seconds,
            selection_seconds=training.selection_seconds,
            setup_seconds=self._setup_seconds,
            data_seconds=self._data_seconds,
            other_cores=self._other_cores,
            resumed=training.resumed,
        )

    def of_fit(self, seconds: float) -> RunCost:
        """Return the cost of a reference, which is fitted at once.

        Arguments:
            seconds: what the fit took.
        """
        return RunCost(
            train_seconds=seconds,
            steps=1,
            step_ms_median=1e3 * seconds,
            step_ms_iqr=0.0,
            process_peak_bytes=self._peak_bytes,
            energy_evaluations=0.0,
            score_evaluations=0.0,
            hvp_evaluations=0.0,
            evaluation_seconds=0.0,
            setup_seconds=self._setup_seconds,
            data_seconds=self._data_seconds,
            other_cores=self._other_cores,
        )
