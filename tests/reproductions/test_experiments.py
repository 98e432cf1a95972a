"""The theory that experiments compare with, and their choices, on tables made by hand."""

import math

import numpy as np
import pandas as pd
import pytest
import torch

from ebmbench.reproductions import dkef, grathwohl, gutmann, nice, tutorial
from ebmbench.reproductions.base import make_experiment
from ebmbench.reproductions.card import reproductions
from ebmbench.reproductions.one_dimensional import PairEnergy


@pytest.mark.parametrize("nu", [0.5, 1.0, 10.0])
def test_theorem_3_with_noise_like_the_data_is_the_fisher_information(nu: float) -> None:
    """There the variance is ``1 + 1/ν`` times that of likelihood, which for a precision is 2."""
    assert tutorial._theorem_3(nu, 1.0) == pytest.approx(2 * (1 + 1 / nu), rel=1e-6)


def test_theorem_3_tends_to_likelihood_whatever_the_noise() -> None:
    assert tutorial._theorem_3(1e6, 3.0) == pytest.approx(2, rel=1e-3)


def test_a_pair_of_modes_is_normalised_and_weighted() -> None:
    x = torch.linspace(-15, 15, 6001, dtype=torch.float64)[:, None]
    density = (-PairEnergy(6.0, logit=math.log(4))(x)).exp().detach() * 0.005
    assert float(density.sum()) == pytest.approx(1)
    assert float(density[x[:, 0] > 0].sum()) == pytest.approx(0.8, abs=2e-3)


def test_medians_slopes_and_logarithms_of_errors() -> None:
    rows = [
        {"sources": 4, "rows": n, "nu": nu, "problem": k, "error": 10 * s / n, "seconds": 1.0}
        | {"normaliser_error": 1 / n if nu else np.nan}
        for n in (100, 1000)
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
