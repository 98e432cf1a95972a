r"""When a run has left every reasonable range, judged by its learning curve alone.

A finite loss is not a fit. Chains of a persistent sampler can run away: the energy gap then grows
without bound, the loss with it, and the validation likelihood falls by thousands of nats while
every number stays finite. The criterion says so, in nats per dimension, of the last point of the
curve and of the points before it that were out of range without a break:

* the loss, the energy gap or the likelihood is not finite;
* the validation log-likelihood is :data:`LIMIT` nats per dimension below the best of the curve,
  whose first point is the reference Gaussian after one step. At the fitted Gaussian that is a
  typical row :math:`\sqrt{1 + 2 \cdot 5} \approx 3.3` standard deviations out in *every*
  direction;
* the energy gap, the mean energy of data less that of the chains, is beyond :data:`LIMIT` nats
  per dimension. Of a model from which the chains are drawn and under which the data are typical
  both means agree. Samples of a density whose energy grows like :math:`\|x\|^a` lie
  :math:`d / a` nats above its minimum (equipartition), 1/2 for a Gaussian and 1 for a Laplace
  density per dimension, and no row lies lower: a gap of five has left the model or the data.

A run that was out of range and came back is none: only its end is judged. Its end is the mark
whose weights are scored. What training did to the weights after that does not change them: it is
said in the record beside the weights of the last step, and the choice of the mark has not looked
at any likelihood. A training that broke off, its loss or a weight not finite, has diverged
whatever was kept before, since it did not spend its budget.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from ebmbench.cards import TaskCard
from ebmbench.records import Curve, CurvePoint, Record, Status

LIMIT = 5.0
"""Nats per dimension. The published runs stay below 1 in both, but for one, which is at 2652."""
UNKNOWN_DIM = 1024
"""Dimensions that a run is taken to have where they are not known: more than any task's, so that
a run is not accused for lack of them."""
GAP = "energy_gap"
PLANE = "2d"


@dataclass(frozen=True)
class Divergence:
    """Where and why a run left every reasonable range."""

    step: int
    """Of the first point of the curve from which on it stayed outside."""
    reason: str
    """One sentence, with the numbers of the last point."""


def find_divergence(curve: Sequence[CurvePoint], dim: int | None) -> Divergence | None:
    """Return where a learning curve left every reasonable range, or ``None`` if its end is inside.

    Arguments:
        curve: points in the order of their steps; an empty one says nothing.
        dim: coordinates of a row; ``None`` where it is not known.

    Example:
        >>> points = [CurvePoint(step=s, seconds=s, loss=0.0, log_likelihood=v)
        ...           for s, v in ((1, -2.9), (10, -2.5), (100, -80.0))]
        >>> find_divergence(points, dim=2).step
        100
    """
    limit = LIMIT * (UNKNOWN_DIM if dim is None else dim)
    if not curve:
        return None
    curve = curve if isinstance(curve, Curve) else Curve(curve)
    values = [v for v in curve.log_likelihoods if v is not None and not math.isnan(v)]
    if not _outside(curve[-1], max(values, default=-math.inf), limit):
        return None
    best = -math.inf
    words = []
    for point in curve:
        value = point.log_likelihood
        if value is not None and not math.isnan(value):
            best = max(best, value)
        words.append(_outside(point, best, limit))
    inside = [place for place, text in enumerate(words) if not text]
    first = curve[inside[-1] + 1 if inside else 0].step
    return Divergence(first, f"{words[-1]}; out of range from step {first} on")


def dim_of(card: TaskCard) -> int | None:
    """Return the coordinates of a task's rows as far as its card says them."""
    stated = card.data.options.get("dim")
    if isinstance(stated, int) and stated > 0:
        return stated
    return 2 if card.family == PLANE else None


def effective(record: Record) -> Record:
    """Return a record as a report sees it: ``diverged`` where its curve says so.

    Records of 0.1 say ``ok`` of runs that ended out of range. The record itself is left as it is;
    the view keeps its metrics, curve and cost.

    Arguments:
        record: any; one that is not ``ok`` comes back as it is.
    """
    if record.status is not Status.OK:
        return record
    found = find_divergence(record.scored_curve, dim_of(record.task_card))
    if found is None:
        return record
    return record.model_copy(
        update={
            "status": Status.DIVERGED,
            "message": found.reason,
            "diverged_at": found.step,
        }
    )


def _outside(point: CurvePoint, best: float, limit: float) -> str:
    """Say in what a point is out of range; empty if it is not.

    Arguments:
        point: of the curve.
        best: the best likelihood up to it, ``-inf`` where there is none.
        limit: nats for all dimensions together.
    """
    value, gap = point.log_likelihood, point.info.get(GAP)
    named = {"training loss": point.loss, "validation log-likelihood": value, "energy gap": gap}
    for name, number in named.items():
        if number is not None and not math.isfinite(number):
            return f"the {name} is {number} at step {point.step}"
    parts = []
    if value is not None and best - value > limit:
        parts.append(
            f"the validation log-likelihood is {value:.1f} nats at step {point.step}, "
            f"{best - value:.1f} below its best"
        )
    if gap is not None and abs(gap) > limit:
        parts.append(f"the energy gap is {gap:.1f} nats at step {point.step}")
    return " and ".join(parts)
