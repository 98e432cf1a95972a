"""``ebmbench merge``: several output folders made one."""

from __future__ import annotations

from pathlib import Path

import click

from ebmbench.errors import EbmbenchError


@click.command("merge")
@click.argument("folders", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option("--to", type=click.Path(path_type=Path), required=True, help="A new folder.")
def command(folders: tuple[Path, ...], to: Path) -> int:
    """Write the runs of all FOLDERS to one, or say why they do not belong together.

    Each run is there once. Presets, cards, and the rows of a task and seed must be the same; of a
    run that two folders hold, one that ended ok comes before one that did not, and two that did
    must have the same numbers.
    """
    if len(folders) < 2:
        raise EbmbenchError(f"there is {len(folders)} folder to merge, allowed: 2 or more")
    from ebmbench.report.merge import merge
    from ebmbench.report.write import write_tables

    records = merge(folders, to)
    write_tables(records, to)
    click.echo(f"{len(records)} runs of {len(folders)} folders merged to {to}")
    click.echo(f"`ebmbench report {to}` shows them")
    return 0
