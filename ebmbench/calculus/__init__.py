r"""The only place that differentiates an energy with respect to ``x``.

All operators return derivatives of :math:`\log p_\theta(x) = -E_\theta(x) - \log Z_\theta`, so the
score is :math:`s = \nabla_x \log p_\theta = -\nabla_x E_\theta`. With ``create_graph=True`` (for
losses) gradients flow from the result to the parameters of the energy, never to ``x``; without it
(for samplers and metrics) nothing is recorded.
"""

from ebmbench.calculus.counts import Counts, count_evaluations, record
from ebmbench.calculus.operators import (
    directional,
    hvp,
    path,
    score,
    score_and_directional,
    score_and_laplacian,
    value,
    value_and_score,
    value_and_score_of,
)

__all__ = [
    "Counts",
    "count_evaluations",
    "directional",
    "hvp",
    "path",
    "record",
    "score",
    "score_and_directional",
    "score_and_laplacian",
    "value",
    "value_and_score",
    "value_and_score_of",
]
