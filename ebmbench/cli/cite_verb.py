"""``ebmbench cite``: BibTeX of what was used."""

from __future__ import annotations

from pathlib import Path

import click

from ebmbench import catalog
from ebmbench.cards import Card


@click.command("cite")
@click.argument("out", type=click.Path(path_type=Path), required=False)
@click.option("--methods", help="Names, globs, tag:…, or all.")
@click.option("--tasks", help="Names, globs, tag:…, or all.")
def command(out: Path | None, methods: str | None, tasks: str | None) -> None:
    """Print BibTeX of the tasks and methods of OUT, or of those that are named.

    With neither: of all.
    """
    from ebmbench.records import read_records
    from ebmbench.report.tables.bibtex import to_bibtex

    cards: list[Card] = []
    if out is not None:
        records = read_records(out)
        cards += [r.task_card for r in records] + [r.method_card for r in records]
    elif methods is None and tasks is None:
        methods = tasks = "all"
    cards += catalog.select_tasks(tasks) if tasks is not None else []
    cards += catalog.select_methods(methods) if methods is not None else []
    click.echo(to_bibtex(cards), nl=False)
