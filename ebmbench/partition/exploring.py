r"""Chains that find out where a model's mass is, before anything that counts.

They start from three sides: draws of a Gaussian with the moments of the data, training rows, and
draws three times as wide; where it costs little, also at minima of the energy. Each chain adapts
its own step size, since one that starts far out needs another than one that has arrived. What the
chains teach is frozen afterwards, and every estimate draws fresh points.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor

from ebmbench.energies.base import Energy
from ebmbench.partition.initial import InitialGaussian
from ebmbench.partition.minima import Search, find_minima
from ebmbench.samplers.base import ChainState
from ebmbench.samplers.pilot import TARGET_ACCEPTANCE, transition

CHAINS = 96
LEAPFROG = 6
WIDE = 3.0
"""Deviations of the wide draws in units of the Gaussian's."""
AT_MINIMA = 24
"""Chains that start at minima, at most."""
GAIN = 0.25
"""Of the logarithm of a chain's step size on the error of its acceptance."""


@dataclass(frozen=True)
class Explored:
    """Where chains were, in the coordinates of ``coordinates``."""

    coordinates: InitialGaussian
    z: Tensor
    """``(kept, chains, d)``, in the precision of the model."""
    log_density: Tensor
    """Of the model, ``(kept, chains)``, float64."""
    minima: Tensor
    """Distinct minima that a search found, ``(m, d)`` in ``x``, lowest energy first."""
    step_size: float
    """Median over the chains."""

    @property
    def x(self) -> Tensor:
        """Return the kept states in the model's coordinates, ``(kept, chains, d)``."""
        kept, chains, d = self.z.shape
        return self.coordinates.to_x(self.z.reshape(-1, d)).reshape(kept, chains, d)

    def within(self, coordinates: InitialGaussian) -> Tensor:
        """Return the kept states in other coordinates, ``(kept, chains, d)``, float64."""
        kept, chains, d = self.z.shape
        flat = coordinates.to_z(self.x.reshape(-1, d))
        return flat.reshape(kept, chains, d).double().cpu()


def starts(
    energy: Energy,
    initial: InitialGaussian,
    rows: Tensor | None,
    generator: torch.Generator,
    *,
    search: Search | None,
) -> tuple[Tensor, Tensor]:
    """Return where chains start, ``(n, d)`` in ``x``, and the minima that were found, ``(m, d)``.

    Arguments:
        energy: the model.
        initial: a Gaussian with the moments of the data.
        rows: training rows, ``(n, d)``; draws of ``initial`` stand in for them when absent.
        generator: the source of all randomness.
        search: how hard to look for minima; not at all when absent.
    """
    third = CHAINS // 3

    def draws(law: InitialGaussian) -> Tensor:
        return law.to_x(law.origin.draw(third, generator))

    parts = [draws(initial), draws(initial.widened(WIDE))]
    if rows is None or len(rows) == 0:
        parts.append(draws(InitialGaussian.of_reference(energy)))
    else:
        chosen = torch.randint(len(rows), (third,), generator=generator)
        parts.append(rows[chosen].to(initial.mean))
    found = parts[0][:0]
    if search is not None:
        found = find_minima(energy, initial, generator, search.starts, steps=search.descents)
        parts.append(found[:AT_MINIMA])
    return torch.cat(parts), found


def explore(
    energy: Energy,
    coordinates: InitialGaussian,
    x: Tensor,
    generator: torch.Generator,
    *,
    sweeps: int,
    minima: Tensor,
    step_size: float | None = None,
    thinning: int = 5,
) -> Explored:
    """Run chains on the model and keep the second half of what they saw.

    Arguments:
        energy: the model.
        coordinates: in which chains move.
        x: where they start, ``(n, d)``.
        generator: the source of all randomness.
        sweeps: transitions of :data:`LEAPFROG` steps.
        minima: passed on.
        step_size: at the start; by the dimension when absent.
        thinning: sweeps between two states that are kept.
    """
    bridge = coordinates.bridge_to(energy)
    state = bridge.evaluate(coordinates.to_z(x))
    state = _sound(state)
    first = math.log(step_size or 0.5 * coordinates.dim**-0.25)
    log_eps = torch.full((len(state.x),), first, dtype=torch.float64)
    kept, values = [], []
    for k in range(sweeps):
        state, info = transition(
            bridge, state, 1.0, log_eps.exp(), generator=generator, leapfrog=LEAPFROG
        )
        error = info.acceptance.double().cpu() - TARGET_ACCEPTANCE
        log_eps = (log_eps + GAIN * error).clamp(max=math.log(1.5))
        if 2 * k >= sweeps and (sweeps - 1 - k) % thinning == 0:
            kept.append(state.x)
            values.append(state.log_density.double().cpu())
    return Explored(
        coordinates=coordinates,
        z=torch.stack(kept),
        log_density=torch.stack(values),
        minima=minima,
        step_size=float(log_eps.median().exp()),
    )


def _sound(state: ChainState) -> ChainState:
    """Return the chains whose model is finite where they start; all of them if none is."""
    finite = torch.isfinite(state.log_density) & torch.isfinite(state.score).all(1)
    return state[finite.nonzero()[:, 0]] if bool(finite.any()) else state
