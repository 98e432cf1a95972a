"""Metrics that compare densities, against closed forms."""

import math

import pytest
import torch
from scipy.stats import norm

from ebmbench.energies.ica import ICAEnergy
from ebmbench.errors import EbmbenchError
from ebmbench.metrics.base import Evaluation
from ebmbench.metrics.density_tables import truth_and_model
from ebmbench.metrics.divergences import (
    hellinger,
    kl_divergence,
    mode_weight_error,
    total_variation,
)
from ebmbench.metrics.fisher import (
    fisher_divergence,
    hyvarinen_score,
    smoothed_divergence,
    smoothed_fisher_divergence,
)
from ebmbench.metrics.likelihood import (
    bits_per_dim,
    cheap_log_likelihood,
    log_likelihood,
    log_z_error,
    regret,
)

MEAN, STD = [0.4, -0.3], 1.4
"""Of the model; the truth is standard normal."""


def gaussian_kl(d: int, mean: list[float], std: float) -> float:
    square = sum(m * m for m in mean)
    return d * math.log(std) + (d + square) / (2 * std**2) - d / 2


@pytest.fixture
def pair(mixture, evaluation) -> Evaluation:
    return evaluation(mixture([[0.0, 0.0]], 1.0), mixture([MEAN], STD))


def test_log_likelihood_is_that_of_the_normalised_model(pair) -> None:
    found = log_likelihood(pair)
    rows = -pair.energy.mixture(pair.dataset.test.double())
    assert found.certified
    assert found.value == pytest.approx(float(rows.mean()), abs=1e-6)
    assert found.stderr == pytest.approx(float(rows.std()) / math.sqrt(len(rows)))
    assert found.lower <= found.value <= found.upper


def test_the_error_of_log_z_is_added_to_that_of_the_rows(mixture, evaluation) -> None:
    truth = mixture([[0.0] * 5], 1.0)
    made = evaluation(truth, mixture([[0.3] * 5], 1.2), log_z="ais", constant=-4.0)
    found = log_likelihood(made)
    rows = -made.energy.mixture(made.dataset.test.double())
    over_rows = float(rows.std()) / math.sqrt(len(rows))
    assert found.certified, found.note
    assert found.value == pytest.approx(float(rows.mean()), abs=0.1)
    assert found.stderr > over_rows
    assert found.lower <= found.value <= found.upper
    # the largest estimate of log Z gives the headline, Bennett's the point; the bracket is wider
    assert found.lower < found.value <= found.point + 0.02 <= found.upper + 0.02
    assert found.point == pytest.approx(float(rows.mean()), abs=0.02)
    assert over_rows < found.point_stderr < found.stderr


def test_exact_log_z_is_used_where_it_is_known(mixture, evaluation) -> None:
    truth = mixture([[0.0] * 20], 1.0)
    found = log_likelihood(evaluation(truth, truth, log_z="ais", constant=None))
    assert found.note == "log Z is known in closed form"
    assert found.lower == found.value == found.upper
    assert found.point is None


def test_a_card_that_promises_exact_log_z_wrongly(mixture, evaluation) -> None:
    truth = mixture([[0.0, 0.0]], 1.0)
    with pytest.raises(EbmbenchError, match=r"metrics\.log_z is 'exact' but the energy does not"):
        log_likelihood(evaluation(truth, truth, log_z="exact"))


def test_regret_is_the_paired_difference(pair) -> None:
    found = regret(pair)
    expected = gaussian_kl(2, MEAN, STD)
    assert found.value == pytest.approx(expected, abs=4 * found.stderr)
    rows = pair.dataset.test.double()
    paired = pair.dataset.truth.log_prob(rows) + pair.energy.mixture(rows)
    assert found.stderr == pytest.approx(float(paired.std()) / math.sqrt(len(rows)))


def test_regret_of_the_truth_is_zero(mixture, evaluation) -> None:
    truth = mixture([[0.0, 0.0], [3.0, 0.0]], 0.5)
    assert regret(evaluation(truth, truth)).value == pytest.approx(0, abs=1e-6)


def test_bits_per_dim_by_hand(mixture, evaluation) -> None:
    truth = mixture([[0.0, 0.0]], 1.0)
    log_det = torch.linspace(-1, 3, 2000)
    made = evaluation(truth, truth, test_log_det=log_det)
    found = bits_per_dim(made)
    expected = -(log_likelihood(made).value + float(log_det.mean())) / (2 * math.log(2))
    assert found.value == pytest.approx(expected)
    assert found.lower <= found.value <= found.upper


def test_error_of_a_learned_log_z(mixture, evaluation) -> None:
    truth = mixture([[0.0, 0.0]], 1.0)
    found = log_z_error(evaluation(truth, truth, constant=1.3, learned=-1.0))
    assert found.value == pytest.approx(0.3, abs=1e-6)


def test_metrics_without_meaning_return_nothing(mixture, evaluation) -> None:
    truth = mixture([[0.0, 0.0]], 1.0)
    made = evaluation(truth, truth, known=False)
    for metric in (regret, fisher_divergence, smoothed_fisher_divergence, bits_per_dim):
        assert metric(made) is None
    for metric in (log_z_error, kl_divergence, total_variation, hellinger):
        assert metric(made) is None


def test_cheap_log_likelihood_agrees_with_quadrature(mixture, evaluation, card) -> None:
    truth = mixture([[2.0, 0.0], [-1.0, 1.7], [-1.0, -1.7]], 0.35)
    made = evaluation(truth, truth)
    cheap = cheap_log_likelihood(made.energy, made.dataset.test, card("quadrature"))
    assert cheap == pytest.approx(log_likelihood(made).value, abs=1e-4)
    assert cheap_log_likelihood(made.energy, made.dataset.test, card("ais")) is None
    assert cheap_log_likelihood(truth, made.dataset.test, card("ais")) is not None


def test_fisher_divergence_of_two_gaussians(pair) -> None:
    found = fisher_divergence(pair)
    slope, shift = 1 - STD**-2, sum(m * m for m in MEAN) / STD**4
    assert found.value == pytest.approx(0.5 * (2 * slope**2 + shift), abs=4 * found.stderr)


def test_hyvarinen_score_is_the_fisher_divergence_up_to_the_data(mixture, evaluation) -> None:
    truth = mixture([[0.0, 0.0]], 1.0)
    models = [truth, mixture([MEAN], STD)]
    made = [evaluation(truth, model, rows=20_000) for model in models]
    scores = [hyvarinen_score(e) for e in made]
    difference = scores[1].value - scores[0].value
    divergence = fisher_divergence(made[1])
    assert difference == pytest.approx(divergence.value, abs=4 * scores[1].stderr)
    # ½‖x‖² - d at the truth
    rows = made[0].dataset.test.double()
    assert scores[0].value == pytest.approx(float(0.5 * rows.square().sum(1).mean() - 2), 1e-6)


def test_hyvarinen_score_needs_a_smooth_energy(pair) -> None:
    laplace = ICAEnergy(torch.eye(2), "laplace", torch.zeros(2), torch.ones(2))
    made = Evaluation(laplace, pair.dataset, pair.card, 1, None, 0)
    assert hyvarinen_score(made) is None


@pytest.mark.parametrize("sigma", [0.3, 1.0])
def test_smoothing_two_gaussians_gives_two_wider_gaussians(pair, sigma: float) -> None:
    # p_σ = N(0, a I) and q_σ = N(m, b I)
    a, b = 1 + sigma**2, STD**2 + sigma**2
    square = sum(m * m for m in MEAN)
    expected = 0.5 * (2 * a * (1 / a - 1 / b) ** 2 + square / b**2)
    found = smoothed_divergence(*truth_and_model(pair), sigma)
    assert found == pytest.approx(expected, rel=1e-3)


def test_only_the_smoothed_divergence_sees_the_weights_of_modes(mixture, evaluation) -> None:
    means = [[-3.0, 0.0], [3.0, 0.0]]
    made = evaluation(mixture(means, 0.3, [0.5, 0.5]), mixture(means, 0.3, [0.9, 0.1]))
    assert fisher_divergence(made).value < 1e-6
    smoothed = smoothed_fisher_divergence(made)
    assert smoothed.certified
    assert smoothed.value > 0.01


def test_a_table_that_is_too_coarse_is_refused(mixture, evaluation) -> None:
    means = [[-30.0, 0.0], [31.7, 0.3]]
    made = evaluation(mixture(means, 0.02), mixture(means, 0.03), constant=None, effort=0)
    assert not smoothed_fisher_divergence(made).certified
    assert not kl_divergence(made).certified


def test_divergences_of_two_gaussians(pair) -> None:
    assert kl_divergence(pair).value == pytest.approx(gaussian_kl(2, MEAN, STD), abs=1e-4)
    square = sum(m * m for m in MEAN)
    overlap = 2 * STD / (1 + STD**2) * math.exp(-square / (4 * (1 + STD**2)))
    assert hellinger(pair).value == pytest.approx(math.sqrt(1 - overlap), abs=1e-4)


def test_total_variation_of_two_shifted_gaussians(mixture, evaluation) -> None:
    made = evaluation(mixture([[0.0, 0.0]], 1.0), mixture([[0.6, 0.8]], 1.0))
    assert total_variation(made).value == pytest.approx(2 * norm.cdf(0.5) - 1, abs=1e-3)


def test_total_variation_counts_mass_outside_the_table(mixture, evaluation) -> None:
    model = mixture([[0.0, 0.0], [12.0, 0.0]], 1.0, [0.75, 0.25])
    made = evaluation(mixture([[0.0, 0.0]], 1.0), model)
    assert total_variation(made).value == pytest.approx(0.25, abs=1e-3)


def test_mode_weight_error_is_total_variation_of_weights(mixture, evaluation) -> None:
    means = [[-3.0, 0.0], [3.0, 0.0], [0.0, 5.0]]
    made = evaluation(mixture(means, 0.3, [0.7, 0.2, 0.1]), mixture(means, 0.3, [0.4, 0.3, 0.3]))
    assert mode_weight_error(made).value == pytest.approx(0.3, abs=1e-3)
