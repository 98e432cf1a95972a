"""``ebmbench score``: the metrics of stored weights, without training."""

from __future__ import annotations

from functools import partial
from pathlib import Path

import click

from ebmbench.cards import PRESETS, Preset
from ebmbench.cli.scoring import Rows, score_model
from ebmbench.cli.vouching import CARDS, vouched_records
from ebmbench.errors import EbmbenchError
from ebmbench.registry import is_long

OF_MODELS = ("weights", "task", "rows", "train", "log_density", "as_json", "seed", "preset")
"""Options that have no meaning for a folder."""


@click.command("score")
@click.argument("what", metavar="OUT|MODULE:BUILD")
@click.option("--weights", type=click.Path(path_type=Path), help="Safetensors of the model.")
@click.option("--task", help="Score on the test rows of a task, in its coordinates.")
@click.option("--rows", type=click.Path(path_type=Path), help="Score on all rows of a table.")
@click.option("--train", type=click.Path(path_type=Path), help="Table that the model saw.")
@click.option("--log-density", is_flag=True, help="The model returns log-densities.")
@click.option("--preset", type=click.Choice(PRESETS), help="Work of the estimators. [standard]")
@click.option("--seed", type=click.IntRange(0), help="Of the task's rows and of chains. [0]")
@click.option("--json", "as_json", is_flag=True, help="One JSON object per event on stdout.")
@click.option("--data-dir", type=click.Path(path_type=Path), help="Where data files lie.")
@CARDS
@click.pass_context
def command(
    context: click.Context,
    what: str,
    weights: Path | None,
    task: str | None,
    rows: Path | None,
    train: Path | None,
    log_density: bool,
    preset: Preset | None,
    seed: int | None,
    as_json: bool,
    data_dir: Path | None,
    cards: str | None,
) -> int:
    """Compute the metrics of stored weights.

    Of an output folder OUT all runs are scored again and results.csv is rewritten; a published
    folder will do if its weights were published with it.

    A model of your own is what MODULE:BUILD returns, called with nothing or with the number of
    columns: a torch module or a function from points (n, d) to energies (n,).
    """
    if is_long(what) and not Path(what).is_dir():
        score_model(
            what,
            weights,
            Rows(task, rows, train, data_dir, cards),
            log_density=log_density,
            preset=preset or "standard",
            seed=seed or 0,
            as_json=as_json,
        )
        return 0
    given = [name for name in OF_MODELS if context.params[name] not in (None, False)]
    if given:
        option = given[0].replace("_", "-").removeprefix("as-")
        raise EbmbenchError(
            f"--{option} is given and {what!r} names no model, allowed: module:attribute, such as "
            "my_module:build"
        )
    return _score_folder(Path(what), data_dir, cards)


def _score_folder(out: Path, data_dir: Path | None, cards: str | None) -> int:
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
