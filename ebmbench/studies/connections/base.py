"""What a connection is: a quantity that tends to another one as a parameter shrinks."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from ebmbench.studies.connections.setting import Setting


@dataclass(frozen=True)
class Connection:
    """A statement of the tutorial (or of a paper it cites) in the form that is true."""

    id: str
    """T1 and so on."""
    statement: str
    source: str
    """Paper and equation; says where the printed form is wrong."""
    parameter: str
    """The symbol that shrinks, or empty for an identity."""
    order: float | None
    """Predicted order of convergence of the relative error, or ``None`` for an identity."""
    measure: Callable[[Setting, float], tuple[Tensor, Tensor]]
    """Maps a setting and a step to the measured and the predicted value, of equal shape."""
    steps: tuple[float, ...] = (0.2, 0.1, 0.05, 0.025)
    of_gradients: bool = False
    """Whether it is about gradients in the parameters, so that the energy must have some."""


@dataclass(frozen=True)
class ConnectionOutcome:
    """One connection in one setting."""

    connection: Connection
    setting: str
    steps: tuple[float, ...]
    measured: tuple[float, ...]
    """The value, or its norm where it is a vector."""
    predicted: float
    errors: tuple[float, ...]
    """Relative errors ``‖measured − predicted‖ / ‖predicted‖``."""
    order: float | None
    """Measured order: slope of log error over log step between the two smallest steps."""
    holds: bool


IDENTITY_TOLERANCE = 1e-5
ORDER_TOLERANCE = 0.25


def run(connection: Connection, setting: Setting) -> ConnectionOutcome:
    """Measure one connection at its steps and give the verdict.

    A limit holds when the order of convergence, read off the two smallest steps, is at least the
    predicted one less 0.25 and the last error is the smallest. An identity holds when its error
    is below 1e-5, the accuracy of the quadrature.
    """
    steps = connection.steps if connection.order is not None else connection.steps[:1]
    pairs = [connection.measure(setting, step) for step in steps]
    errors = [_relative_error(*pair) for pair in pairs]
    order = None
    if connection.order is None:
        holds = errors[0] < IDENTITY_TOLERANCE
    else:
        order = math.log(errors[-2] / errors[-1]) / math.log(steps[-2] / steps[-1])
        holds = order > connection.order - ORDER_TOLERANCE and errors[-1] == min(errors)
    return ConnectionOutcome(
        connection=connection,
        setting=setting.name,
        steps=tuple(steps),
        measured=tuple(_size(measured) for measured, _ in pairs),
        predicted=_size(pairs[-1][1]),
        errors=tuple(errors),
        order=order,
        holds=holds,
    )


def run_all(
    connections: Sequence[Connection], settings: Sequence[Setting]
) -> list[ConnectionOutcome]:
    """Run every connection in every setting where it has a meaning."""
    return [
        run(connection, setting)
        for connection in connections
        for setting in settings
        if any(True for _ in setting.energy.parameters()) or not connection.of_gradients
    ]


def _size(value: Tensor) -> float:
    return float(value) if value.numel() == 1 else float(torch.linalg.vector_norm(value))


def _relative_error(measured: Tensor, predicted: Tensor) -> float:
    scale = torch.linalg.vector_norm(predicted)
    return float(torch.linalg.vector_norm(measured - predicted) / scale)
