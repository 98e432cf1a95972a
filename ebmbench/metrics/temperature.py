r"""At which temperature a trained energy would fit the held-out rows best.

The log-likelihood of :math:`p_\beta \propto e^{-\beta E}` is concave in the inverse temperature
``β``. At ``β = 1`` its slope is :math:`E_{p_\theta}[E] - E_{p}[E]` and its curvature
:math:`-\mathrm{Var}_{p_\theta}[E]`, so to second order

.. math:: \beta^* = 1 + \frac{E_{p_\theta}[E] - E_p[E]}{\mathrm{Var}_{p_\theta}[E]}, \qquad
          \max_\beta LL(\beta) - LL(1) = \frac{(E_{p_\theta}[E] - E_p[E])^2}
          {2\,\mathrm{Var}_{p_\theta}[E]}.

Both need samples of the energy, not of a sampler that its method brings, and no ``log Z``. At the
maximum of the likelihood over any family that holds all temperatures of its members the gap is
zero; an objective whose energies live at another temperature than one (a penalty on energies,
short chains, a step that is no Langevin step) shows itself here also where its likelihood cannot
be had.
"""

from __future__ import annotations

import math

from torch import Tensor

from ebmbench.metrics.base import Evaluation, Measurement, once
from ebmbench.metrics.held_out import test_log_density
from ebmbench.metrics.model_samples import counts, energy_samples
from ebmbench.partition.base import log_density


def temperature_calibration(evaluation: Evaluation) -> Measurement:
    """Return the nats that the best temperature would gain, to second order and unbiased."""
    shift, stderr, variance, note = _calibration(evaluation)
    loss = 0.5 * variance * (shift**2 - stderr**2)
    return Measurement(loss, variance * abs(shift) * stderr, note=note)


def inverse_temperature_error(evaluation: Evaluation) -> Measurement:
    """Return how far the best inverse temperature is from one; the note gives it."""
    shift, stderr, _, note = _calibration(evaluation)
    return Measurement(abs(shift), stderr, note=note)


def _calibration(evaluation: Evaluation) -> tuple[float, float, float, str]:
    """Return ``β* - 1``, its standard error, the variance of the energy, and a note."""

    def compute() -> tuple[float, float, float, str]:
        drawn = energy_samples(evaluation)
        of_model = -log_density(evaluation.energy, drawn.x)
        of_data = -test_log_density(evaluation)
        shift, stderr, variance = best_shift(of_model, of_data)
        note = f"best inverse temperature {1 + shift:.4g} ± {stderr:.2g}"
        return shift, stderr, variance, f"{note}; {counts(drawn, of_data)}"

    return once(evaluation, "temperature", compute)


def best_shift(of_model: Tensor, of_data: Tensor) -> tuple[float, float, float]:
    """Return ``β* - 1``, its standard error, and the variance of the model's energies.

    Arguments:
        of_model: energies of independent samples of the model, ``(n,)``.
        of_data: energies of data, ``(m,)``.
    """
    gap = float(of_model.mean() - of_data.mean())
    variance = float(of_model.var())
    error = math.sqrt(variance / len(of_model) + float(of_data.var()) / len(of_data))
    return gap / variance, error / variance, variance
