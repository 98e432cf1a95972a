"""The outcome of a search: on the terminal, and as a page with its pictures."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from rich import box
from rich.table import Table

from ebmbench.report.tables.text import markdown_table
from ebmbench.tuning.halving import MOST_BEHIND
from ebmbench.tuning.outcome import Winner
from ebmbench.tuning.trials import Trials, mean_gaps

COLUMNS = ("method", "trial", "nats over the card", "values", "other criteria")


def outcome_table(family: str, rounds: Sequence[Trials], won: Sequence[Winner]) -> Table:
    """Return a table of winners, and of what other criteria would have chosen.

    Arguments:
        family: of the tasks.
        rounds: of the search.
        won: one winner a method.
    """
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, title=f"{family}: settings found",
                  title_justify="left")  # fmt: skip
    for name in COLUMNS:
        table.add_column(name)
    for row in _rows(rounds, won):
        table.add_row(*row)
    return table


def outcome_page(family: str, rounds: Sequence[Trials], won: Sequence[Winner]) -> str:
    """Return the same as Markdown, with the pictures that lie beside it; as `outcome_table`."""
    any_ = won[0]
    steps = ", ".join(map(str, any_.steps))
    seeds = ", ".join(map(str, any_.seeds))
    lines = [
        f"# {family}: settings found", "",
        f"{any_.trials} settings a method, {steps} steps, on {', '.join(any_.tasks)}; seeds "
        f"{seeds} in the last round. Who is the fewest nats behind the best setting of a task and "
        f"seed wins: validation log-likelihood, mean over cells of {MOST_BEHIND:g} nats at most. "
        "Trial 0 is the card as it stood; what the winner gains over it is a mean over tasks and "
        "seeds of the last round that both were in. On the right, what other criteria would have "
        "chosen.", "",
        *markdown_table(COLUMNS, _rows(rounds, won)), "",
        "The best of *n* settings, over the order in which they come: median and quartiles of the "
        "first round.", "",
        "![Best of n settings by method](best-after-n.png)", "",
        "What every setting came to, by the knobs:", "",
        "![Outcome of every setting by method and knob](sensitivity.png)", "",
    ]  # fmt: skip
    return "\n".join(lines)


def _rows(rounds: Sequence[Trials], won: Sequence[Winner]) -> Iterator[tuple[str, ...]]:
    for winner in won:
        yield (
            winner.method,
            str(winner.number),
            f"{round(gain_over_card(rounds, winner), 3) + 0.0:+.3f}",
            ", ".join(f"{name} {_short(value)}" for name, value in winner.values.items()),
            ", ".join(f"{name}: {number}" for name, number in winner.other.items()),
        )


def gain_over_card(rounds: Sequence[Trials], winner: Winner) -> float:
    """Return the nats that a winner gains on the card, in the last round that both were in."""
    gaps = [mean_gaps(trials, winner.method) for trials in rounds]
    both = [found for found in gaps if 0 in found and winner.number in found]
    return both[-1][winner.number] - both[-1][0]


def _short(value: object) -> str:
    return f"{value:.3g}" if isinstance(value, float) else str(value)
