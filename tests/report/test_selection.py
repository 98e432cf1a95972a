"""What selection changes: a function of the records, with old and other records left out."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from ebmbench.divergence import effective
from ebmbench.errors import EbmbenchError
from ebmbench.records import Curve, CurvePoint, MarkRecord, Record, SelectionRecord, Status
from ebmbench.report.figures.selection import draw_selection
from ebmbench.report.site.build import build_site
from ebmbench.report.stats.boards import make_boards
from ebmbench.report.stats.reasons import explain
from ebmbench.report.stats.selection import selection_changes
from ebmbench.report.stats.targets import validation_shifts
from ebmbench.report.tables.selection import selection_csv, selection_markdown
from ebmbench.report.write import table_texts, write_tables

Make = Callable[..., Record]


def selected(
    record: Record, step: int, last: float | None, *, likely: float = 0.0, lost: str = ""
) -> Record:
    """Return a record of ten steps whose weights are of ``step``.

    Arguments:
        record: with a likelihood.
        step: of the selected weights.
        last: test log-likelihood of the last step.
        likely: nats per validation row that another mark has more.
        lost: why the last step is out of range.
    """
    number = record.metrics["log_likelihood"]
    return record.model_copy(
        update={
            "selection": SelectionRecord(
                selected=MarkRecord(step=step, validation_loss=0.5, validation_log_likelihood=-2),
                last=MarkRecord(step=10, validation_loss=0.7, validation_log_likelihood=-2.5),
                by_likelihood=MarkRecord(step=7, validation_log_likelihood=-2 + likely),
                last_log_likelihood=None
                if last is None
                else number.model_copy(update={"value": last}),
                last_out_of_range=lost,
            )
        }
    )


@pytest.fixture
def records(make: Make) -> list[Record]:
    """Two objectives on two tasks; ``dsm`` gains, ``nce`` keeps the last step."""
    return [
        selected(make("2d/rings", "dsm", 0, -3.0), 4, -3.4, likely=0.1),
        selected(make("2d/rings", "dsm", 1, -3.0), 6, -3.2, likely=0.3),
        selected(make("2d/two-moons", "dsm", 0, -2.0), 5, -52.0, lost="far away"),
        selected(make("2d/two-moons", "dsm", 1, -2.0), 5, None),
        *(selected(make(t, "nce", s, -2.5), 10, None) for t in RINGS_AND_MOONS for s in (0, 1)),
        *(make(t, "gaussian", s, -3.5) for t in RINGS_AND_MOONS for s in (0, 1)),
    ]


RINGS_AND_MOONS = ("2d/rings", "2d/two-moons")


def test_gains_are_of_test_rows_and_by_task(records: list[Record]) -> None:
    dsm, nce = selection_changes(records)
    assert (dsm.method, nce.method) == ("dsm", "nce")
    assert dsm.gains() == pytest.approx({"2d/rings": 0.3, "2d/two-moons": 50.0})
    assert dsm.likelier() == pytest.approx({"2d/rings": 0.2, "2d/two-moons": 0.0})
    assert (dsm.earlier, dsm.lost, len(dsm.runs)) == (4, 1, 4)
    assert nce.gains() == {"2d/rings": 0.0, "2d/two-moons": 0.0}
    assert nce.earlier == 0


def test_a_gain_between_refused_numbers_stands_and_is_counted(make: Make) -> None:
    refused = make("2d/rings", "dsm", 0, -3.0, certified=False)
    (change,) = selection_changes([selected(refused, 4, -4.0)])
    assert change.gains() == {"2d/rings": 1.0}
    assert change.refused == 1


def test_who_did_not_select_has_no_part(make: Make) -> None:
    old = make("2d/rings", "dsm", 0, -3.0)
    asked = selected(old, 10, None).model_copy(update={"selected_by": "last"})
    chains = selected(old, 10, None)
    assert chains.selection is not None
    silent = chains.selection.selected.model_copy(update={"validation_loss": None})
    chains = chains.model_copy(
        update={"selection": chains.selection.model_copy(update={"selected": silent})}
    )
    failed = selected(old, 4, -4.0).model_copy(update={"status": Status.FAILED})
    for record in (old, asked, chains, failed):
        assert selection_changes([record]) == []
        assert "selection.csv" not in table_texts([record])
    assert draw_selection([]) is None


def test_tables_picture_and_site_hold_it(records: list[Record], tmp_path: Path) -> None:
    changes = selection_changes(records)
    table = selection_markdown(changes)
    assert "| dsm | 4 | 4 | +25.150 | +0.300 … +50.000 | 0 | 1 | 0.100 | 0.200 |" in table
    assert "| nce | 4 | 0 | +0.000 | +0.000 … +0.000 |" in table
    lines = selection_csv(changes).splitlines()
    assert lines[0] == "family,method,task,seed,kept,gain,certified,likelier,lost"
    assert lines[1] == "2d,dsm,2d/rings,0,0.4,0.4,True,0.1,False"
    assert len(lines) == 1 + 8
    written = {path.relative_to(tmp_path).as_posix() for path in write_tables(records, tmp_path)}
    assert {"selection.csv", "selection.md", "figures/selection.png"} <= written
    page = build_site(records, tmp_path).read_text()
    assert "What selection changes" in page
    assert "selection-plot-2d" in page


def test_selections_never_stand_in_one_table(records: list[Record]) -> None:
    other = records[0].model_copy(update={"selected_by": "last", "seed": 7})
    with pytest.raises(EbmbenchError, match="mix the selections last and own-loss"):
        make_boards([*records, other])


def test_a_run_is_judged_by_its_curve_up_to_the_scored_weights(make: Make) -> None:
    points = [
        CurvePoint(step=s, seconds=s, loss=1.0, log_likelihood=v)
        for s, v in ((1, -3.0), (5, -2.0), (10, -80.0))
    ]
    record = make("2d/rings", "dsm", 0, -2.1).model_copy(update={"curve": Curve(points)})
    assert effective(record).status is Status.DIVERGED
    kept = selected(record, 5, -80.0)
    assert effective(kept).status is Status.OK
    assert "over-trained" not in explain([kept])
    # The validation rows are compared with the test rows under the same weights.
    assert validation_shifts([kept]) == {("2d/rings", 0): pytest.approx(0.1)}
