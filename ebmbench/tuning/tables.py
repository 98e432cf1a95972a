"""The outcome of a search on the terminal."""

from __future__ import annotations

from collections.abc import Sequence

from rich import box
from rich.table import Table

from ebmbench.tuning.outcome import Winner
from ebmbench.tuning.pictures import mean_gaps
from ebmbench.tuning.trials import Trials


def outcome_table(family: str, rounds: Sequence[Trials], won: Sequence[Winner]) -> Table:
    """Return a table of winners, and of what other criteria would have chosen.

    Arguments:
        family: of the tasks.
        rounds: of the search.
        won: one winner a method.
    """
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, title=f"{family}: settings found",
                  title_justify="left")  # fmt: skip
    for name in ("method", "trial", "nats over the card", "values", "other criteria"):
        table.add_column(name)
    for winner in won:
        gaps = mean_gaps(rounds[0], winner.method)
        gain = gaps[winner.number] - gaps[0]
        other = ", ".join(f"{name}: {number}" for name, number in winner.other.items())
        table.add_row(
            winner.method,
            str(winner.number),
            f"{round(gain, 3) + 0.0:+.3f}",
            ", ".join(f"{name} {value}" for name, value in winner.values.items()),
            other,
        )
    return table
