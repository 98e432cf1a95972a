"""A metric in one registration: its function, unit, direction and meaning.

Importing this module does not import torch. A metric of one's own is a function with a decorator::

    @metric(unit="nats", higher_is_better=False, title="Mean energy", definition="E_p[E(x)].")
    def mean_energy(evaluation):
        return Measurement(-float(test_log_density(evaluation).mean()))

named as ``module:mean_energy`` in a task's card, or by a package through the entry points
``ebmbench.metrics``.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, cast

if TYPE_CHECKING:
    from ebmbench.metrics.base import Evaluation, Measurement

MetricFunction = Callable[["Evaluation"], "Measurement | None"]
"""A metric returns ``None`` where it has no meaning (no truth, no ``log Z`` learned)."""


@dataclass(frozen=True)
class Metric:
    """A number that is measured on a trained energy, and what it means."""

    name: str
    """In records and tables: small letters, digits and underscores."""
    compute: str | MetricFunction
    """The function, or ``module:function`` within :mod:`ebmbench.metrics`."""
    unit: str
    higher_is_better: bool
    title: str
    definition: str
    """One or two sentences with the formula and its source."""

    def __call__(self, evaluation: Evaluation) -> Measurement | None:
        """Compute the metric; ``None`` where it has no meaning."""
        if isinstance(self.compute, str):
            module, _, function = self.compute.partition(":")
            found = getattr(importlib.import_module(f"ebmbench.metrics.{module}"), function)
            return cast(MetricFunction, found)(evaluation)
        return self.compute(evaluation)


def metric(
    *, unit: str, higher_is_better: bool, title: str, definition: str
) -> Callable[[MetricFunction], Metric]:
    """Make a function a metric of the same name.

    Arguments:
        unit: of the number.
        higher_is_better: its direction.
        title: for the head of a table.
        definition: one or two sentences with the formula and its source.
    """

    def register(function: MetricFunction) -> Metric:
        return Metric(function.__name__, function, unit, higher_is_better, title, definition)

    return register
