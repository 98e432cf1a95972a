"""Writing what a report consists of: tables, pictures and the site."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from ebmbench.records import Record, read_records, results_csv
from ebmbench.report.densities import draw_densities
from ebmbench.report.figures import draw_boards
from ebmbench.report.latex import to_latex
from ebmbench.report.leaderboard import make_boards
from ebmbench.report.site.build import build_site
from ebmbench.report.tables import to_csv, to_markdown


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


def write_site(out: Path, asv: Path | None = None) -> Path:
    """Write the static site of an output folder; return its first page.

    Arguments:
        out: the folder.
        asv: a folder of asv results, whose history is drawn; ``None``: no such page.

    Raises:
        EbmbenchError: the folder holds no records, they do not belong into one report, or the
            results of asv cannot be read.
    """
    return build_site(read_records(out), out, asv)


def write_tables(out: Path) -> list[Path]:
    """Write the tables and the pictures of an output folder; return all paths.

    Raises:
        EbmbenchError: the folder holds no records, or they do not belong into one table.
    """
    records = read_records(out)
    written = []
    for name, text in table_texts(records).items():
        (out / name).write_text(text, encoding="utf-8", newline="")
        written.append(out / name)
    return written + draw_densities(records, out) + draw_boards(make_boards(records), records, out)
