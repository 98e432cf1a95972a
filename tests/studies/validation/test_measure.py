"""The pieces of work of the validation, in a process of their own."""

from __future__ import annotations

import math
from pathlib import Path

import pytest

from ebmbench.studies.validation import exchange, measure, paths, pieces, trained, trials
from ebmbench.studies.validation.cases import CASES
from ebmbench.studies.validation.refusals import REFUSALS


def test_what_is_measured_comes_back_in_the_order_of_the_cases(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    quick = ["gaussian-2 by quadrature", "funnel-2 by quadrature"]
    monkeypatch.setattr(measure, "CASES", {name: CASES[name] for name in quick})
    monkeypatch.setattr(measure, "REFUSALS", REFUSALS[:0])
    for module, name in ((trained, "MODELS"), (paths, "MODELS"), (exchange, "MODELS")):
        monkeypatch.setattr(module, name, ())
    told: list[tuple[int, int]] = []
    found = measure.measure(tmp_path, 1, lambda done, total: told.append((done, total)))
    assert [row.case for row in found.rows] == quick
    assert all(row.certified == 1 for row in found.rows)
    assert found.problems == []
    assert told == [(0, 2), (1, 2), (2, 2)]

    told.clear()
    again = measure.measure(tmp_path, 1, lambda done, total: told.append((done, total)))
    assert again == found
    assert told == [(2, 2)], "what is done is not done again"

    monkeypatch.setattr(pieces, "code_hash", lambda: "of other code")
    told.clear()
    measure.measure(tmp_path, 1, lambda done, total: told.append((done, total)))
    assert told[0] == (0, 2), "what other code measured is measured again"


@pytest.mark.parametrize("content", ["", "{", "[]", '{"code": 3}', '{"outcome": []}'])
def test_a_file_that_is_no_outcome_is_measured_again(content: str, tmp_path: Path) -> None:
    piece = pieces.Piece("Row, of one", trials.run_row, ("gaussian-2", "bdmc"), trials.Row)
    assert piece.kept(tmp_path) == (False, None)
    (tmp_path / "pieces").mkdir()
    (tmp_path / "pieces" / "row-of-one.json").write_text(content)
    assert piece.kept(tmp_path) == (False, None)


def test_numbers_that_are_not_finite_come_back(tmp_path: Path) -> None:
    one = trials.Trial(math.inf, 0.1, -math.inf, None, None, None, False, "why", 1.0)
    row = trials.Row("a", "ais", 2, 0.0, 0.1, (one, one))
    piece = pieces.Piece("row", trials.run_row, (), trials.Row)
    piece.keep(row, tmp_path)
    assert piece.kept(tmp_path) == (True, row)
