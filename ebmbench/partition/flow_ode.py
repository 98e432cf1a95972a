r"""The density that the scores of all noise levels make together, by the probability-flow ODE.

.. math:: \frac{dx}{d\sigma} = -\sigma\, s_\theta(x, \sigma), \qquad
          \frac{d}{d\sigma} \log p_\sigma(x(\sigma)) = \sigma\, \nabla\!\cdot s_\theta(x, \sigma)

Song, Sohl-Dickstein, Kingma, Kumar, Ermon & Poole (2021), Sect. 4.3 (arXiv:2011.13456), for
noise that explodes. A row is carried from the lowest level to the highest, where the density is
taken to be the Gaussian that the level started as; the trace is exact. It is the likelihood of the
flow, and no other's: only if the energy of every level is that of the one below with noise added
is it also that of the lowest energy, normalised.

Integrated in :math:`\log\sigma` by the Runge-Kutta method of Dormand & Prince (SciPy's ``RK45``),
in double precision.
"""

from __future__ import annotations

import copy
import math

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.integrate import solve_ivp
from torch import Tensor

from ebmbench.calculus import score_and_laplacian
from ebmbench.energies.conditional import ConditionalEnergy
from ebmbench.errors import EbmbenchError

CHUNK = 256
"""Rows that share the steps of the integrator."""


def flow_log_density(energy: ConditionalEnergy, x: Tensor, tolerance: float = 1e-4) -> Tensor:
    """Return the log-density of rows under the flow, ``(n,)``, normalised, in float64.

    Arguments:
        energy: of many noise levels; it is copied.
        x: ``(n, d)``, in its coordinates.
        tolerance: of the integrator, relative and absolute.

    Raises:
        EbmbenchError: the integrator cannot follow the scores.
    """
    exact = copy.deepcopy(energy).cpu().double()
    return torch.cat([_chunk(exact, rows, tolerance) for rows in torch.split(x, CHUNK)])


def _chunk(energy: ConditionalEnergy, x: Tensor, tolerance: float) -> Tensor:
    n, d = x.shape
    highest, lowest = (float(energy.levels[k]) for k in (0, -1))

    def slope(log_sigma: float, state: NDArray[np.float64]) -> NDArray[np.float64]:
        sigma = math.exp(log_sigma)
        at = torch.from_numpy(state[: n * d].reshape(n, d).copy())
        s, trace = score_and_laplacian(energy.at(sigma), at)
        return sigma**2 * np.concatenate([-s.detach().numpy().ravel(), trace.detach().numpy()])

    start = np.concatenate([x.double().cpu().numpy().ravel(), np.zeros(n)])
    found = solve_ivp(
        slope,
        (math.log(lowest), math.log(highest)),
        start,
        t_eval=[math.log(highest)],
        rtol=tolerance,
        atol=tolerance,
    )
    if not found.success:
        raise EbmbenchError(f"the probability-flow ODE cannot be followed: {found.message}")
    end = torch.from_numpy(found.y[:, -1])
    gaussian = energy.at(highest).reference
    at_top = gaussian.log_density(end[: n * d].reshape(n, d)) - gaussian.log_z
    return at_top - end[n * d :]
