"""``ebmbench tune``: search for the settings of methods, family by family."""

from __future__ import annotations

from pathlib import Path

import click

from ebmbench import catalog
from ebmbench.cards import PRESETS, Preset
from ebmbench.cli.training import JOBS, METHODS, PACKED, objectives


@click.command("tune")
@METHODS
@click.option("--tasks", default="tag:tuning", show_default=True, help="To search on, by family.")
@click.option("--trials", default=16, show_default=True, help="Settings a method, equal for all.")
@click.option("--seeds", default=3, show_default=True, help="Of the last round, from 1000 on.")
@click.option("--preset", type=click.Choice(PRESETS), default="standard", show_default=True)
@click.option("--out", type=click.Path(path_type=Path), default=Path("tuned"), show_default=True)
@PACKED
@JOBS
@click.option("--data-dir", type=click.Path(path_type=Path), help="Where data files are.")
@click.option("--write", is_flag=True, help="Put the winners into the method cards.")
@click.option("--quiet", is_flag=True, help="Print only the outcome.")
def command(
    methods: str,
    tasks: str,
    trials: int,
    seeds: int,
    preset: Preset,
    out: Path,
    packed: Path | None,
    jobs: int | None,
    data_dir: Path | None,
    write: bool,
    quiet: bool,
) -> int:
    """Search for the settings of methods by successive halving.

    Every trial is a run that is measured on validation rows, under OUT, one folder a family and
    round: call it again to go on where it was stopped, on another machine with --packed. Sixteen
    settings a method by default, the card as it stands and scrambled Sobol points of its [search]
    and of what all methods share; a quarter of the steps, half for the better half, all for the
    better quarter.
    """
    chosen_tasks = catalog.select_tasks(tasks)
    chosen_methods = objectives(methods)

    from ebmbench.cli.consoles import make_console, make_reporter
    from ebmbench.harness.progress import Reporter
    from ebmbench.records import carried
    from ebmbench.tuning.outcome import chosen
    from ebmbench.tuning.search import Request, by_family, search
    from ebmbench.tuning.tables import outcome_table
    from ebmbench.tuning.to_card import method_file, patterns_of, write_winner
    from ebmbench.tuning.trials import family_folder
    from ebmbench.tuning.write import write_outcome

    console = make_console()

    def reporting(total: int) -> Reporter:
        return Reporter() if quiet else make_reporter(total, console)

    # A method without a file cannot be written to; that is said before hours are spent.
    files = {card.name: method_file(card) for card in chosen_methods} if write else {}
    with carried(out, packed):
        for family, group in by_family(chosen_tasks).items():
            rounds = search(
                Request(
                    family=family,
                    tasks=group,
                    methods=chosen_methods,
                    trials=trials,
                    seeds=seeds,
                    preset=preset,
                    out=out,
                    workers=jobs,
                    data_dir=data_dir,
                ),
                reporting,
            )
            won = [chosen(rounds, method) for method in rounds[-1].methods]
            folder = family_folder(packed or out, family)
            written = write_outcome(family, rounds, won, folder)
            console.print(outcome_table(family, rounds, won))
            console.print(f"{len(written)} files in {folder}", soft_wrap=True)
            for winner in won if write else ():
                patterns = patterns_of(group)
                write_winner(files[winner.method], winner, patterns)
    return 0
