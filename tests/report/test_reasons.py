"""What the report says about a cell is computed from the runs behind it."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest
import torch

from ebmbench import catalog
from ebmbench.datasets.mixture import GaussianMixture, spherical_mixture
from ebmbench.records import Curve, CurvePoint, Record, Status, read_records
from ebmbench.report.figures.learned import true_density
from ebmbench.report.stats.reasons import explain, findings, make_notes
from ebmbench.report.stats.smoothing import Asked, InWhite, predicted_loss, smoothing_loss

Make = Callable[..., Record]
RESULTS = Path(__file__).parents[2] / "results"


def with_curve(
    record: Record, points: Sequence[tuple[int, float | None]], **info: float
) -> Record:
    curve = [
        CurvePoint(step=step, seconds=0.0, loss=0.0, log_likelihood=value, info=info)
        for step, value in points
    ]
    return record.model_copy(update={"curve": Curve(curve)})


def flat(record: Record, **info: float) -> Record:
    """Return a record whose curve has come to rest."""
    return with_curve(record, [(1, -4.0), (50, -2.5), (100, -2.5)], **info)


def test_over_trained_says_the_best_step_and_what_was_lost(make: Make) -> None:
    run = with_curve(make("2d/rings", "nce", 0, -3.0), [(1, -4.0), (10, -2.5), (100, -3.25)])
    assert explain([run]) == "over-trained: best at step 10, 0.75 nats lost since"


def test_under_trained_says_the_gain_per_doubling(make: Make) -> None:
    points = [(k, -4.0 + 0.25 * n) for n, k in enumerate((1, 2, 4, 8, 16, 32))]
    run = with_curve(make("2d/rings", "nce", 0, -3.0), points)
    assert explain([run]) == (
        "under-trained: still gaining 0.25 nats per doubling of the steps at the end"
    )


def test_a_run_that_only_got_worse_is_not_called_over_trained(make: Make) -> None:
    run = with_curve(make("2d/rings", "nce", 0, -3.0), [(1, -2.5), (10, -3.0), (100, -3.5)])
    assert explain([run]) == "worse than at its first point, step 1, by 1 nats"


def test_dead_chains_are_told_where_the_mean_acceptance_hides_them(make: Make) -> None:
    run = flat(make("2d/rings", "pcd", 0, -3.0), acceptance=0.49, dead_chains=0.28)
    assert explain([run]) == "dead chains: 28 % never moved in the last step"
    few = flat(make("2d/rings", "pcd", 0, -3.0), acceptance=0.49, dead_chains=0.09)
    assert explain([few]) == "unknown"
    still = flat(make("2d/rings", "pcd", 0, -3.0), acceptance=0.1, dead_chains=0.9)
    assert explain([still]) == "chains did not move: acceptance 0.1 at the end"


def test_chains_that_did_not_move_and_modes_of_wrong_weight(make: Make) -> None:
    run = flat(make("2d/rings", "cd", 0, -3.0), acceptance=0.067)
    assert explain([run]) == "chains did not move: acceptance 0.067 at the end"
    wrong = run.metrics["regret"].model_copy(update={"value": 0.348, "unit": "share"})
    metrics = run.metrics | {"mode_weight_error": wrong}
    run = flat(run.model_copy(update={"metrics": metrics}), acceptance=0.57)
    assert explain([run]) == "wrong weights of modes: 35 % of the mass"


@pytest.mark.parametrize(
    ("distance", "nats", "stderr", "said"),
    [
        (33.4, 2750.0, 1.0, "no rows: its samples are at an energy distance of 33"),
        (0.14, 6.7, 0.5, "a wrong temperature: 6.7 nats by that alone"),
        (0.14, 6.7, 4.0, "unknown"),
        (0.14, 0.09, 0.01, "unknown"),
    ],
)  # fmt: skip
def test_samples_tell_where_no_truth_is_known(
    distance: float, nats: float, stderr: float, said: str, make: Make
) -> None:
    run = flat(make("uci/wine", "cd", 0, -17.0, optimum=None))
    number = run.metrics["log_likelihood"]
    metrics = run.metrics | {
        "energy_distance": number.model_copy(update={"value": distance}),
        "temperature_calibration": number.model_copy(update={"value": nats, "stderr": stderr}),
    }
    run = run.model_copy(update={"metrics": metrics})
    assert explain([run]).endswith(said)
    wrong = number.model_copy(update={"value": 0.3, "unit": "share"})
    run = run.model_copy(update={"metrics": metrics | {"mode_weight_error": wrong}})
    # Samples of modes with wrong weights are away from the rows for that reason.
    assert explain([run]) == "wrong weights of modes: 30 % of the mass"


def test_what_shows_nothing_is_unknown_and_the_card_is_not_asked(make: Make) -> None:
    run = flat(make("2d/rings", "nce", 0, -3.0))
    assert run.method_card.assumptions
    assert explain([run]) == "unknown"
    assert explain([run.model_copy(update={"curve": Curve()})]) == "unknown"


def test_seeds_join_to_ranges_and_say_how_many_they_are(make: Make) -> None:
    runs = [
        with_curve(make("2d/rings", "nce", seed, -3.0), [(1, -4.0), (step, -2.5), (99, -2.5 - f)])
        for seed, (step, f) in enumerate([(10, 0.75), (20, 2.25), (30, 0.0)])
    ]
    assert explain(runs) == (
        "over-trained: best at step 10 to 20, 0.75 to 2.2 nats lost since (2 of 3 seeds)"
    )


def test_refused_numbers_say_every_check_with_its_numbers(make: Make) -> None:
    notes = (
        "AIS refused: two standard errors are 6.1 nats, more than 5; the two initial laws differ "
        "by 12 nats, more than 5",
        "AIS refused: two standard errors are 9.3 nats, more than 5",
    )
    runs = []
    for seed, note in enumerate(notes):
        run = flat(make("uci/wine", "nce", seed, -13.0, optimum=None, certified=False))
        number = run.metrics["log_likelihood"].model_copy(update={"note": note})
        runs.append(run.model_copy(update={"metrics": {"log_likelihood": number}}))
    assert explain(runs) == (
        "refused: two standard errors are 6.1 to 9.3 nats, more than 5; the two initial "
        "laws differ by 12 nats, more than 5 (1 of 2 seeds)"
    )
    assert make_notes(runs, "log_likelihood") == [
        "refused: uci/wine × nce: the two initial laws differ by 12 nats, more than 5",
        "refused: uci/wine × nce: two standard errors are 6.1 to 9.3 nats, more than 5",
    ]


def test_a_run_that_left_every_range_is_told_as_diverged(make: Make) -> None:
    run = with_curve(make("2d/rings", "pcd", 0, -900.0), [(1, -3.5), (100, -900.0)])
    (note,) = make_notes([run], "log_likelihood")
    assert note.startswith("diverged: 2d/rings × pcd: the validation log-likelihood is -900.0")
    assert explain([run]).startswith("diverged: the validation log-likelihood")
    failed = make("2d/rings", "pcd", 0, status=Status.TIMEOUT, message="took 9 s")
    assert explain([failed]) == "timeout: took 9 s"


@pytest.mark.parametrize("ratio", [0.02, 0.1, 1.0])
def test_smoothing_a_gaussian_in_the_plane_costs_what_the_formula_says(ratio: float) -> None:
    truth = spherical_mixture(torch.ones(1), torch.zeros(1, 2, dtype=torch.float64), 0.7)
    noise = torch.full((2,), 0.7 * ratio**0.5)
    exact = math.log1p(ratio) + 1 / (1 + ratio) - 1
    assert smoothing_loss(truth, noise) == pytest.approx(exact, rel=5e-3)


def test_in_white_coordinates_the_noise_has_the_shape_of_the_data() -> None:
    """Of a Gaussian the cost is that of the isotropic case, however thin it is."""
    covariance = torch.tensor([[[4.0, 1.9], [1.9, 1.0]]], dtype=torch.float64)
    truth = GaussianMixture(torch.ones(1), torch.tensor([[3.0, -1.0]]), covariance)
    rows = truth.sample(200_000, torch.Generator().manual_seed(1))
    white = InWhite(truth, rows)
    drawn = white.sample(50_000, torch.Generator().manual_seed(2))
    assert torch.allclose(torch.cov(drawn.T), torch.eye(2).double(), atol=0.02)
    u = drawn[:9].requires_grad_()
    (gradient,) = torch.autograd.grad(white.log_prob(u).sum(), u)
    assert torch.allclose(gradient, white.score(u))
    exact = math.log1p(0.1) + 1 / 1.1 - 1
    ones = torch.ones(2, dtype=torch.float64)
    assert smoothing_loss(white, 0.1**0.5 * ones) == pytest.approx(exact, rel=5e-3)
    # By the deviations of the columns the thin direction is blurred away.
    assert (smoothing_loss(truth, 0.1**0.5 * rows.std(0)) or 0) > 10 * exact


@pytest.mark.parametrize(("ratio", "valid"), [(0.02, True), (0.05, True), (1.0, False)])
def test_above_the_plane_the_second_order_is_used_where_it_is_valid(
    ratio: float, valid: bool
) -> None:
    truth = spherical_mixture(torch.ones(1), torch.zeros(1, 6, dtype=torch.float64), 1.0)
    found = smoothing_loss(truth, torch.full((6,), ratio**0.5))
    exact = 3 * (math.log1p(ratio) + 1 / (1 + ratio) - 1)
    assert (found is not None) == valid
    if found is not None:
        assert found == pytest.approx(exact, rel=0.25)


@pytest.mark.slow
def test_denoising_loses_in_the_published_runs_what_its_noise_predicts() -> None:
    compared = 0
    for run in read_records(RESULTS / "2026-11"):
        loss = predicted_loss(run.task_card, run.method_card, run.seed)
        assert (loss is not None) == (run.method == "dsm" and run.task_card.family == "2d")
        if loss is not None and loss > 0.05:
            measured = run.metrics["regret"].value
            assert loss - 2 * (run.metrics["regret"].stderr or 0) < measured < 1.2 * loss
            assert "smoothed by its noise" in explain([run])
            compared += 1
    assert compared == 8


def test_only_objectives_that_add_noise_are_said_to_be_smoothed(make: Make) -> None:
    kinds = {finding.kind for finding in findings(flat(make("2d/rings", "ed", 0, -3.0)))}
    assert "smoothed" not in kinds


@pytest.mark.parametrize("seed", [3])
def test_what_is_kept_for_all_seeds_is_the_same_for_all(seed: int) -> None:
    kept = []
    for card in catalog.select_tasks("2d/*,known/*,ica/10,ica/10-outliers"):
        if Asked(card, 0.1, seed, white=False).seed == seed:
            continue
        first, other = (true_density(card, each) for each in (0, seed))
        assert first is not None
        assert other is not None
        x = first.sample(50, torch.Generator().manual_seed(1))
        assert torch.equal(first.log_prob(x), other.log_prob(x)), card.name
        kept.append(card.name)
    assert {"2d/rings", "2d/rings-outliers", "known/mixture-8"} <= set(kept)
    assert not {"ica/10", "ica/10-outliers"} & set(kept)
