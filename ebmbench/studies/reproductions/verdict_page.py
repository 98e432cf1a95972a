"""Verdicts as tables: in the terminal, as Markdown, and one overview of all experiments."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from ebmbench.files import write_atomically
from ebmbench.harness.provenance import code_hash, machine, now, versions
from ebmbench.numerics import configure
from ebmbench.studies.reproductions.base import Experiment, Table, Verdict
from ebmbench.studies.reproductions.card import ReproductionCard, reproductions

if TYPE_CHECKING:
    from rich.console import Console

    from ebmbench.cards import Preset

TITLES = ("claim", "published", "ours", "allowed", "verdict")
SUMMARY = "outcome.json"


def cells(verdict: Verdict) -> list[str]:
    """Return one row of the table, with the columns of :data:`TITLES`."""
    claim, measured = verdict.claim, verdict.measured
    if measured is None:
        ours = "–"
    elif measured.stderr is None:
        ours = f"{measured.value:.4g}"
    else:
        ours = f"{measured.value:.4g} ± {measured.stderr:.2g}"
    slack = f" ± {claim.tolerance:g}" if claim.tolerance else ""
    allowed = {
        "within": f"{claim.published:g}{slack}",
        "at_most": f"≤ {claim.published + claim.tolerance:g}",
        "at_least": f"≥ {claim.published - claim.tolerance:g}",
    }
    return [claim.text, f"{claim.published:g}", ours, allowed[claim.rule], word(verdict)]


def word(verdict: Verdict) -> str:
    """Say the verdict in a word or two."""
    return {True: "reproduced", False: "NOT reproduced", None: "not run"}[verdict.holds]


def count(verdicts: Sequence[Verdict]) -> str:
    """Say in one line how many claims reproduce."""
    judged = [verdict for verdict in verdicts if verdict.holds is not None]
    good = sum(bool(verdict.holds) for verdict in judged)
    skipped = len(verdicts) - len(judged)
    more = f"; {skipped} not run at this preset" if skipped else ""
    return f"{good} of {len(judged)} claims reproduced{more}"


def print_verdicts(card: ReproductionCard, verdicts: Sequence[Verdict], console: Console) -> None:
    """Print the table of one experiment."""
    from rich import box
    from rich.table import Table

    table = Table(title=card.title, title_justify="left", box=box.SIMPLE_HEAD, pad_edge=False)
    for title in TITLES:
        table.add_column(title, justify="left" if title in ("claim", "verdict") else "right")
    for verdict in verdicts:
        style = "bold red" if verdict.holds is False else ""
        table.add_row(*cells(verdict), style=style)
    console.print(table)
    console.print(f"{count(verdicts)}.")


def write_outcome(
    card: ReproductionCard,
    preset: Preset,
    experiment: Experiment,
    table: Table,
    *,
    verdicts: Sequence[Verdict],
    folder: Path,
) -> list[Path]:
    """Write the page, the cells as a table and the picture of one experiment."""
    paths = [folder / "verdicts.md", folder / "cells.csv", folder / "figure.png"]
    words = machine("cpu", configure(threads=1))
    write_atomically(paths[0], to_markdown(card, preset, verdicts, len(table), words))
    write_atomically(paths[1], table.to_csv(index=False, float_format="%.6g"))
    experiment.draw(table).savefig(paths[2], dpi=130)
    summary = {"name": card.name, "title": card.title, "preset": preset, "count": count(verdicts)}
    write_atomically(folder / SUMMARY, json.dumps(summary, indent=1, ensure_ascii=False) + "\n")
    return paths


def to_markdown(
    card: ReproductionCard,
    preset: Preset,
    verdicts: Sequence[Verdict],
    cells_done: int,
    words: dict[str, str],
) -> str:
    """Return the page of one experiment."""
    lines = [
        f"# {card.title}",
        "",
        f"{card.citation.text}. {card.summary}",
        "",
        f"**Published protocol.** {card.protocol}",
        "",
        f"**Departures.** {card.departures}",
        "",
        f"**{count(verdicts)}** at the preset `{preset}`, from {cells_done} cells "
        "(`cells.csv`). Ours is given with its standard error over repeats.",
        "",
        "![What the cells show](figure.png)",
        "",
        "| claim | published | ours | allowed | verdict | source |",
        "|---|---:|---:|---:|---|---|",
    ]
    for verdict in verdicts:
        row = [*cells(verdict), verdict.claim.source]
        lines.append(f"| {' | '.join(cell.replace('|', '&#124;') for cell in row)} |")
    reasons = [v for v in verdicts if v.holds is False]
    if reasons:
        lines += ["", "## What does not reproduce, and why", ""]
        lines += [
            f"- {v.claim.text}: {v.claim.why or 'the reason was not found.'}" for v in reasons
        ]
    packages = ", ".join(f"{name} {number}" for name, number in versions().items())
    lines += [
        "",
        f"Computed with {packages} on {words['processor']}, one thread per cell; code "
        f"{code_hash()}; {now()[:10]}. `ebmbench study reproduce {card.name} --preset {preset}`",
        "",
    ]
    return "\n".join(lines)


def write_overview(out: Path) -> None:
    """Write ``README.md``: one line per experiment that lies under ``out``."""
    lines = [
        "# Published experiments, run again",
        "",
        "| experiment | preset | outcome |",
        "|---|---|---|",
    ]
    for name in reproductions():
        path = out / name / SUMMARY
        if path.is_file():
            found = json.loads(path.read_text(encoding="utf-8"))
            link = f"[{found['title']}]({name}/verdicts.md)"
            lines.append(f"| {link} (`{name}`) | {found['preset']} | {found['count']} |")
    write_atomically(out / "README.md", "\n".join([*lines, ""]))
