"""The promises of every estimator on every case; in CI a few that take seconds."""

import math
import pickle

import pytest
import torch

from ebmbench.energies.funnel import FunnelEnergy
from ebmbench.partition import quadrature
from ebmbench.studies.validation.cases import CASES, ESTIMATORS, sampled
from ebmbench.studies.validation.models import exact_log_z
from ebmbench.studies.validation.refusals import REFUSALS, run_refusal
from ebmbench.studies.validation.trials import Row, Trial, problems, run_row

REPEATS = 2
QUICK = {
    ("gaussian-2 by quadrature", "quadrature"),
    ("mixture-2 separated by quadrature", "quadrature"),
    ("funnel-2 by quadrature", "quadrature"),
    ("gaussian-10", "importance"),
    ("gaussian-10", "adaptive"),
    ("mixture-10 separated", "smc"),
    ("funnel-2", "bdmc"),
    ("ica-5", "raise"),
}
QUICK_REFUSALS = ("smc", "importance", "bdmc", "quadrature")
PAIRS = [(case.name, estimator) for case in CASES.values() for estimator in case.repeats]


@pytest.mark.parametrize(
    ("case", "estimator"),
    [
        pytest.param(*pair, marks=[] if pair in QUICK else pytest.mark.statistical)
        for pair in PAIRS
    ],
)
def test_promises_are_kept(case: str, estimator: str) -> None:
    row = run_row(case, estimator, REPEATS)
    assert problems(row) == []
    if estimator == "quadrature":
        assert row.certified == len(row.trials)


@pytest.mark.parametrize(
    "index",
    [
        pytest.param(k, marks=[] if r.estimator in QUICK_REFUSALS else pytest.mark.statistical)
        for k, r in enumerate(REFUSALS)
    ],
    ids=lambda k: f"{REFUSALS[k].estimator}-{k}",
)
def test_hard_cases_are_refused(index: int) -> None:
    outcome = run_refusal(index)
    assert outcome.refused, outcome.note


def test_quick_pairs_exist() -> None:
    assert set(PAIRS) >= QUICK
    assert {estimator for _, estimator in PAIRS} == set(ESTIMATORS)


def test_the_far_minimum_is_found_where_quadrature_can_see_it() -> None:
    from ebmbench.studies.validation.refusals import round_modes

    found = quadrature(round_modes(2, [0.0, 20.0], [0.2, 0.8]))
    assert found.certified
    assert found.log_z == pytest.approx(0.0, abs=1e-4)


@pytest.mark.parametrize("name", ["gaussian-50", "funnel-10", "ica-5", "nice-64"])
def test_samples_have_the_moments_that_the_score_demands(name: str) -> None:
    """Stein: E[x · ∇log p] = -d for samples of p, whatever p is."""
    energy = CASES[name].build().requires_grad_(False)
    x = sampled(energy).draw(20_000, torch.Generator().manual_seed(0)).requires_grad_(True)
    (slope,) = torch.autograd.grad(energy(x).sum(), x)
    terms = (x * slope).detach().sum(1)
    noise = float(terms.std()) / math.sqrt(len(terms))
    assert float(terms.mean()) == pytest.approx(energy.dim, abs=4 * noise)


def test_the_funnel_is_normalised() -> None:
    energy = FunnelEnergy(2, 1.0)
    assert exact_log_z(energy) == 0.0
    x = torch.tensor([[0.3, -1.2]], dtype=torch.float64)
    first = torch.distributions.Normal(0.0, 1.0).log_prob(x[:, 0])
    second = torch.distributions.Normal(0.0, math.exp(0.15)).log_prob(x[:, 1])
    assert float(energy(x)) == pytest.approx(-float(first + second))


def trial(error: float, stderr: float = 0.01, certified: bool = True, **ends: float) -> Trial:
    given = {"lower": None, "upper": None, "point": None, "point_stderr": None} | ends
    return Trial(error=error, stderr=stderr, certified=certified, note="", seconds=1.0, **given)


def row(*trials: Trial) -> Row:
    return Row("case", "estimator", 2, 0.0, 0.1, trials)


def test_broken_promises_are_named() -> None:
    assert problems(row(*[trial(0.001)] * 20)) == []
    assert problems(row(trial(0.5))) == ["certified with an error of 0.5 nats"]
    assert problems(row(trial(0.5, certified=False))) == []
    missed = problems(row(*[trial(0.05)] * 10, *[trial(0.0)] * 10))
    assert missed == ["intervals cover the truth in 10 of 20 certified repeats"]
    wrong = [trial(0.0, lower=0.02 + 0.001 * k, certified=False) for k in range(8)]
    assert problems(row(*wrong)) == ["the lower end is on the wrong side of the truth in the mean"]
    wrong = [trial(0.0, upper=-0.02 - 0.001 * k, certified=False) for k in range(8)]
    assert problems(row(*wrong)) == ["the upper end is on the wrong side of the truth in the mean"]


def test_a_wide_bracket_covers_and_a_bound_covers_on_its_side() -> None:
    assert row(trial(0.2, lower=-0.1, upper=0.2)).covered == 1
    assert row(trial(0.2, lower=0.15, upper=0.2)).covered == 0
    assert row(trial(5.0, upper=5.0)).covered == 1
    assert row(trial(-5.0, upper=-5.0)).covered == 0


def test_the_bracket_of_annealing_is_the_interval_of_refused_numbers_too() -> None:
    def annealed(*trials: Trial) -> Row:
        return Row("case", "adaptive", 2, 0.0, 0.1, trials)

    assert annealed(trial(0.05, stderr=1.0, lower=0.02, upper=0.06)).covered == 0
    wrong = [trial(0.5, lower=0.3, upper=0.6 + 0.01 * k, certified=False) for k in range(8)]
    assert "intervals cover the truth in 0 of 8 repeats" in problems(annealed(*wrong))


def test_rows_travel_between_processes() -> None:
    made = row(trial(0.1))
    assert pickle.loads(pickle.dumps(made)) == made
