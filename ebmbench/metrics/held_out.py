"""What a trained energy says of the held-out rows, evaluated once."""

from __future__ import annotations

import torch
from torch import Tensor

from ebmbench.calculus import value_and_score
from ebmbench.energies.base import Energy
from ebmbench.metrics.base import Evaluation, once
from ebmbench.partition.base import device_and_dtype, log_density


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
