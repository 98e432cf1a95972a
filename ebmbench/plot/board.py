"""The board of an output folder."""

from __future__ import annotations

from pathlib import Path

from matplotlib.figure import Figure

from ebmbench.errors import EbmbenchError
from ebmbench.records import read_records
from ebmbench.report.figures.quality_cost import draw_quality_cost
from ebmbench.report.figures.regret_map import draw_regret
from ebmbench.report.write import read_boards


def board(out: Path | str) -> Figure:
    """Draw what the runs of an output folder come to.

    Where the truth of some task is known this is the map of regrets, else the mean rank of each
    objective against its cost.

    Raises:
        EbmbenchError: there is no such folder, or nothing in it that can be compared.
    """
    if not isinstance(out, str | Path):
        raise EbmbenchError(f"out is a {type(out).__name__}, allowed: an output folder")
    folder = Path(out)
    boards = read_boards(read_records(folder), folder)
    figure = draw_regret(boards) or draw_quality_cost(boards)
    if figure is None:
        raise EbmbenchError(
            f"output folder {str(folder)!r} has no task with a known truth and no two objectives "
            "with a rank, allowed: one or the other"
        )
    return figure
