"""Writing what a report consists of: tables and pictures."""

from __future__ import annotations

from pathlib import Path

from ebmbench.records import read_records
from ebmbench.report.figures import draw_densities, draw_regret
from ebmbench.report.leaderboard import make_boards
from ebmbench.report.tables import to_csv, to_markdown


def write_tables(out: Path) -> list[Path]:
    """Write ``leaderboard.md``, ``leaderboard.csv`` and the pictures; return all paths.

    ``results.csv``, the tidy table, is written by the run itself and listed first.
    """
    records = read_records(out)
    boards = make_boards(records)
    written = [out / "results.csv"]
    for name, text in (
        ("leaderboard.md", to_markdown(boards)),
        ("leaderboard.csv", to_csv(boards)),
    ):
        (out / name).write_text(text, encoding="utf-8")
        written.append(out / name)
    written += draw_densities(records, out)
    written += draw_regret(boards, out)
    return written
