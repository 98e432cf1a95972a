"""Learning curves."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal, get_args

from matplotlib.axes import Axes

from ebmbench.errors import EbmbenchError, did_you_mean
from ebmbench.harness.training import Training
from ebmbench.plot.axes import INK, SMALL, axes_for

What = Literal["log_likelihood", "validation_loss", "loss"]
TITLES = {
    "log_likelihood": "log-likelihood of validation rows, nats",
    "validation_loss": "the objective's loss of validation rows",
    "loss": "training loss since the last mark",
}


def curves(
    trainings: Training | Mapping[str, Training],
    what: What | None = None,
    *,
    ax: Axes | None = None,
) -> Axes:
    """Draw the learning curves of trainings; a ring marks the weights that the energy has.

    Arguments:
        trainings: one, or several by name.
        what: which number; ``None``: the log-likelihood where all have it, else the loss.
        ax: where to draw; ``None``: on new axes.

    Raises:
        EbmbenchError: no training has that number.
    """
    named = trainings if isinstance(trainings, Mapping) else {"": trainings}
    if not named or not all(isinstance(each, Training) for each in named.values()):
        raise EbmbenchError(
            f"trainings are a {type(trainings).__name__}, allowed: what `ebmbench.train` returns, "
            "or several of them by name"
        )
    if what is None:
        known = all(_points(each, "log_likelihood") for each in named.values())
        what = "log_likelihood" if known else "loss"
    if what not in get_args(What):
        raise EbmbenchError(f"what is {what!r}{did_you_mean(str(what), get_args(What))}")
    if not any(_points(training, what) for training in named.values()):
        raise EbmbenchError(f"no training has a {what}, allowed: loss")
    ax = axes_for(ax, width=5.2, height=3.4)
    for name, training in named.items():
        points = _points(training, what)
        if not points:
            continue
        (line,) = ax.plot(*zip(*points, strict=True), linewidth=1.4, label=name)
        at = dict(points).get(training.selected.step)
        if at is not None:
            ax.plot(
                [training.selected.step], [at], "o", color=line.get_color(), fillstyle="none", ms=7
            )
    ax.set_xscale("log")
    ax.set_xlabel("step", fontsize=SMALL, color=INK)
    ax.set_ylabel(TITLES[what], fontsize=SMALL, color=INK)
    if any(named):
        ax.legend(fontsize=SMALL, frameon=False)
    return ax


def _points(training: Training, what: str) -> list[tuple[int, float]]:
    found = ((point.step, getattr(point, what)) for point in training.curve)
    return [(step, value) for step, value in found if value is not None]
