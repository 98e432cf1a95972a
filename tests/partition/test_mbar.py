"""MBAR against Bennett's ratio, a closed form, its own equations and a plain fixed point."""

import math

import pytest
import torch
from torch import Tensor

from ebmbench.energies.mixture import GaussianMixtureEnergy
from ebmbench.partition import InitialGaussian, mbar
from ebmbench.partition.bennett import bennett
from ebmbench.partition.mbar import log_ratios

SCALES = torch.tensor([1.0, 0.6, 0.3, 0.2], dtype=torch.float64)


def of_gaussians(n: int, seed: int) -> tuple[Tensor, Tensor]:
    """Log-densities without constants of samples of N(0, s²), unevenly many from each ``s``."""
    random = torch.Generator().manual_seed(seed)
    counts = torch.tensor([n, 2 * n, n, 3 * n], dtype=torch.float64)
    samples = [
        scale * torch.randn(int(count), generator=random, dtype=torch.float64)
        for scale, count in zip(SCALES, counts, strict=True)
    ]
    return -0.5 * (torch.cat(samples) / SCALES[:, None]).square(), counts


def test_two_states_are_bennetts_ratio() -> None:
    random = torch.Generator().manual_seed(0)
    first = torch.randn(300, generator=random, dtype=torch.float64)
    second = 0.4 + 0.5 * torch.randn(500, generator=random, dtype=torch.float64)
    x = torch.cat([first, second])
    log_q = torch.stack([-0.5 * x**2, 2.0 - 2.0 * (x - 0.4) ** 2])
    weights = log_q[1] - log_q[0]
    expected, _ = bennett(weights[:300], weights[300:])
    found = log_ratios(log_q, torch.tensor([300.0, 500.0]).double())
    assert float(found[0]) == 0
    assert float(found[1]) == pytest.approx(expected, abs=1e-9)


def test_the_equations_hold_and_a_plain_fixed_point_agrees() -> None:
    log_q, counts = of_gaussians(200, 0)
    found = log_ratios(log_q, counts)

    def equations(log_z: Tensor) -> Tensor:
        mixture = torch.logsumexp(log_q + (counts.log() - log_z)[:, None], 0)
        z = torch.logsumexp(log_q - mixture, 1)
        return z - z[0]

    torch.testing.assert_close(equations(found), found, rtol=0, atol=1e-9)
    fixed = torch.zeros(4, dtype=torch.float64)
    for _ in range(3000):
        fixed = equations(fixed)
    torch.testing.assert_close(fixed, found, rtol=0, atol=1e-8)


@pytest.mark.parametrize("seed", [0, 1])
def test_pymbar_solves_the_same_equations_to_the_same_numbers(seed: int) -> None:
    """The reference implementation, by the authors of the method, on the same samples."""
    pymbar = pytest.importorskip("pymbar", reason="the extra `tests` is not installed")
    log_q, counts = of_gaussians(300, seed)
    energies, sizes = -log_q.numpy(), counts.numpy().astype(int)
    solved = pymbar.MBAR(energies, sizes, solver_protocol="robust", relative_tolerance=1e-12)
    ratios = solved.compute_free_energy_differences()["Delta_f"][0]
    found = log_ratios(log_q, counts)
    torch.testing.assert_close(found, -torch.from_numpy(ratios), rtol=0, atol=1e-8)


def test_ratios_of_gaussians_without_bias() -> None:
    errors = torch.stack(
        [log_ratios(*of_gaussians(100, seed)) - (SCALES / SCALES[0]).log() for seed in range(200)]
    )
    noise = errors.std(0) / math.sqrt(len(errors))
    assert bool((errors.mean(0).abs() <= 4 * noise).all())
    assert float(errors[:, 3].std()) < 0.15


def test_a_bad_guess_ends_at_the_same_place() -> None:
    log_q, counts = of_gaussians(100, 1)
    far = torch.tensor([0.0, 30.0, -50.0, 80.0], dtype=torch.float64)
    torch.testing.assert_close(
        log_ratios(log_q, counts, far), log_ratios(log_q, counts), rtol=0, atol=1e-8
    )


def test_log_z_of_separated_modes_with_an_honest_error() -> None:
    means = torch.tensor([[-3.0] * 10, [3.0] * 10], dtype=torch.float64) / math.sqrt(10)
    weights = torch.tensor([0.7, 0.3], dtype=torch.float64)
    model = GaussianMixtureEnergy(weights, means, torch.full((2,), 0.5, dtype=torch.float64))
    exact = model.log_z()
    assert exact is not None
    initial = InitialGaussian(torch.zeros(10).double(), 2 * torch.eye(10).double())
    found = mbar(model, torch.Generator().manual_seed(0), initial=initial)
    assert found.certified, found.note
    assert found.point == found.log_z
    assert found.lower is None
    assert 0 < found.stderr < 0.05
    assert abs(found.log_z - float(exact)) < 4 * found.stderr
    assert found.diagnostics["restarts"] > 1
