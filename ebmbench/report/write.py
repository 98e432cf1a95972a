"""Writing what a report consists of: tables and pictures."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from ebmbench.files import version_of
from ebmbench.records import Record, results_csv, write_tidy
from ebmbench.report.figures.boards import draw_boards
from ebmbench.report.figures.densities import draw_densities
from ebmbench.report.figures.saving import save
from ebmbench.report.figures.selection import draw_selection
from ebmbench.report.stats.boards import Boards, make_boards
from ebmbench.report.stats.constants import own_constants
from ebmbench.report.stats.pairs import pairs_csv
from ebmbench.report.stats.rows import Moments, moments
from ebmbench.report.stats.selection import MethodChange, selection_changes
from ebmbench.report.tables.constants import constants_csv, constants_markdown
from ebmbench.report.tables.csv_tables import summary_csv, to_csv
from ebmbench.report.tables.latex import to_latex
from ebmbench.report.tables.markdown import to_markdown
from ebmbench.report.tables.selection import selection_csv, selection_markdown

RESULTS = "results.csv"
LEADERBOARD = "leaderboard.md"
ALWAYS = (RESULTS, LEADERBOARD, "leaderboard.csv", "leaderboard.tex", "summary.csv", "pairs.csv")
"""Tables that every report has."""
MANY = 5_000
"""Records from which on tables that stand are not written again by a run that had nothing to do;
for fewer that takes seconds."""


def read_boards(records: Sequence[Record], out: Path) -> Boards:
    """Return the leaderboards of an output folder, with what is known of its test rows.

    Raises:
        EbmbenchError: the records do not belong into one table.
    """
    return make_boards(records, moments(records, out))


def table_texts(records: Sequence[Record], found: Moments | None = None) -> dict[str, str]:
    """Return the text of every table by file name; the same records give the same bytes.

    Arguments:
        records: of an output folder.
        found: moments of its test rows (:func:`ebmbench.report.stats.rows.moments`).
    """
    boards, changes = make_boards(records, found), selection_changes(records)
    return {RESULTS: results_csv(records)} | _texts(records, boards, changes)


def _texts(
    records: Sequence[Record], boards: Boards, changes: Sequence[MethodChange]
) -> dict[str, str]:
    beside = {}
    outcomes = {task: runs for board in boards.boards for task, runs in board.outcomes.items()}
    constants = own_constants(records)
    if constants:
        beside = {
            "constants.csv": constants_csv(constants),
            "constants.md": constants_markdown(constants),
        }
    if changes:
        beside |= {
            "selection.csv": selection_csv(changes),
            "selection.md": selection_markdown(changes),
        }
    return {
        LEADERBOARD: to_markdown(boards),
        "leaderboard.csv": to_csv(boards),
        "leaderboard.tex": to_latex(boards),
        "summary.csv": summary_csv(boards),
        "pairs.csv": pairs_csv(outcomes, boards.moments),
        **beside,
    }


def tables_stand(out: Path, seen: Mapping[Path, tuple[int, ...] | None]) -> bool:
    """Return whether a folder of many records has tables that are newer than all of these.

    Arguments:
        out: the folder.
        seen: by the path of every record, its :func:`ebmbench.files.version_of`.
    """
    found = [version_of(out / name) for name in ALWAYS]
    if len(seen) < MANY or None in found:
        return False
    # A record that was taken away changes the time of its folder.
    parts = [*seen.values(), *map(version_of, {path.parent for path in seen})]
    return min(_time(table) for table in found) > max(_time(part) for part in parts)


def _time(version: tuple[int, ...] | None) -> float:
    return float("inf") if version is None else version[1]


def written_words(paths: Sequence[Path], out: Path) -> str:
    """Return one line that says what was written where."""
    names = [path.relative_to(out) for path in paths]
    tables = [name.name for name in names if name.parent == Path()]
    pictures = len(names) - len(tables)
    plural = "" if pictures == 1 else "s"
    more = f", and {pictures} picture{plural} in figures/" if pictures else ""
    return f"Written to {out}: {', '.join(tables)}{more}"


def write_tables(
    records: Sequence[Record], out: Path, figures: str = "png", *, boards: Boards | None = None
) -> list[Path]:
    """Write the tables and the pictures of an output folder; return all paths.

    Arguments:
        records: of the folder.
        out: the folder.
        figures: format of the pictures: ``png``, ``pdf`` or ``svg``.
        boards: of the records, by :func:`read_boards`, where there are some already.

    Raises:
        EbmbenchError: the records do not belong into one table.
    """
    boards = boards or read_boards(records, out)
    changes = selection_changes(records)
    written = [out / RESULTS]
    with written[0].open("w", encoding="utf-8", newline="") as file:
        write_tidy(records, file)
    for name, text in _texts(records, boards, changes).items():
        (out / name).write_text(text, encoding="utf-8", newline="")
        written.append(out / name)
    written += draw_densities(records, out, figures)
    selection = draw_selection(changes)
    if selection is not None:
        written.append(out / "figures" / f"selection.{figures}")
        save(selection, written[-1], dpi=130)
    return written + draw_boards(boards, records, out, figures)
