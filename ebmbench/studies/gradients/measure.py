r"""Each objective's gradient against the exact gradient of the likelihood.

All are taken at the same parameters: those that exact maximum likelihood passes through. The
exact gradient is :math:`g^* = E_{rows} \nabla_\theta E - E_{p_\theta} \nabla_\theta E`, over all
training rows and by quadrature. From ``m`` minibatch gradients of an objective, of mean
:math:`\bar g`:

- *variance* :math:`V = \operatorname{tr}\operatorname{Cov} g`, the unbiased sample variance;
- *signal* :math:`S = \|\bar g\|^2 - V / m`, unbiased for :math:`\|E g\|^2`;
- *signal to noise* :math:`S / V` of one step, and divided by its network passes;
- *cosine* :math:`\langle \bar g, g^* \rangle / \sqrt{S}\,\|g^*\|` between the expected and the
  exact gradient, not a number where the draws are too few to resolve a signal; and the mean cosine
  of a single one;
- *bias* :math:`\|E g - g^*\| / \|g^*\|`, its square unbiased; of objectives in other units than
  the likelihood (all but the maximum-likelihood family) after the best scale, so that it is the
  sine of the angle.

What only moves the energy by a constant is left out, since no density sees it. NCE is given the
exact ``log Z``. Objectives with a memory (chains, step sizes) first see :data:`WARM` batches.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from ebmbench import catalog
from ebmbench.calculus import count_evaluations
from ebmbench.cards import MethodCard, TaskCard
from ebmbench.cardtables import Budget
from ebmbench.datasets.base import Dataset
from ebmbench.energies.base import Energy
from ebmbench.errors import EbmbenchError
from ebmbench.harness.build import Streams, make_energy, make_objective
from ebmbench.harness.coordinates import training_view
from ebmbench.harness.training import train
from ebmbench.objectives.base import Objective, State
from ebmbench.records import network_passes
from ebmbench.seeds import derive_seed, generator
from ebmbench.studies.gradients.exact import exact_gradient, parameter_gradient
from ebmbench.studies.gradients.statistics import statistics

WARM = 100


@dataclass(frozen=True)
class Comparison:
    """One objective at one point of the training run."""

    method: str
    family: str
    step: int
    """Steps of exact maximum likelihood before it."""
    cosine: float
    cosine_of_one: float
    bias: float
    signal_to_noise: float
    passes: float
    """Network passes per example (:func:`ebmbench.records.network_passes`)."""

    @property
    def signal_to_noise_per_pass(self) -> float:
        """Signal to noise for a unit of compute."""
        return self.signal_to_noise / self.passes


def compare_gradients(
    task: TaskCard,
    dataset: Dataset,
    methods: Sequence[MethodCard],
    budget: Budget,
    *,
    checkpoints: int = 4,
    draws: int = 256,
    seed: int = 0,
) -> Iterator[Comparison]:
    """Compare the objectives at several points of a run of exact maximum likelihood.

    Arguments:
        task: of at most three dimensions.
        dataset: its rows.
        methods: cards with an objective.
        budget: steps of the run, and the batch of every gradient.
        checkpoints: how many points, from the start to the end, evenly in the logarithm of steps.
        draws: minibatch gradients of each objective at each point.
        seed: of the start, the batches and all noise.

    Raises:
        EbmbenchError: more than three dimensions; or a method without an objective.
    """
    for method in methods:
        if method.objective is None:
            raise EbmbenchError(f"method {method.name!r} is a reference and has no gradient")
    energy, dataset = training_view(make_energy(task, dataset, seed), dataset)
    if energy.dim > 3:
        raise EbmbenchError(
            f"task {task.name!r} has {energy.dim} dimensions; the exact gradient needs at most 3"
        )
    done = 0
    for step in _checkpoints(budget.steps, checkpoints):
        if step > done:
            _follow_the_likelihood(
                energy, task, dataset, budget, steps=step - done, seed=seed + done
            )
            done = step
        exact, log_z = exact_gradient(energy, dataset.train)
        for method in methods:
            objective = make_objective(method.for_task(task.name))
            noise = _stream(task, seed, f"{method.name} at {step}")
            gradients, passes = _draw(
                energy,
                objective,
                dataset.train,
                budget.batch,
                draws=draws,
                log_z=log_z,
                noise=noise,
            )
            in_units = method.family == "maximum likelihood"
            yield Comparison(
                method=method.name,
                family=method.family,
                step=step,
                passes=passes,
                **statistics(gradients, exact, in_units),
            )


def _draw(
    energy: Energy,
    objective: Objective,
    rows: Tensor,
    batch: int,
    *,
    draws: int,
    log_z: float,
    noise: torch.Generator,
) -> tuple[Tensor, float]:
    """Return minibatch gradients, ``(draws, k)``, and the passes of one per example."""
    state = objective.init(energy, rows, noise)
    with torch.no_grad():
        for name, parameter in state.learned.items():
            if name == "log_z":
                parameter.fill_(log_z)

    def minibatch() -> Tensor:
        return rows[torch.randint(len(rows), (batch,), generator=noise)]

    for _ in range(WARM if state != State() else 0):
        state = objective.loss(energy, minibatch(), state, noise).state
    gradients = []
    with count_evaluations() as counts:
        for _ in range(draws):
            step = objective.loss(energy, minibatch(), state, noise)
            gradients.append(parameter_gradient(energy, step.loss))
            state = step.state
    passes = network_passes(counts.energy, counts.score, counts.hvp, counts.auxiliary)
    return torch.stack(gradients), passes / (draws * batch)


def _follow_the_likelihood(
    energy: Energy, task: TaskCard, dataset: Dataset, budget: Budget, *, steps: int, seed: int
) -> None:
    """Train in place by the oracle at a constant rate; Adam starts anew at every checkpoint."""
    card = catalog.methods()["mle-exact"].for_task(task.name)
    oracle = make_objective(card)
    constant = {"schedule": "constant", "weight_average": 0.0}
    noise = _stream(task, seed, "oracle")
    train(
        energy,
        oracle,
        oracle.init(energy, dataset.train, noise),
        dataset,
        card=task,
        budget=budget.model_copy(update={"steps": steps}),
        optimiser=card.optimiser.model_copy(update=constant),
        streams=Streams(
            _stream(task, seed, "batches"),
            noise,
            derive_seed(task.name, seed, "gradients: validation"),
        ),
        selection="last",
    )


def _checkpoints(steps: int, count: int) -> list[int]:
    """Return step zero and ``count - 1`` more up to ``steps``, evenly in the logarithm."""
    if count < 3:
        return [0, steps][:count]
    later = torch.logspace(min(1, math.log10(steps)), math.log10(steps), count - 1)
    return sorted({0, *later.round().long().tolist()})


def _stream(task: TaskCard, seed: int, purpose: str) -> torch.Generator:
    return generator(task.name, seed, f"gradients: {purpose}")
