"""``ebmbench score``: the metrics again, without training."""

from __future__ import annotations

from functools import partial
from pathlib import Path

import click

from ebmbench.cli.vouching import CARDS, vouched_records


@click.command("score")
@click.argument("out", type=click.Path(path_type=Path))
@click.option("--data-dir", type=click.Path(path_type=Path), help="Where data files lie.")
@CARDS
def command(out: Path, data_dir: Path | None, cards: str | None) -> int:
    """Compute the metrics of OUT again from the stored weights, and rewrite results.csv.

    OUT may be a published folder if its weights were published with it.
    """
    from ebmbench.harness.score import score_folder
    from ebmbench.harness.store import write_results

    score_folder(
        out,
        partial(vouched_records, cards=cards),
        data_dir,
        tell=lambda run: click.echo(f"{run.task} × {run.method} seed {run.seed}: scored"),
    )
    click.echo(f"Written: {write_results(out)}")
    return 0
