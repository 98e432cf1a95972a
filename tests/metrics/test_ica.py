"""Errors of a demixing matrix."""

import numpy as np
import pytest
import torch

from ebmbench.datasets.base import Dataset
from ebmbench.energies.ica import ICAEnergy
from ebmbench.metrics.base import Evaluation
from ebmbench.metrics.ica import amari, amari_distance, demixing_error, squared_error


@pytest.fixture
def rng() -> np.random.Generator:
    return np.random.default_rng(0)


def test_amari_distance_ignores_order_sign_and_scale(rng) -> None:
    true = rng.normal(size=(5, 5))
    found = np.diag(rng.normal(size=5)) @ rng.permutation(true)
    assert amari(found, true) == pytest.approx(0, abs=1e-9)


def test_amari_distance_by_hand() -> None:
    # P = [[1, ½], [0, 1]]: rows give ½ + 0, columns 0 + ½
    assert amari(np.array([[1.0, 0.5], [0.0, 1.0]]), np.eye(2)) == pytest.approx(1 / 4)
    assert amari(np.ones((4, 4)), np.eye(4)) == pytest.approx(1)


def test_squared_error_ignores_order_and_sign_only(rng) -> None:
    true = rng.normal(size=(6, 6))
    signs = np.diag(rng.choice([-1.0, 1.0], size=6))
    assert squared_error(signs @ rng.permutation(true), true) == pytest.approx(0, abs=1e-20)
    assert squared_error(2 * true, true) == pytest.approx(float((true**2).sum()))


def test_squared_error_is_the_least_over_all_matchings(rng) -> None:
    from itertools import permutations, product

    found, true = rng.normal(size=(2, 3, 3))
    best = min(
        float(((found - np.diag(signs) @ true[list(order)]) ** 2).sum())
        for order in permutations(range(3))
        for signs in product([-1.0, 1.0], repeat=3)
    )
    assert squared_error(found, true) == pytest.approx(best)


def test_small_errors_do_not_cancel(rng) -> None:
    true = rng.normal(size=(4, 4))
    assert squared_error(true + 1e-7, true) == pytest.approx(16e-14, rel=1e-4)


def test_metrics_read_the_energy_and_the_truth(card) -> None:
    true = torch.tensor([[1.0, 0.0], [0.0, 2.0]])
    model = ICAEnergy(torch.tensor([[0.0, -2.0], [1.5, 0.0]]), "logistic", true[0], true[1] + 1)
    rows = torch.zeros(3, 2)
    data = Dataset(rows, rows, rows, demixing=true)
    made = Evaluation(model, data, card("exact"), 0, None, 0)
    assert amari_distance(made).value == pytest.approx(0)
    assert demixing_error(made).value == pytest.approx(0.25)
    blind = Evaluation(model, Dataset(rows, rows, rows), card("exact"), 0, None, 0)
    assert amari_distance(blind) is None
    assert demixing_error(blind) is None
