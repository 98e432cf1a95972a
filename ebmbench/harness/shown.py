"""A training as a notebook shows it: a line, or a table of its learning curve."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

from ebmbench.harness.selection import WeightSet
from ebmbench.records import CurvePoint

HEAD = ("step", "seconds", "loss", "validation loss", "log-likelihood")
LINES = 12
"""Points of the curve that are shown, at most."""


def training_words(
    curve: Sequence[CurvePoint], selected: WeightSet, last: WeightSet
) -> tuple[str, ...]:
    """Return how long it was, and which weights the energy has."""
    seconds = f" in {curve[-1].seconds:.3g} s" if curve else ""
    words = [f"{last.step} steps{seconds}"]
    if selected.step != last.step:
        words.append(f"weights of step {selected.step}")
    loss = selected.validation_loss
    if loss is not None:
        words.append(f"validation loss {loss:z.4g}")
    found = [p.log_likelihood for p in curve if p.step == selected.step]
    if found and found[0] is not None:
        words.append(f"log-likelihood {found[0]:z.4g} nats of validation rows")
    if not last.finite:
        words.append("the last weights are not finite")
    return tuple(words)


def training_html(curve: Sequence[CurvePoint], words: Sequence[str]) -> str:
    """Return the words above a table of some points of the learning curve."""
    every = -(-len(curve) // LINES) or 1
    head = "".join(f"<th>{escape(word)}</th>" for word in HEAD)
    lines = []
    # The last point is always among them.
    for point in list(reversed(curve))[::every][::-1]:
        numbers = (point.seconds, point.loss, point.validation_loss, point.log_likelihood)
        cells = "".join(f"<td>{'' if n is None else f'{n:z.4g}'}</td>" for n in numbers)
        lines.append(f"<tr><th>{point.step}</th>{cells}</tr>")
    title = escape("; ".join(words))
    return f"<p>{title}</p><table><tr>{head}</tr>{''.join(lines)}</table>"
