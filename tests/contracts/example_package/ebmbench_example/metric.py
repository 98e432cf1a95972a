"""How much the energy varies over test rows."""

import math

from ebmbench.metrics import metric
from ebmbench.metrics.base import Measurement
from ebmbench.partition.base import log_density


@metric(
    unit="nats",
    higher_is_better=False,
    title="Spread of the energy",
    definition="Standard deviation of E(x) over test rows.",
)
def example_spread(evaluation) -> Measurement:
    rows = log_density(evaluation.energy, evaluation.dataset.test)
    spread = float(rows.std())
    return Measurement(spread, stderr=spread / math.sqrt(2 * len(rows)))
