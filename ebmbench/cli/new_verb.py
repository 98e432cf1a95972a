"""``ebmbench new``: the beginning of a contribution."""

from __future__ import annotations

from pathlib import Path

import click

from ebmbench.scaffold import SCAFFOLDS, Kind, write_new


@click.command("new", epilog="  ".join(f"{k}: {s.what}." for k, s in SCAFFOLDS.items()))
@click.argument("kind", type=click.Choice(list(SCAFFOLDS)))
@click.argument("name")
def command(kind: Kind, name: str) -> int:
    """Write the card NAME.toml and the stub of what it names to the current folder; both run."""
    card, *others = write_new(kind, name, Path())
    tried = "--tasks 2d/two-moons --methods" if kind == "method" else "--methods dsm --tasks"
    click.echo(f"Written: {card} and {' and '.join(map(str, others))}. Change them, then")
    click.echo(f"    ebmbench check ./{card}")
    click.echo(f"    ebmbench run {tried} ./{card} --preset smoke --out runs/{name}")
    return 0
