"""The training loop: the same for every objective, and timed without anything around it."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

from ebmbench.calculus import count_evaluations
from ebmbench.cards import Selection, TaskCard
from ebmbench.cardtables import Budget, Optimiser
from ebmbench.datasets.base import Dataset
from ebmbench.energies.base import Energy
from ebmbench.harness.build import Streams
from ebmbench.harness.checkpoint import Checkpoint
from ebmbench.harness.marks import OwnLoss, mark_steps
from ebmbench.harness.selection import LowestLoss, WeightSet
from ebmbench.harness.shown import training_html, training_words
from ebmbench.harness.tally import Tally
from ebmbench.metrics.likelihood import cheap_log_likelihood
from ebmbench.numerics import synchronise
from ebmbench.objectives.base import Objective, State
from ebmbench.optim import FlatAdam
from ebmbench.records import CurvePoint

VALIDATION_ROWS = 2000
"""Rows of the validation split of which the learning curve has the likelihood."""
CHECK_EVERY = 50
"""Steps between two looks at the loss."""


@dataclass(frozen=True, repr=False)
class Training:
    """What training leaves behind; the energy is changed in place and has the selected weights."""

    state: State
    """Of the objective after the last step, what it learned beside the energy as selected."""
    selected: WeightSet
    """Of the lowest own validation loss; those of ``last`` where nothing else was chosen."""
    last: WeightSet
    """After the last step."""
    curve: list[CurvePoint]
    diverged: str
    """Why training was stopped, or empty."""
    step_seconds: Tensor
    """Wall-clock seconds of each step, ``(steps,)``."""
    curve_seconds: float
    """Spent on the likelihoods of the learning curve, which nothing depends on."""
    selection_seconds: float
    """Spent on the objective's loss of validation rows."""
    energy_evaluations: float
    """Per training example and step, counted."""
    score_evaluations: float
    hvp_evaluations: float
    auxiliary_evaluations: float
    resumed: int = 0
    """Times that it went on from the state of a killed run."""

    def __repr__(self) -> str:
        return f"Training({'; '.join(training_words(self.curve, self.selected, self.last))})"

    def _repr_html_(self) -> str:
        return training_html(self.curve, training_words(self.curve, self.selected, self.last))


def train(
    energy: Energy,
    objective: Objective,
    state: State,
    dataset: Dataset,
    *,
    card: TaskCard,
    budget: Budget,
    optimiser: Optimiser,
    streams: Streams,
    selection: Selection = "own-loss",
    progress: Callable[[int, int], None] = lambda step, total: None,
    checkpoint: Checkpoint | None = None,
) -> Training:
    """Fit an energy, in place.

    Arguments:
        energy: the model on its device; changed in place.
        objective: the loss.
        state: what the objective prepared (:meth:`Objective.init`).
        dataset: the rows.
        card: the task, which says how the learning curve gets its likelihood.
        budget: steps and batch.
        optimiser: Adam's settings.
        streams: sources of the row numbers (the same for every method) and of the objective's
            randomness, the latter on the device of the energy.
        selection: which weights the energy ends with.
        progress: called now and then with the step and the total.
        checkpoint: where the training is kept, and what it goes on from if there is something.
    """
    batches, noise = streams.batches, streams.noise
    rows = dataset.train.to(noise.device)
    learned = list(state.learned.values())
    adam = FlatAdam(
        list(energy.parameters()),
        optimiser.learning_rate,
        optimiser.betas,
        optimiser.schedule,
        total_steps=budget.steps,
        weight_average=optimiser.weight_average,
        weight_decay=optimiser.weight_decay,
        clip_norm=optimiser.clip_norm,
        learned=learned,
    )
    marks = mark_steps(budget.steps)
    # By quadrature a likelihood takes as long as ten or twenty steps; nothing depends on it.
    likelihood_marks = set(marks[::-2])
    lowest = LowestLoss(adam)
    own_loss = None
    if objective.validates:
        validation = dataset.validation.to(noise.device)
        own_loss = OwnLoss(objective, validation, budget, streams.validation_seed)
    tally = Tally.start(budget.steps, rows.device)
    diverged = ""

    def carried() -> dict[str, object]:
        return {
            "state": state,
            "batches": batches,
            "noise": noise,
            "buffers": dict(energy.named_buffers()),
            "adam": adam.carried(),
            "lowest": lowest.carried(),
            "tally": tally.carried(),
        }

    checkpoint = Checkpoint() if checkpoint is None else checkpoint
    found = checkpoint.read(carried(), learned)
    if found is not None:
        state = found["state"]
        for name, buffer in energy.named_buffers():
            buffer.copy_(found["buffers"][name])
        adam.carry_on(found["adam"])
        lowest.carry_on(found["lowest"])
        tally = Tally.of(found["tally"])
    for step in range(tally.step + 1, budget.steps + 1):
        tally.step = step
        start = time.perf_counter()
        index = torch.randint(len(rows), (budget.batch,), generator=batches)
        adam.zero_grad()
        with count_evaluations(tally.counts):
            outcome = objective.loss(energy, rows[index.to(rows.device)], state, noise)
        outcome.loss.backward()  # type: ignore[no-untyped-call]
        adam.step()
        state = outcome.state
        tally.loss += outcome.loss.detach()
        synchronise(rows.device)
        tally.seconds[step - 1] = time.perf_counter() - start
        tally.since += 1
        if step in marks or step % CHECK_EVERY == 0:
            progress(step, budget.steps)
            if not bool(torch.isfinite(tally.loss)):
                diverged = f"the loss is not finite by step {step}"
                break
        if step in marks:
            with adam.averaged():
                start = time.perf_counter()
                validation_loss = None if own_loss is None else own_loss(energy, state)
                if validation_loss is not None:
                    lowest.see(step, validation_loss)
                tally.selection_seconds += time.perf_counter() - start
                start = time.perf_counter()
                likelihood = None
                if step in likelihood_marks:
                    likelihood = _curve_likelihood(energy, dataset, card)
                tally.curve_seconds += time.perf_counter() - start
            tally.curve.append(
                CurvePoint(
                    step=step,
                    seconds=float(tally.seconds[:step].sum()),
                    loss=float(tally.loss) / tally.since,
                    validation_loss=validation_loss,
                    log_likelihood=likelihood,
                    info={name: float(value) for name, value in outcome.info.items()},
                )
            )
            tally.loss, tally.since = torch.zeros_like(tally.loss), 0
        # Of a training that was kept its end is too, since the evaluation may take long.
        if checkpoint.due or (checkpoint.written and step == budget.steps):
            checkpoint.write(carried(), learned)
    made, curve, counts = tally.step, tally.curve, tally.counts
    adam.adopt_average()
    if not diverged and not bool(torch.isfinite(adam.flat).all()):
        diverged = "a parameter is not finite after the last step"
    marked = curve[-1].validation_loss if curve and curve[-1].step == made else None
    selected = last = WeightSet.of(energy, state.learned, made, marked)
    best = lowest.adopt() if selection == "own-loss" else None
    if best is not None:
        selected = WeightSet.of(energy, state.learned, *best)
        start = time.perf_counter()
        place = marks.index(selected.step)
        if curve[place].log_likelihood is None:
            likelihood = _curve_likelihood(energy, dataset, card)
            curve[place] = curve[place].model_copy(update={"log_likelihood": likelihood})
        tally.curve_seconds += time.perf_counter() - start
    each = 1.0 / (made * budget.batch)
    return Training(
        state=state,
        selected=selected,
        last=last,
        curve=curve,
        diverged=diverged,
        step_seconds=tally.seconds[:made],
        curve_seconds=tally.curve_seconds,
        selection_seconds=tally.selection_seconds,
        energy_evaluations=counts.energy * each,
        score_evaluations=counts.score * each,
        hvp_evaluations=counts.hvp * each,
        auxiliary_evaluations=counts.auxiliary * each,
        resumed=checkpoint.parts,
    )


def _curve_likelihood(energy: Energy, dataset: Dataset, card: TaskCard) -> float | None:
    rows = dataset.validation[:VALIDATION_ROWS].to(next(energy.parameters()).device)
    found = cheap_log_likelihood(energy, rows, card)
    return None if found is None else found + dataset.log_det
