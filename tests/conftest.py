"""Parts of records made by hand."""

from __future__ import annotations

import pytest

from ebmbench.records import RunCost


@pytest.fixture
def cost() -> RunCost:
    """Return the cost of a run of ten steps."""
    return RunCost(
        train_seconds=2.0,
        steps=10,
        step_ms_median=2.0,
        step_ms_iqr=0.1,
        energy_evaluations=1.0,
        score_evaluations=2.0,
        hvp_evaluations=0.5,
        evaluation_seconds=0.1,
        setup_seconds=0.1,
        data_seconds=0.1,
    )
