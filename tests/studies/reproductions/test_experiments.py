"""The theory that experiments compare with, and their choices, on tables made by hand."""

import math

import numpy as np
import pandas as pd
import pytest
import torch

from ebmbench import calculus
from ebmbench.energies.ica import ICAEnergy
from ebmbench.objectives.mle_exact import ExactMaximumLikelihood
from ebmbench.studies.reproductions import dkef, grathwohl, gutmann, nice, tutorial_limits
from ebmbench.studies.reproductions.base import make_experiment
from ebmbench.studies.reproductions.card import reproductions
from ebmbench.studies.reproductions.one_dimensional import PairEnergy
from ebmbench.studies.reproductions.smoothed import SmoothedICAEnergy


@pytest.mark.parametrize("nu", [0.5, 1.0, 10.0])
def test_theorem_3_with_noise_like_the_data_is_the_fisher_information(nu: float) -> None:
    """There the variance is ``1 + 1/ν`` times that of likelihood, which for a precision is 2."""
    assert tutorial_limits.theorem_3(nu, 1.0) == pytest.approx(2 * (1 + 1 / nu), rel=1e-6)


def test_theorem_3_tends_to_likelihood_whatever_the_noise() -> None:
    assert tutorial_limits.theorem_3(1e6, 3.0) == pytest.approx(2, rel=1e-3)


def test_a_pair_of_modes_is_normalised_and_weighted() -> None:
    x = torch.linspace(-15, 15, 6001, dtype=torch.float64)[:, None]
    density = (-PairEnergy(6.0, logit=math.log(4))(x)).exp().detach() * 0.005
    assert float(density.sum()) == pytest.approx(1)
    assert float(density[x[:, 0] > 0].sum()) == pytest.approx(0.8, abs=2e-3)


def test_medians_slopes_and_logarithms_of_errors() -> None:
    rows = [
        {"sources": 4, "rows": n, "nu": nu, "problem": k, "error": 10 * s / n, "seconds": 1.0}
        | {"normaliser_error": 1 / n if nu else np.nan}
        for n in (100, 1000, 10_000)
        for nu in (0.0, 1.0)
        for k, s in enumerate((0.5, 1.0, 4.0))
    ]
    experiment = make_experiment(reproductions()["gutmann2012-ica"], "smoke")
    measured = experiment.measure(pd.DataFrame(rows))
    assert measured["b/mle/d4/n100"].value == pytest.approx(-1)
    assert measured["c/nce-1/d4/n1000"].value == pytest.approx(-3)
    assert "c/mle/d4/n100" not in measured
    assert measured["slope/mle"].value == pytest.approx(-1)
    assert isinstance(experiment, gutmann.GutmannICA)


def test_every_method_of_the_trade_off_finds_the_sources() -> None:
    experiment = make_experiment(reproductions()["gutmann2012-ica"], "smoke")
    cells = [cell for cell in experiment.cells() if cell["sources"] == 10]
    assert {cell.get("method") for cell in cells} == {None, "importance", "sm"}
    rows = [cell | experiment.run(cell) for cell in cells if cell["problem"] == 0]
    measured = experiment.measure(pd.DataFrame(rows))
    likelihood = measured["b/mle/d10/n1000"].value
    assert likelihood < measured["b/nce-1/d10/n1000"].value
    assert likelihood < measured["b/importance-1/d10/n1000"].value < 1.5
    assert likelihood < measured["b/sm/d10/n1000"].value < 1.5


def test_importance_sampling_finds_the_exact_gradient_where_noise_is_plentiful() -> None:
    """At the truth the likelihood's gradient with the exact Z is that with Z from noise."""
    random = torch.Generator().manual_seed(0)
    demixing = torch.eye(2, dtype=torch.float64)
    energy = ICAEnergy(demixing, "logistic", torch.zeros(2).double(), torch.ones(2).double())
    rows = energy.sample(2000, random)
    gradients = []
    for objective in (gutmann.ImportanceSampledLikelihood(nu=200), ExactMaximumLikelihood()):
        state = objective.init(energy, rows, random)
        loss = objective.loss(energy, rows, state, random).loss
        gradients.append(torch.autograd.grad(loss, energy.demixing)[0])
    torch.testing.assert_close(*gradients, rtol=0, atol=0.02)


def test_the_smoothed_energy_is_that_of_laplace_sources_away_from_zero() -> None:
    demixing = torch.tensor([[1.0, 0.5], [-0.3, 2.0]], dtype=torch.float64)
    about = torch.zeros(2).double(), torch.ones(2).double()
    x = torch.tensor([[3.0, -1.0], [-3.0, -3.0]], dtype=torch.float64)
    smooth = SmoothedICAEnergy(demixing, *about)
    torch.testing.assert_close(
        smooth(x), ICAEnergy(demixing, "laplace", *about)(x), rtol=0, atol=1e-6
    )
    lattice = torch.linspace(-30, 30, 60_001, dtype=torch.float64)[:, None]
    one = SmoothedICAEnergy(torch.eye(1).double(), torch.zeros(1).double(), torch.ones(1).double())
    assert float(one.log_z().detach()) == pytest.approx(
        float((-one(lattice)).logsumexp(0).detach()) + math.log(1e-3), abs=1e-9
    )
    near = torch.tensor([[0.05, 0.02]], dtype=torch.float64)
    score, laplacian = calculus.score_and_laplacian(smooth, near)
    by_autograd = near.clone().requires_grad_(True)
    (slope,) = torch.autograd.grad(smooth(by_autograd).sum(), by_autograd)
    hessian = torch.autograd.functional.hessian(lambda x: smooth(x).sum(), near)
    torch.testing.assert_close(score, -slope)
    assert float(laplacian) == pytest.approx(-float(hessian.reshape(2, 2).trace()), rel=1e-9)


def test_the_learning_rate_is_chosen_by_validation_and_a_failure_is_never_chosen() -> None:
    table = pd.DataFrame(
        [
            {"dim": 5, "method": "mle", "learning_rate": rate, "seed": seed}
            | {"validation_regret": validation, "regret": regret}
            for rate, validation, regret in (
                (0.1, 0.3, 0.1),
                (0.2, 0.2, 0.5),
                (0.3, np.nan, np.nan),
            )
            for seed in (0, 1)
        ]
    )
    assert grathwohl._chosen(table)["regret"].tolist() == [0.5, 0.5]


def test_the_noise_of_denoising_is_chosen_per_task_by_validation_loss() -> None:
    table = pd.DataFrame(
        [
            {"task": task, "method": "dsm", "sigma": sigma, "seed": 0}
            | {"validation_sm_loss": loss, "test_sm_loss": -loss}
            for task, losses in (("a", (3.0, 1.0)), ("b", (1.0, 3.0)))
            for sigma, loss in zip((0.1, 0.2), losses, strict=True)
        ]
    )
    assert dkef._chosen(table)["sigma"].tolist() == [0.2, 0.1]


def test_both_rules_of_choice_on_images() -> None:
    table = pd.DataFrame(
        [
            {"task": "a", "method": "ssm", "learning_rate": rate, "seed": 0}
            | {"validation_log_likelihood": likelihood, "validation_sm_loss": loss}
            for rate, likelihood, loss in ((1e-4, -5.0, -1.0), (1e-3, -9.0, -8.0))
        ]
    )
    chosen = {
        rule: nice._chosen(table, column, sign)["learning_rate"].tolist()
        for rule, column, sign in nice.RULES
    }
    assert chosen == {"by-ll": [1e-4], "by-sm": [1e-3]}
