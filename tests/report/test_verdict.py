"""The verdict says what the tables say, and what_won puts it into the README."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from ebmbench.errors import EbmbenchError
from ebmbench.records import Record, Status, read_records
from ebmbench.report.stats.boards import make_boards
from ebmbench.report.stats.gaps import gaps_left
from ebmbench.report.stats.references import references_ahead
from ebmbench.report.stats.summary import summarise
from ebmbench.report.tables.markdown import to_markdown
from ebmbench.report.tables.verdict import Verdict, verdict_of, verdicts
from ebmbench.report.what_won import BEGIN, END, QUALITY, main, put_into, what_won

Make = Callable[..., Record]
ROOT = Path(__file__).parents[2]
TASKS = ("2d/rings", "2d/two-moons", "2d/pinwheel", "2d/swiss-roll", "2d/checkerboard",
         "2d/two-spirals")  # fmt: skip
METHODS = ("nce", "ed", "cnce", "cd", "sm", "ssm", "dsm")


def records_of(make: Make, gmm: float = -2.05) -> list[Record]:
    """One order of seven objectives on six tasks; the Gaussian far below, the mixture as asked."""
    records = [
        make(task, method, seed, -2.1 - 0.2 * k - 0.01 * seed)
        for task in TASKS for k, method in enumerate(METHODS) for seed in range(2)
    ]  # fmt: skip
    records += [make(task, "gaussian", s, -6.0) for task in TASKS for s in range(2)]
    return records + [make(task, "gmm", s, gmm) for task in TASKS[:4] for s in range(2)]


def only(records: list[Record]) -> Verdict:
    (found,) = verdicts(make_boards(records))
    return found


def test_a_clear_board_is_told_in_numbers_of_its_tables(make: Make) -> None:
    records = records_of(make)
    found = only(records)
    board = make_boards(records).boards[0]
    summary = summarise(board)
    assert summary is not None
    assert found.leader.startswith("`nce` leads with a mean rank of 1.00 among 7 objectives on 6")
    assert f"it leaves {summary.gap_left['nce'].value:.3f}" in found.leader
    assert f"probability {summary.odds['nce', 'ed'].better:.2f}" in found.margin
    assert found.margin.startswith("`ed` follows at 2.00")
    level = summary.level_with_best[1:]
    assert level
    assert all(f"`{m}`" in found.level.split(";")[0] for m in level)
    assert "`dsm`" in found.level.split("told apart:")[1]
    assert found.cost == "A step of `nce` costs 7.0 network passes and 2.00 ms."
    assert "Evidence: 6 tasks, 2 seeds" in found.evidence
    assert found.reference == (
        "The reference `gmm` is ahead of every objective on 4 of 4 tasks and of most on 4."
    )


def test_a_reference_that_beats_nobody_is_said_so(make: Make) -> None:
    assert only(records_of(make, gmm=-5.0)).reference == (
        "No reference is ahead of most objectives on any task."
    )
    none = [r for r in records_of(make) if r.method not in ("gmm", "gaussian")]
    assert only(none).reference == "No reference was fitted."
    some = records_of(make, gmm=-2.2)
    assert only(some).reference == (
        "No reference is ahead of every objective on any task; `gmm` is ahead of most on 4 of 4 "
        "tasks."
    )


def test_of_one_objective_nothing_is_claimed(make: Make) -> None:
    found = only([make(TASKS[0], "dsm", 0, -3.0), make(TASKS[0], "gaussian", 0, -4.0)])
    assert (
        found.leader == "Fewer than two objectives took part in everything, so none is compared."
    )
    assert found.level == ""


def test_thin_evidence_is_said(make: Make) -> None:
    one = [r for r in records_of(make) if r.seed == 0 and r.task in TASKS[:2]]
    one[0] = make(TASKS[0], "nce", 0, -2.1, certified=False, upper=-2.05)
    one.append(make(TASKS[1], "pcd", status=Status.FAILED))
    found = only(one)
    assert "2 tasks, 1 seed; 1 of 21 pairs are told apart, and the spread over seeds" in (
        found.evidence
    )
    assert "1 of 16 cells hold a number that is not certified" in found.evidence
    assert found.level.endswith("told apart: `dsm`.")


def test_the_verdict_is_the_first_thing_in_the_leaderboard(make: Make) -> None:
    boards = make_boards(records_of(make))
    assert (
        to_markdown(boards).splitlines()[2].startswith("- **Densities in the plane.** `nce` leads")
    )


published = pytest.mark.skipif(
    not (ROOT / "results" / QUALITY[0]).is_dir(), reason="the published records are not here"
)


@published
@pytest.mark.parametrize("name", QUALITY)
def test_of_what_is_published_the_gaussian_is_one_and_no_oracle_beats_the_truth(name: str) -> None:
    seen = 0
    for board in make_boards(read_records(ROOT / "results" / name)).boards:
        gaps = gaps_left(board)
        kinds = {row.method: row.kind for row in board.rows}
        if gaps:
            seen += 1
            assert gaps["gaussian"].value == pytest.approx(1.0, abs=1e-12)
            assert gaps["gaussian"].interval == pytest.approx((1.0, 1.0), abs=1e-12)
        for method, gap in gaps.items():
            if kinds[method] == "oracle":
                assert gap.value >= -0.02
                assert gap.interval is not None
                assert gap.interval[0] >= -0.02
    assert seen


@published
def test_references_beat_most_objectives_in_the_plane_and_on_tables() -> None:
    boards = make_boards(read_records(ROOT / "results" / QUALITY[0])).boards
    plane, tables = (next(b for b in boards if b.family == name) for name in ("2d", "uci"))
    first = {board.family: references_ahead(board)[0] for board in (plane, tables)}
    assert (first["2d"].method, len(first["2d"].of_most), first["2d"].tasks) == ("gmm", 7, 9)
    assert (first["uci"].method, len(first["uci"].of_all), first["uci"].tasks) == ("flow", 4, 9)
    assert "`flow` is ahead of every objective on 4 of 9 tasks" in verdict_of(tables).reference


@published
def test_what_won_follows_from_the_records(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    section = readme.partition(BEGIN)[2].partition(END)[0].strip()
    assert section == what_won(ROOT / "results"), "`make what-won` writes it"
    monkeypatch.chdir(ROOT)
    assert main(["--check"]) == 0
    assert capsys.readouterr().err == ""


def test_the_marks_are_kept_and_needed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    text = f"a\n{BEGIN}\nold\n{END}\nb\n"
    assert put_into(text, "new") == f"a\n{BEGIN}\nnew\n{END}\nb\n"
    for spoilt in ("a\n", f"{END}\n{BEGIN}", text * 2):
        with pytest.raises(EbmbenchError, match="once each in order"):
            put_into(spoilt, "new")
    monkeypatch.chdir(tmp_path)
    (tmp_path / "README.md").write_text(text)
    assert main([]) == 2
