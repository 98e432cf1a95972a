"""What changed between two folders."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from ebmbench.errors import EbmbenchError
from ebmbench.records import Record, Status
from ebmbench.report.stats.changes import Verdict, compare, totals

Make = Callable[..., Record]
TASK = "2d/rings"
BEFORE = (-3.0, -3.2, -3.1)


def runs(make: Make, values: tuple[float, ...]) -> list[Record]:
    return [make(TASK, "dsm", seed, value) for seed, value in enumerate(values)]


@pytest.mark.parametrize(
    ("after", "verdict"),
    [
        ((-2.5, -2.71, -2.6), Verdict.BETTER),
        ((-3.5, -3.71, -3.6), Verdict.WORSE),
        (BEFORE, Verdict.SAME),
        ((-2.0, -4.0, -3.1), Verdict.UNCLEAR),
        ((-2.9,), Verdict.UNCLEAR),
    ],
)
def test_verdicts(after: tuple[float, ...], verdict: Verdict, make: Make) -> None:
    (change,) = compare(runs(make, BEFORE), runs(make, after))
    assert change.verdict is verdict


def test_losing_a_seed_is_worse_and_gaining_one_better(make: Make) -> None:
    broken = [*runs(make, BEFORE[:2]), make(TASK, "dsm", 2, status=Status.DIVERGED)]
    (change,) = compare(runs(make, BEFORE), broken)
    assert change.verdict is Verdict.WORSE
    assert change.words == "3 of 3 seeds have a number → 2"
    (change,) = compare(broken, runs(make, BEFORE))
    assert change.verdict is Verdict.BETTER


def test_a_cost_that_falls_is_better(make: Make) -> None:
    (change,) = compare(runs(make, BEFORE), runs(make, BEFORE), "train_seconds")
    assert change.verdict is Verdict.SAME
    faster = [
        record.model_copy(
            update={"cost": record.cost.model_copy(update={"train_seconds": 1.0 - 0.01 * k})}
        )
        for k, record in enumerate(runs(make, BEFORE))
        if record.cost is not None
    ]
    (change,) = compare(runs(make, BEFORE), faster, "train_seconds")
    assert change.verdict is Verdict.BETTER


def test_another_version_is_not_compared(make: Make) -> None:
    newer = [
        record.model_copy(update={"task_version": record.task_version + 1})
        for record in runs(make, BEFORE)
    ]
    (change,) = compare(runs(make, BEFORE), newer)
    assert change.verdict is Verdict.INCOMPARABLE


def test_what_cannot_be_compared_is_refused(make: Make) -> None:
    before = runs(make, BEFORE)
    with pytest.raises(EbmbenchError, match="did you mean 'log_likelihood'"):
        compare(before, before, "log_likelihod")
    with pytest.raises(EbmbenchError, match="no pair of task and method in common"):
        compare(before, [make(TASK, "ssm", 0, -3.0)])
    with pytest.raises(EbmbenchError, match="preset 'smoke', the second 'full'"):
        compare(before, [make(TASK, "dsm", 0, -3.0, preset="full")])


def test_a_refused_number_is_judged_by_its_bracket(make: Make) -> None:
    before = runs(make, BEFORE)
    higher = [make(TASK, "dsm", k, v + 1.0, certified=False, upper=v + 2.0)
              for k, v in enumerate(BEFORE)]  # fmt: skip
    (change,) = compare(before, higher)
    assert (change.verdict, change.words) == (
        Verdict.BETTER, "not certified: judged by the brackets"
    )  # fmt: skip
    wide = [make(TASK, "dsm", k, v - 1.0, certified=False, upper=v + 2.0)
            for k, v in enumerate(BEFORE)]  # fmt: skip
    assert compare(before, wide)[0].verdict is Verdict.UNCLEAR
    assert compare(wide, before)[0].verdict is Verdict.UNCLEAR


def test_one_seed_is_judged_by_its_rows_where_they_are_stored(make: Make) -> None:
    before, after = [make(TASK, "dsm", 0, -3.0)], [make(TASK, "dsm", 0, -2.9)]
    assert compare(before, after)[0].verdict is Verdict.UNCLEAR
    key = (TASK, "dsm", 0)
    assert compare(before, after, row_errors={key: 0.02})[0].verdict is Verdict.BETTER
    assert compare(after, before, row_errors={key: 0.02})[0].verdict is Verdict.WORSE
    assert compare(before, after, row_errors={key: 0.2})[0].verdict is Verdict.UNCLEAR


def test_totals_count_every_task_once(make: Make) -> None:
    other = "2d/two-moons"
    before = [make(t, m, k, -3.0 - 0.1 * k) for t in (TASK, other) for m in ("dsm", "ssm")
              for k in range(2)]  # fmt: skip
    gain = {(TASK, "dsm"): 0.1, (other, "dsm"): 0.3, (TASK, "ssm"): 0.5, (other, "ssm"): 0.7}
    after = [make(t, m, k, -3.0 - 0.1 * k + gain[t, m]) for t in (TASK, other)
             for m in ("dsm", "ssm") for k in range(2)]  # fmt: skip
    found = totals(compare(before, after))
    assert found.counts == {Verdict.BETTER: 4}
    assert found.by_method["dsm"].mean == pytest.approx(0.2)
    assert found.by_method["ssm"].mean == pytest.approx(0.6)
    assert found.overall is not None
    assert (found.overall.mean, found.overall.n) == (pytest.approx(0.4), 2)
