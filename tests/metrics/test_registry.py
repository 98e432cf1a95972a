"""Properties of every registered metric."""

import math
import subprocess
import sys

import pytest
import torch

from ebmbench.errors import EbmbenchError
from ebmbench.metrics.evaluate import evaluate
from ebmbench.metrics.registry import METRICS, find_metric, find_metrics


def test_every_metric_is_described_once() -> None:
    for name in METRICS:
        metric = find_metric(name)
        assert name == metric.name
        assert metric.definition.endswith(".")
        assert metric.unit


def test_descriptions_need_no_torch() -> None:
    code = "import sys, ebmbench.metrics.registry; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_all_metrics_run_share_work_and_repeat(mixture, evaluation) -> None:
    truth = mixture([[-1.0, 0.0], [1.0, 0.0]], 0.4)
    made = evaluation(truth, mixture([[-1.0, 0.0], [1.0, 0.0]], 0.5), effort=0, learned=0.0)
    found = evaluate(made, find_metrics(METRICS))
    absent = {"bits_per_dim", "amari_distance", "demixing_error", "ood_auroc"}
    of_levels = {"ladder_log_z_error", "inconsistency", "ode_log_likelihood"}
    assert set(found) == set(METRICS) - absent - of_levels
    assert all(m.certified and math.isfinite(m.value) for m in found.values())
    assert {"log_z", "test_log_density", "samples"} <= set(made.memo)
    again = evaluation(truth, mixture([[-1.0, 0.0], [1.0, 0.0]], 0.5), effort=0, learned=0.0)
    assert evaluate(again, find_metrics(reversed(list(METRICS)))) == found


def test_a_number_that_is_not_finite_is_refused(mixture, evaluation) -> None:
    truth = mixture([[0.0, 0.0]], 1.0)
    made = evaluation(truth, truth, constant=None, rows=50)
    made.energy.constants.fill_(torch.nan)
    found = evaluate(made, find_metrics(["log_likelihood"]))["log_likelihood"]
    assert not found.certified
    assert found.note.startswith("refused: the value is nan")


def test_an_unknown_metric_is_named() -> None:
    with pytest.raises(EbmbenchError, match="unknown metric 'regrets'; did you mean 'regret'"):
        find_metric("regrets")
