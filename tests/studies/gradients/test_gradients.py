"""The comparison of gradients: its statistics, its exact gradient, and what it shows."""

from __future__ import annotations

import math
from pathlib import Path

import pandas as pd
import pytest
import torch
from click.testing import CliRunner

from ebmbench import api, catalog
from ebmbench.cardtables import Budget
from ebmbench.cli import app
from ebmbench.energies.mlp import MLPEnergy
from ebmbench.errors import EbmbenchError
from ebmbench.settings import read_setting, set_in_methods
from ebmbench.studies.gradients.exact import exact_gradient
from ebmbench.studies.gradients.measure import Comparison, compare_gradients
from ebmbench.studies.gradients.statistics import statistics
from tests.untuned import untuned

SMALL = Budget(steps=30, batch=64)


def test_statistics_of_gaussian_gradients_are_the_closed_forms() -> None:
    """Mean μ, covariance σ² I: SNR = |μ|²/(kσ²); cosine and bias follow from μ alone."""
    generator = torch.Generator().manual_seed(0)
    mean = torch.tensor([3.0, 4.0, 0.0, 0.0], dtype=torch.float64)
    exact = torch.tensor([5.0, 0.0, 0.0, 0.0], dtype=torch.float64)
    noise = 2.0 * torch.randn(200_000, 4, generator=generator, dtype=torch.float64)
    found = statistics(mean + noise, exact, in_units=True)
    assert found["signal_to_noise"] == pytest.approx(25 / 16, rel=0.02)
    assert found["cosine"] == pytest.approx(0.6, abs=0.01)
    assert found["bias"] == pytest.approx(math.sqrt(2**2 + 4**2) / 5, abs=0.01)
    scaled = statistics(7 * (mean + noise), exact, in_units=False)
    assert scaled["cosine"] == pytest.approx(found["cosine"])
    assert scaled["bias"] == pytest.approx(0.8, abs=0.01)
    assert 0 < scaled["cosine_of_one"] < scaled["cosine"]


def test_noise_does_not_pass_for_signal() -> None:
    """With zero mean the squared length of the sample mean is all noise, and is taken off."""
    generator = torch.Generator().manual_seed(1)
    draws = torch.randn(300, 20, 50, generator=generator, dtype=torch.float64)
    exact = torch.ones(50, dtype=torch.float64)
    ratios = [statistics(each, exact, in_units=True)["signal_to_noise"] for each in draws]
    # clipped at zero, so the mean is a little above; without the correction it would be 1 / 20
    assert sum(ratios) / len(ratios) < 0.01
    resolved = [statistics(each, exact, in_units=True)["cosine"] for each in draws]
    assert any(math.isnan(each) for each in resolved)


def test_exact_gradient_is_the_derivative_of_the_likelihood() -> None:
    generator = torch.Generator().manual_seed(2)
    rows = torch.randn(300, 2, generator=generator, dtype=torch.float64)
    energy = MLPEnergy(rows.mean(0), rows.std(0), [6], generator=generator).double()
    with torch.no_grad():
        for parameter in energy.parameters():
            parameter.add_(0.3 * torch.randn(parameter.shape, generator=generator))
    gradient, log_z = exact_gradient(energy, rows)

    def negative_log_likelihood() -> float:
        return float(energy(rows).mean().detach()) + exact_gradient(energy, rows)[1]

    direction = torch.randn(gradient.shape, generator=generator, dtype=torch.float64)
    seen = [parameter for name, parameter in energy.named_parameters() if name != "network.2.bias"]
    parts = direction.split([parameter.numel() for parameter in seen])
    values = []
    for sign in (1.0, -1.0):
        with torch.no_grad():
            for parameter, part in zip(seen, parts, strict=True):
                parameter.add_(sign * 1e-4 * part.view_as(parameter))
        values.append(negative_log_likelihood())
        with torch.no_grad():
            for parameter, part in zip(seen, parts, strict=True):
                parameter.sub_(sign * 1e-4 * part.view_as(parameter))
    assert math.isfinite(log_z)
    assert (values[0] - values[1]) / 2e-4 == pytest.approx(float(direction @ gradient), rel=1e-5)


@pytest.fixture(scope="module")
def found() -> dict[tuple[int, str], Comparison]:
    task = api.task("2d/two-moons")
    cards = catalog.select_methods("mle-exact,mle-mcmc,cd,dsm,sm,nce")
    cards += set_in_methods(catalog.select_methods("cd"), [read_setting("cd.steps=1")])
    cards = [untuned(card) for card in cards]
    rows = compare_gradients(task, api.load_data(task), cards, SMALL, checkpoints=2, draws=100)
    return {(each.step, each.method): each for each in rows}


def test_the_oracle_points_where_the_likelihood_does(
    found: dict[tuple[int, str], Comparison],
) -> None:
    assert {step for step, _ in found} == {0, 30}
    for step in (0, 30):
        assert found[step, "mle-exact"].cosine > 0.99
        assert found[step, "mle-exact"].bias < 0.15


def test_short_chains_are_biased_and_long_ones_are_not(
    found: dict[tuple[int, str], Comparison],
) -> None:
    """At the start the model is a Gaussian, in which ten adapted steps mix and one does not."""
    assert found[0, "cd[steps=1]"].bias > 0.4
    assert found[0, "cd"].bias < 0.3
    assert found[0, "mle-mcmc"].bias < 0.2


def test_denoising_drowns_in_its_noise(found: dict[tuple[int, str], Comparison]) -> None:
    """Its variance goes as 1/σ², so a single gradient says least of all."""
    assert found[0, "dsm"].signal_to_noise < 0.1 * found[0, "sm"].signal_to_noise


def test_passes_are_those_of_the_objective(found: dict[tuple[int, str], Comparison]) -> None:
    assert found[0, "dsm"].passes == 2
    assert found[0, "nce"].passes == 2
    assert found[0, "sm"].passes == 2 + 4 * 2
    each = found[0, "sm"]
    assert each.signal_to_noise_per_pass == each.signal_to_noise / each.passes


def test_what_has_no_exact_gradient_is_refused() -> None:
    task = api.task("ica/5")
    data = api.load_data(task)
    cards = catalog.select_methods("dsm")
    with pytest.raises(EbmbenchError, match="has 5 dimensions; the exact gradient"):
        next(compare_gradients(task, data, cards, SMALL))
    with pytest.raises(EbmbenchError, match="'kde' is a reference and has no gradient"):
        next(compare_gradients(task, data, catalog.select_methods("kde"), SMALL))


def test_the_verb_writes_a_table_and_a_picture(tmp_path: Path) -> None:
    words = [
        "study",
        "gradients",
        "--task",
        "2d/two-moons",
        "--methods",
        "dsm,ssm",
        "--steps",
        "5",
    ]
    words += ["--draws", "4", "--checkpoints", "2", "--out", str(tmp_path)]
    result = CliRunner().invoke(app, words, standalone_mode=False)
    assert result.exception is None, result.output
    table = pd.read_csv(tmp_path / "2d-two-moons.csv")
    assert list(table["method"]) == ["dsm", "ssm"] * 2
    assert list(table["step"]) == [0, 0, 5, 5]
    assert "| dsm |" in (tmp_path / "2d-two-moons.md").read_text()
    assert (tmp_path / "2d-two-moons.png").stat().st_size > 10_000


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--draws", "1"], "--draws is 1; allowed: 2 and above"),
        (["--steps", "0"], "--steps is 0; allowed: 1 and above"),
    ],
)
def test_bad_numbers_are_refused(words: list[str], message: str, tmp_path: Path) -> None:
    base = ["study", "gradients", "--task", "2d/rings", "--out", str(tmp_path)]
    result = CliRunner().invoke(app, base + words, standalone_mode=False)
    assert isinstance(result.exception, EbmbenchError)
    assert str(result.exception) == message
