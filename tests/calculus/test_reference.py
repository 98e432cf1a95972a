"""The exact trace by autograd: a few columns at a time, or all at once."""

import pytest
import torch

from ebmbench.calculus import reference
from ebmbench.energies.nice import NICEEnergy
from ebmbench.harness.memory import allocator_peak

DIM = 40


@pytest.fixture
def energy() -> NICEEnergy:
    """Return an energy without a closed form, wider than the columns taken at a time."""
    generator = torch.Generator().manual_seed(0)
    mean = torch.zeros(DIM, dtype=torch.float64)
    energy = NICEEnergy(mean, mean + 1, 4, [16], generator=generator).double()
    assert energy.chain() is None
    assert reference.COLUMNS < DIM
    with torch.no_grad():
        for parameter in energy.parameters():
            parameter.add_(0.1 * torch.randn(parameter.shape, generator=generator))
    return energy


def gradients(energy: NICEEnergy, rows: torch.Tensor) -> list[torch.Tensor]:
    """Gradient of a loss whose cotangents differ by row."""
    s, laplacian = reference.score_and_laplacian(energy, rows, create_graph=True)
    weights = torch.linspace(1.0, 2.0, len(rows), dtype=torch.float64)
    loss = (weights * (0.5 * (s * s).sum(-1) + laplacian.tanh())).sum()
    learned = [p for p in energy.parameters() if p.requires_grad]
    return list(torch.autograd.grad(loss, learned, materialize_grads=True, allow_unused=True))


def test_columns_at_a_time_give_the_gradient_of_the_whole_graph(
    energy: NICEEnergy, monkeypatch: pytest.MonkeyPatch
) -> None:
    next(energy.parameters()).requires_grad_(False)
    rows = torch.randn(5, DIM, generator=torch.Generator().manual_seed(1), dtype=torch.float64)
    few, values = gradients(energy, rows), reference.score_and_laplacian(energy, rows, True)
    monkeypatch.setattr(reference, "COLUMNS", DIM)
    whole = gradients(energy, rows)
    torch.testing.assert_close(values, reference.score_and_laplacian(energy, rows, True))
    assert any(gradient.abs().sum() > 0 for gradient in whole)
    for a, b in zip(few, whole, strict=True):
        torch.testing.assert_close(a, b, rtol=1e-10, atol=1e-11)


def test_memory_does_not_grow_with_the_number_of_columns(
    energy: NICEEnergy, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = torch.randn(64, DIM, generator=torch.Generator().manual_seed(1), dtype=torch.float64)

    def peak(columns: int) -> int:
        monkeypatch.setattr(reference, "COLUMNS", columns)
        gradients(energy, rows)
        return allocator_peak(lambda: gradients(energy, rows).clear(), "cpu")

    few, whole = peak(4), peak(DIM)
    assert few < whole / 4
