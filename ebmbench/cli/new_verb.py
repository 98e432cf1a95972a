"""``ebmbench new``: the beginning of a contribution."""

from __future__ import annotations

from pathlib import Path

import click

from ebmbench.errors import EbmbenchError
from ebmbench.scaffold import KINDS, Kind, write_new, write_table_card


@click.command("new", epilog="  ".join(f"{kind}: {what}." for kind, what in KINDS.items()))
@click.argument("kind", type=click.Choice(list(KINDS)))
@click.argument("name", required=False)
@click.option(
    "--from", "table", type=click.Path(path_type=Path), help="A table that the task's card is for."
)
def command(kind: Kind, name: str | None, table: Path | None) -> int:
    """Write the card NAME.toml and the stub of what it names to the current folder; both run.

    With --from the card is made from the rows and columns of a table, and NAME may be left out.
    """
    if table is not None:
        if kind not in ("task", "table"):
            raise EbmbenchError(f"--from is for a task, and {kind!r} was asked for")
        card, *others = write_table_card(table, Path(), name)
    elif name is None:
        raise EbmbenchError("the name is missing; only with --from it is that of the table")
    else:
        card, *others = write_new(kind, name, Path())
    tried = "--tasks 2d/two-moons --methods" if kind == "method" else "--methods dsm --tasks"
    written = " and ".join(map(str, [card, *others]))
    click.echo(f"Written: {written}. Change {'them' if others else 'it'}, then")
    click.echo(f"    ebmbench check ./{card}")
    click.echo(f"    ebmbench run {tried} ./{card} --preset smoke --out runs/{card.stem}")
    return 0
