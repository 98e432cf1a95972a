"""``ebmbench new``: the beginning of a task or a method."""

from __future__ import annotations

from pathlib import Path

import click

from ebmbench.scaffold import Kind, write_new


@click.command("new")
@click.argument("kind", type=click.Choice(["task", "method"]))
@click.argument("name")
def command(kind: Kind, name: str) -> int:
    """Write the card NAME.toml and the stub of its class to the current folder; both run."""
    card, stub = write_new(kind, name, Path())
    other = "--methods dsm --tasks" if kind == "task" else "--tasks 2d/two-moons --methods"
    click.echo(f"Written: {card} and {stub}. Change them, then")
    click.echo(f"    ebmbench check ./{card}")
    click.echo(f"    ebmbench run {other} ./{card} --preset smoke --out runs/{name}")
    return 0
