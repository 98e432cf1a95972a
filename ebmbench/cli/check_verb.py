"""``ebmbench check``: whether an output folder is whole, or a card keeps its contract."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from ebmbench.cli.vouching import CARDS, vouched_records
from ebmbench.errors import EbmbenchError

if TYPE_CHECKING:
    from ebmbench.records import Record


@click.command("check")
@click.argument("what", metavar="OUT|CARD.toml", type=click.Path(path_type=Path))
@click.option("--rescore", is_flag=True, help="Evaluate stored weights again and compare.")
@click.option(
    "--rerun", is_flag=True, help="Run one cheap cell a family again and compare its numbers."
)
@click.option("--data-dir", type=click.Path(path_type=Path), help="Where data files lie.")
@CARDS
def command(
    what: Path, rescore: bool, rerun: bool, data_dir: Path | None, cards: str | None
) -> int:
    """Check that OUT is whole, or that the task or method of a card keeps its contract.

    A folder: records valid and in place, hashes right, tables what the records give, byte for
    byte. With --rerun, of every family of tasks the cheapest run whose data are here is done
    again: its numbers must come back within rounding, four standard errors or the spread over
    the recorded seeds, whichever is largest. A card: every name resolves, and its class is tried
    on a few rows.

    Exit status: 0 nothing is wrong, 1 something is; one line per problem.
    """
    if what.suffix == ".toml":
        if rescore or rerun:
            word = "--rescore" if rescore else "--rerun"
            raise EbmbenchError(f"{word} is for output folders, not for cards")
        from ebmbench.contracts import card_problems

        problems, good = card_problems(what, data_dir), "keeps its contract"
    else:
        from ebmbench.harness.job import requested_id
        from ebmbench.report.audit import find_problems

        problems, good = find_problems(what, requested_id), "whole"
        if rescore and not problems:
            problems += _rescored(what, vouched_records(what, cards), data_dir)
        if rerun and not problems:
            problems += _run_again(vouched_records(what, cards), data_dir)
    for problem in problems:
        click.echo(problem)
    if not problems:
        click.echo(f"{what}: {good}")
    return int(bool(problems))


def _rescored(out: Path, records: Sequence[Record], data_dir: Path | None) -> list[str]:
    from ebmbench.harness.rescore import disagreements, evaluate_again
    from ebmbench.records import Status

    done = [record for record in records if record.status is Status.OK]
    scored = [record for record in done if record.weights is not None]
    problems = []
    for record in scored:
        label = f"{record.task} × {record.method} seed {record.seed}"
        again = evaluate_again(record, out, data_dir).metrics
        problems += [f"{label}: {text}" for text in disagreements(record, again)]
    click.echo(f"{len(scored)} of {len(done)} runs have weights and were evaluated again")
    return problems


def _run_again(records: Sequence[Record], data_dir: Path | None) -> list[str]:
    from ebmbench.harness.rerun import label, rerun_folder, seconds

    def tell(run: Record) -> None:
        click.echo(f"running {label(run)} again, {seconds(run):.0f} seconds as recorded", err=True)

    problems = []
    for done in rerun_folder(records, data_dir, tell):
        cell = "" if done.record is None else f"{label(done.record)}: "
        click.echo(f"{done.family}: {cell}{done.words}")
        problems += [f"{cell}{text}" for text in done.problems]
    return problems
