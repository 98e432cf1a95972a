"""The normalising flow: a density, drawn from, stored and reloaded, and refused without zuko."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from ebmbench import catalog
from ebmbench.datasets.base import Dataset
from ebmbench.energies.flow import WIDE, FlowEnergy
from ebmbench.errors import EbmbenchError
from ebmbench.estimators import flow
from ebmbench.estimators.flow import FlowEstimator
from ebmbench.estimators.gaussian import GaussianEstimator
from ebmbench.harness.compatibility import reason_to_skip
from ebmbench.harness.job import Job
from ebmbench.harness.weights import load_energy, packed_weights

pytest.importorskip("zuko")


def generator() -> torch.Generator:
    return torch.Generator().manual_seed(0)


def ring(n: int, seed: int) -> torch.Tensor:
    g = torch.Generator().manual_seed(seed)
    angle = 6.2832 * torch.rand(n, generator=g)
    radius = 2 + 0.2 * torch.randn(n, generator=g)
    return torch.stack([radius * angle.cos(), radius * angle.sin()], 1)


ROWS = Dataset(ring(2000, 1), ring(500, 2), ring(500, 3))


@pytest.fixture(scope="module")
def fitted() -> FlowEnergy:
    before = torch.random.get_rng_state()
    energy = FlowEstimator(steps=150, hidden=[32]).fit(ROWS, generator())
    assert torch.equal(before, torch.random.get_rng_state())
    assert isinstance(energy, FlowEnergy)
    return energy


def test_it_is_a_density_and_beats_the_gaussian(fitted: FlowEnergy) -> None:
    axis = torch.linspace(-6, 6, 301)
    grid = torch.cartesian_prod(axis, axis)
    mass = (-fitted(grid)).double().exp().sum() * (12 / 300) ** 2
    assert float(mass) == pytest.approx(1.0, abs=5e-3)
    plain = GaussianEstimator().fit(ROWS, generator())
    assert fitted(ROWS.test).mean() < plain(ROWS.test).mean() - 0.3


def test_its_draws_follow_it(fitted: FlowEnergy) -> None:
    """The mean energy of draws is the entropy, which the grid gives too."""
    axis = torch.linspace(-6, 6, 301)
    grid = torch.cartesian_prod(axis, axis)
    values = fitted(grid).double()
    entropy = float(((-values).exp() * values).sum() * (12 / 300) ** 2)
    drawn = fitted(fitted.sample(4000, generator()))
    assert float(drawn.mean()) == pytest.approx(entropy, abs=4 * float(drawn.std()) / 4000**0.5)


def test_it_comes_back_from_its_weights(fitted: FlowEnergy, tmp_path: Path) -> None:
    (tmp_path / "a.safetensors").write_bytes(packed_weights(fitted, {}))
    again = load_energy(tmp_path / "a.safetensors", catalog.tasks()["2d/rings"])
    assert isinstance(again, FlowEnergy)
    assert torch.equal(again(ROWS.test), fitted(ROWS.test))


def test_the_affine_flow_of_many_dimensions_inverts() -> None:
    d = WIDE + 1
    model = FlowEnergy(torch.ones(d), 2 * torch.eye(d), 2, [16], generator=generator()).double()
    assert model.smooth
    z = torch.randn(3, d, generator=torch.Generator().manual_seed(5), dtype=torch.float64)
    x = model.sample(3, torch.Generator().manual_seed(5))
    there = model.flow().transform((x - model.mean) / 2)
    torch.testing.assert_close(there, z)


def test_without_zuko_it_is_skipped_in_a_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(flow, "find_spec", lambda name: None)
    job = Job(catalog.tasks()["2d/rings"], catalog.methods()["flow"], 0, "smoke")
    reason = reason_to_skip(job)
    assert reason is not None
    assert "needs zuko" in reason
    monkeypatch.setitem(__import__("sys").modules, "zuko", None)
    with pytest.raises(EbmbenchError, match="needs zuko"):
        FlowEnergy(torch.zeros(2), torch.eye(2), 1, [4])
