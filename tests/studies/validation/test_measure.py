"""The pieces of work of the validation, in a process of their own."""

from __future__ import annotations

import pytest

from ebmbench.studies.validation import exchange, measure, paths, trained
from ebmbench.studies.validation.cases import CASES
from ebmbench.studies.validation.refusals import REFUSALS


def test_what_is_measured_comes_back_in_the_order_of_the_cases(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    quick = ["gaussian-2 by quadrature", "funnel-2 by quadrature"]
    monkeypatch.setattr(measure, "CASES", {name: CASES[name] for name in quick})
    monkeypatch.setattr(measure, "REFUSALS", REFUSALS[:0])
    for module, name in ((trained, "MODELS"), (paths, "MODELS"), (exchange, "MODELS")):
        monkeypatch.setattr(module, name, ())
    told: list[tuple[int, int]] = []
    found = measure.measure(1, lambda done, total: told.append((done, total)))
    assert [row.case for row in found.rows] == quick
    assert all(row.certified == 1 for row in found.rows)
    assert found.problems == []
    assert told == [(0, 2), (1, 2), (2, 2)]
