"""The integrator is reversible, keeps volume and nearly energy; the move keeps a Gaussian."""

from collections.abc import Callable

import pytest
import torch
from torch import Tensor

from ebmbench.energies.gaussian import Gaussian
from ebmbench.energies.mixture import GaussianMixtureEnergy
from ebmbench.samplers.bridge import Bridge, ReferenceGaussian
from ebmbench.samplers.leapfrog import hamiltonian_step, leapfrog
from ebmbench.samplers.target import Model, target_of

SCALE = torch.tensor([0.7, 1.2], dtype=torch.float64)


def quartic(x: Tensor) -> tuple[Tensor, Tensor]:
    """``log p = -Σ x⁴/4 + x₁ x₂/2`` and its gradient, differentiable in ``x``."""
    coupling = 0.5 * x[:, 0] * x[:, 1]
    return coupling - 0.25 * (x**4).sum(-1), 0.5 * x.flip(1) - x**3


TARGET = Model(quartic)


def test_leapfrog_is_reversible_and_keeps_volume(generator: torch.Generator) -> None:
    draws = torch.empty(2, 5, 2, dtype=torch.float64).normal_(generator=generator)
    x, r = draws
    there, end = leapfrog(TARGET.evaluate(x), r, TARGET, 0.1 * SCALE, steps=7)
    back, start = leapfrog(there, -end, TARGET, 0.1 * SCALE, steps=7)
    assert (there.x - x).abs().min() > 1e-3
    torch.testing.assert_close(back.x, x)
    torch.testing.assert_close(start, -r)

    def flow(joint: Tensor) -> Tensor:
        at = joint[None, :2]
        moved, momentum = leapfrog(
            TARGET.evaluate(at), joint[None, 2:], TARGET, 0.1 * SCALE, steps=7
        )
        return torch.cat([moved.x[0], momentum[0]])

    jacobian = torch.autograd.functional.jacobian(flow, torch.cat([x[0], r[0]]))
    assert abs(float(torch.linalg.det(jacobian)) - 1) < 1e-9


def test_leapfrog_conserves_energy_to_second_order() -> None:
    x = torch.tensor([[0.3, -0.8]], dtype=torch.float64)
    r = torch.tensor([[0.5, 1.0]], dtype=torch.float64)
    one = torch.ones(2, dtype=torch.float64)

    def error(steps: int) -> float:
        state = TARGET.evaluate(x)
        moved, end = leapfrog(state, r, TARGET, one / steps, steps=steps)
        before = 0.5 * (r * r).sum() - state.log_density
        return abs(float(0.5 * (end * end).sum() - moved.log_density - before))

    assert error(40) / error(80) == pytest.approx(4, rel=0.05)


def test_a_number_moves_as_the_tensor_of_it_does(generator: torch.Generator) -> None:
    x, r = torch.empty(2, 5, 2, dtype=torch.float64).normal_(generator=generator)
    each = torch.full((5, 1), 0.2, dtype=torch.float64)
    ends = [leapfrog(TARGET.evaluate(x), r, TARGET, sizes, steps=4) for sizes in (0.2, each)]
    torch.testing.assert_close(ends[0][0].x, ends[1][0].x)
    torch.testing.assert_close(ends[0][1], ends[1][1])


@pytest.mark.parametrize("beta", [0.0, 0.3, 1.0])
def test_detailed_balance_on_the_way_to_a_gaussian(
    beta: float, z_score: Callable[[Tensor], float], generator: torch.Generator
) -> None:
    """Between N(0, 1) and N(2, 1/4) each ``p_β`` is a Gaussian of precision ``1 + 3 β``."""
    model = GaussianMixtureEnergy(
        torch.ones(1).double(), torch.full((1, 1), 2.0).double(), torch.full((1,), 0.25).double()
    )
    zero, one = torch.zeros(1).double(), torch.ones(1).double()
    bridge = Bridge(ReferenceGaussian(Gaussian(zero, one)), target_of(model))
    precision = 1 + 3 * beta
    n = 40_000
    x = torch.empty(n, 1, dtype=torch.float64).normal_(generator=generator)
    start = bridge.evaluate(8 * beta / precision + x / precision**0.5)
    momenta = torch.empty_like(x).normal_(generator=generator)
    end, info = hamiltonian_step(
        start, momenta, bridge.at(beta), 0.9, steps=2, generator=generator
    )
    assert 0.3 < float(info.acceptance.mean()) < 0.99
    (f, g), (f_end, g_end) = ((torch.sin(s.x[:, 0]), s.x[:, 0] ** 2) for s in (start, end))
    assert z_score(f_end - f) < 4
    assert z_score(g_end - g) < 4
    assert z_score(f * g_end - g * f_end) < 4
