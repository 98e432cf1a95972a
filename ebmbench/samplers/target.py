"""An energy as the target of a sampler, alone or on the way from its reference Gaussian."""

from __future__ import annotations

from torch import Tensor

from ebmbench import calculus
from ebmbench.energies.base import Energy
from ebmbench.samplers.base import ChainState, LogDensityAndScore


def target_of(energy: Energy) -> LogDensityAndScore:
    """Return the function ``x → (log-density up to a constant, score)`` of an energy."""
    value_and_score = calculus.value_and_score_of(energy)

    def target(x: Tensor) -> tuple[Tensor, Tensor]:
        value, score = value_and_score(x)
        return -value, score

    return target


def bridge_of(energy: Energy, beta: float) -> LogDensityAndScore:
    r"""Return the target :math:`p_\beta \propto q^{1-\beta} p_\theta^\beta`, an annealing step.

    ``q`` is the reference Gaussian of the energy. Neal (2001), Eq. 4.
    """
    model = target_of(energy)
    if beta == 1:
        return model

    def target(x: Tensor) -> tuple[Tensor, Tensor]:
        log_density, score = model(x)
        log_q, score_q = _reference(energy, x)
        return (
            beta * log_density + (1 - beta) * log_q,
            beta * score + (1 - beta) * score_q,
        )

    return target


def move_bridge(
    state: ChainState, energy: Energy, old: float, new: float
) -> tuple[ChainState, Tensor]:
    """Return the state with log-density and score of ``p_new`` instead of ``p_old``.

    Nothing is evaluated, since both are linear in ``β`` between those of the reference and of the
    model.

    Arguments:
        state: the chains, as the target ``bridge_of(energy, old)`` left them.
        energy: the model.
        old: the ``β`` of the state, above zero.
        new: the ``β`` wanted.

    Returns:
        The state, and the derivative of the log-density in ``β``, ``(n,)``: times ``new - old`` it
        is the log of the importance weight of each chain.
    """
    log_q, score_q = _reference(energy, state.x)
    slope = (state.log_density - log_q) / old
    score = score_q + (new / old) * (state.score - score_q)
    return ChainState(state.x, log_q + new * slope, score), slope


def _reference(energy: Energy, x: Tensor) -> tuple[Tensor, Tensor]:
    mean, std = energy.reference
    u = (x - mean) / std
    return -0.5 * (u * u).sum(-1), -u / std
