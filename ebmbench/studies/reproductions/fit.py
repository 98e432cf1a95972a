"""Fitting in the ways of the papers: a stream of fresh batches, or one fixed sample."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.optimize import minimize
from torch import Tensor
from torch.nn.utils import parameters_to_vector, vector_to_parameters

from ebmbench.cardtables import Optimiser
from ebmbench.energies.base import Energy
from ebmbench.objectives.base import Objective, State
from ebmbench.optim import FlatAdam

Draw = Callable[[torch.Generator], Tensor]


@dataclass(frozen=True)
class Fitted:
    """What a fit leaves beside the energy, which is changed in place."""

    state: State
    seconds: float
    """Processor seconds, which other work on the machine hardly changes."""
    evaluations: int
    """Of the loss."""
    diverged: bool


@dataclass(frozen=True)
class EarlyStopping:
    """Stop when a validation loss no longer falls, and go back to where it was lowest."""

    loss: Callable[[], float]
    """Of the energy as it stands."""
    every: int
    """Steps between two looks."""
    patience: int
    """Looks without a new best one after which training stops."""


def fit_stream(
    energy: Energy,
    objective: Objective,
    draw: Draw,
    steps: int,
    *,
    optimiser: Optimiser,
    data: torch.Generator,
    noise: torch.Generator,
    first: Tensor | None = None,
    stop: EarlyStopping | None = None,
) -> Fitted:
    """Train on fresh batches by Adam.

    Arguments:
        energy: the model; ends with its averaged weights, if the optimiser averages.
        objective: the loss.
        draw: returns a batch, ``(b, d)``.
        steps: training steps.
        optimiser: Adam's settings.
        data: source of the batches.
        noise: source of the objective's randomness.
        first: rows that the objective prepares itself on; by default a batch.
        stop: when to stop early; the energy ends with the best weights that were seen.
    """
    state = objective.init(energy, draw(data) if first is None else first, noise)
    adam = FlatAdam(
        [*energy.parameters(), *state.learned.values()],
        optimiser.learning_rate,
        optimiser.betas,
        optimiser.schedule,
        total_steps=steps,
        weight_average=optimiser.weight_average,
    )
    seconds = 0.0
    done = steps
    best, kept, age = math.inf, adam.flat.clone(), 0
    for k in range(steps):
        batch = draw(data)
        begin = time.process_time()
        adam.zero_grad()
        step = objective.loss(energy, batch, state, noise)
        step.loss.backward()  # type: ignore[no-untyped-call]
        adam.step()
        seconds += time.process_time() - begin
        state = step.state
        if k % 100 == 0 and not math.isfinite(float(step.loss.detach())):
            return Fitted(state, seconds, k + 1, diverged=True)
        if stop is not None and (k + 1) % stop.every == 0:
            with adam.averaged():
                value, age = stop.loss(), age + 1
                if value < best:
                    best, kept, age = value, adam.flat.clone(), 0
            if age >= stop.patience:
                done = k + 1
                break
    if stop is None:
        adam.adopt_average()
    else:
        adam.flat.copy_(kept)
    finite = bool(torch.isfinite(adam.flat).all())
    return Fitted(state, seconds, done, diverged=not finite)


def fit_sample(
    energy: Energy, objective: Objective, rows: Tensor, seed: int, *, iterations: int = 500
) -> Fitted:
    """Minimise a loss on all rows at once by L-BFGS, its randomness held fixed.

    Arguments:
        energy: the model, in float64.
        objective: the loss; every evaluation sees the same random numbers.
        rows: the sample, ``(n, d)``.
        seed: of the objective's randomness.
        iterations: at most.
    """
    generator = torch.Generator()
    begin = time.process_time()
    state = objective.init(energy, rows, generator.manual_seed(seed))
    parameters = [*energy.parameters(), *state.learned.values()]

    def loss(values: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
        with torch.no_grad():
            vector_to_parameters(torch.from_numpy(values.copy()), parameters)
        step = objective.loss(energy, rows, state, generator.manual_seed(seed + 1))
        gradients = torch.autograd.grad(step.loss, parameters)
        flat = torch.cat([gradient.flatten() for gradient in gradients])
        return float(step.loss.detach()), flat.numpy()

    start = parameters_to_vector(parameters).detach().numpy()
    options: Any = {"maxiter": iterations, "ftol": 1e-10, "gtol": 1e-7, "maxcor": 20}
    found = minimize(loss, start, jac=True, method="L-BFGS-B", options=options)
    with torch.no_grad():
        vector_to_parameters(torch.from_numpy(found.x), parameters)
    seconds = time.process_time() - begin
    return Fitted(state, seconds, found.nfev, diverged=not np.isfinite(found.fun))
