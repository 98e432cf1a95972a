"""What a search leaves behind: its page with pictures, and a table of all trials."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from ebmbench.files import write_atomically
from ebmbench.tuning.outcome import Winner, trials_csv
from ebmbench.tuning.pictures import draw_luck, draw_sensitivity
from ebmbench.tuning.tables import outcome_page
from ebmbench.tuning.trials import Trials

DPI = 110


def write_outcome(
    family: str, rounds: Sequence[Trials], won: Sequence[Winner], folder: Path
) -> list[Path]:
    """Write ``tuned.md``, its pictures and ``trials.csv`` into a folder; return the paths.

    Arguments:
        family: of the tasks.
        rounds: of the search.
        won: one winner a method.
        folder: of the family.
    """
    texts = {"tuned.md": outcome_page(family, rounds, won), "trials.csv": trials_csv(rounds)}
    for name, text in texts.items():
        write_atomically(folder / name, text)
    figures = {"best-after-n": draw_luck(rounds[0]), "sensitivity": draw_sensitivity(rounds[0])}
    for name, figure in figures.items():
        figure.savefig(folder / f"{name}.png", dpi=DPI)
    return [folder / name for name in (*texts, *(f"{name}.png" for name in figures))]
