"""Finding metrics: ours, those of installed packages, and those that a card names."""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path

from ebmbench.errors import EbmbenchError
from ebmbench.metrics.built_in import BUILT_IN
from ebmbench.metrics.registration import Metric
from ebmbench.registry import Registry

METRICS: Registry[Metric] = Registry(
    "metric",
    {name: f"ebmbench.metrics.built_in:BUILT_IN.{name}" for name in BUILT_IN},
    "ebmbench.metrics",
)


def metric_names() -> list[str]:
    """Return all short names: ours in the order of tables, then those of plug-ins."""
    return [*BUILT_IN, *(name for name in METRICS if name not in BUILT_IN)]


def find_metric(name: str, beside: Path | None = None) -> Metric:
    """Return a metric by its short name or as ``module:attribute``.

    Arguments:
        name: as a task's card has it.
        beside: the folder of the card, where a module is looked for first.

    Raises:
        EbmbenchError: there is no such metric, or what the name stands for is none.
    """
    found = METRICS.get(name, beside)
    if not isinstance(found, Metric):
        raise EbmbenchError(
            f"metric {name!r} is a {type(found).__name__}, allowed: a function decorated with "
            "ebmbench.metrics.metric, which gives it unit, direction and meaning"
        )
    if not re.fullmatch(r"[a-z][a-z0-9_]{0,59}", found.name):
        raise EbmbenchError(
            f"metric {name!r} has the name {found.name!r}, allowed: small letters, digits and "
            "underscores, at most 60"
        )
    if ":" in name and found.name in BUILT_IN:
        raise EbmbenchError(f"metric {name!r} takes the name of the metric {found.name!r}")
    return found


def find_metrics(names: Iterable[str], beside: Path | None = None) -> list[Metric]:
    """Return the metrics of a card.

    Raises:
        EbmbenchError: as :func:`find_metric`, or two of them have one name.
    """
    found: dict[str, Metric] = {}
    for name in names:
        metric = find_metric(name, beside)
        if metric.name in found:
            raise EbmbenchError(f"metric {metric.name!r} is named twice")
        found[metric.name] = metric
    return list(found.values())
