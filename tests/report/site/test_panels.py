"""Pictures show what stored weights say: against energies whose picture is known."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor

from ebmbench.datasets.ica import ICADensity
from ebmbench.energies.base import Energy
from ebmbench.energies.ica import ICAEnergy
from ebmbench.energies.mixture import GaussianMixtureEnergy
from ebmbench.harness.weights import packed_weights
from ebmbench.records import Record, record_path
from ebmbench.report.figures.densities import drawable
from ebmbench.report.figures.learned import cache_of, true_density
from ebmbench.report.site.panels import POINTS, image_panels, mixing_panels, plane_panels

Make = Callable[..., Record]


def stored(make: Make, out: Path, task: str, energy: Energy) -> Record:
    """Return a record whose weights are those of an energy."""
    record = make(task, "dsm", 0, -2.0).model_copy(update={"weights": "seed-0.safetensors"})
    path = record_path(out, task, "dsm", 0).with_suffix(".safetensors")
    path.parent.mkdir(parents=True)
    path.write_bytes(packed_weights(energy, {}))
    return record


def gaussian(dim: int, variance: float) -> GaussianMixtureEnergy:
    covariance: Tensor = variance * torch.eye(dim)[None]
    return GaussianMixtureEnergy(torch.ones(1), torch.zeros(1, dim), covariance)


def test_a_gaussian_in_the_plane(make: Make, tmp_path: Path) -> None:
    record = stored(make, tmp_path, "2d/rings", gaussian(2, 0.25))
    strips = plane_panels([record], tmp_path)
    true, (density, samples, error) = strips[""][0], strips["dsm"]
    assert density.values.max() == pytest.approx(1 / (2 * np.pi * 0.25), rel=1e-2)
    assert np.allclose(density.values, density.values[::-1], rtol=0.05, atol=2e-2)
    assert error.values == pytest.approx(density.values - true.values, abs=1e-6)
    assert samples.values.sum() == POINTS


def test_a_kept_density_is_the_same(make: Make, tmp_path: Path) -> None:
    record = stored(make, tmp_path, "2d/rings", gaussian(2, 0.25))
    first = plane_panels([record], tmp_path)["dsm"][0].values
    assert len(list(cache_of(tmp_path).iterdir())) == 1
    assert np.array_equal(plane_panels([record], tmp_path)["dsm"][0].values, first)


def test_permuted_and_scaled_sources_are_recovered(make: Make, tmp_path: Path) -> None:
    card = make("ica/5", "dsm").task_card
    truth = true_density(card, seed=0)
    assert isinstance(truth, ICADensity)
    found = (
        truth.demixing[[3, 0, 4, 1, 2]] * torch.tensor([[-2.0], [1], [3], [1], [0.5]])
    ).float()
    energy = ICAEnergy(found, "logistic", torch.zeros(5), torch.ones(5))
    record = stored(make, tmp_path, "ica/5", energy)
    (panel,) = mixing_panels([record], tmp_path)["dsm"]
    assert panel.values == pytest.approx(np.eye(5), abs=1e-5)


def test_a_sheet_of_exact_samples(make: Make, tmp_path: Path) -> None:
    record = stored(make, tmp_path, "digits/8", gaussian(64, 4.0))
    (panel,) = image_panels([record], tmp_path)["dsm"]
    assert panel.values.shape == (72, 72)
    assert panel.values.min() >= 0
    assert panel.values.std() > 0.2


def test_only_the_first_seed_with_weights_is_drawn(make: Make, tmp_path: Path) -> None:
    record = stored(make, tmp_path, "2d/rings", gaussian(2, 0.25))
    bare = make("2d/rings", "ssm", 0, -2.0)
    later = record.model_copy(update={"seed": 1})
    assert drawable([later, bare, record], tmp_path) == {"2d/rings": [record]}
