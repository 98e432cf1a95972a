"""Writing what a report consists of: tables and pictures."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from ebmbench.records import Record, results_csv
from ebmbench.report.figures.boards import draw_boards
from ebmbench.report.figures.densities import draw_densities
from ebmbench.report.stats.boards import make_boards
from ebmbench.report.tables.latex import to_latex
from ebmbench.report.tables.markdown import to_csv, to_markdown


def table_texts(records: Sequence[Record]) -> dict[str, str]:
    """Return the text of every table by file name; the same records give the same bytes."""
    boards = make_boards(records)
    return {
        "results.csv": results_csv(records),
        "leaderboard.md": to_markdown(boards),
        "leaderboard.csv": to_csv(boards),
        "leaderboard.tex": to_latex(boards),
    }


def written_words(paths: Sequence[Path], out: Path) -> str:
    """Return one line that says what was written where."""
    names = [path.relative_to(out) for path in paths]
    tables = [name.name for name in names if name.parent == Path()]
    pictures = len(names) - len(tables)
    plural = "" if pictures == 1 else "s"
    more = f", and {pictures} picture{plural} in figures/" if pictures else ""
    return f"Written to {out}: {', '.join(tables)}{more}"


def write_tables(records: Sequence[Record], out: Path, figures: str = "png") -> list[Path]:
    """Write the tables and the pictures of an output folder; return all paths.

    Arguments:
        records: of the folder.
        out: the folder.
        figures: format of the pictures: ``png``, ``pdf`` or ``svg``.

    Raises:
        EbmbenchError: the records do not belong into one table.
    """
    written = []
    for name, text in table_texts(records).items():
        (out / name).write_text(text, encoding="utf-8", newline="")
        written.append(out / name)
    written += draw_densities(records, out, figures)
    return written + draw_boards(make_boards(records), records, out, figures)
