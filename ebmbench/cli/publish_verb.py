"""``ebmbench publish``: results made fit for a repository."""

from __future__ import annotations

from pathlib import Path

import click


@click.command("publish")
@click.argument("out", type=click.Path(path_type=Path))
@click.option(
    "--to", type=click.Path(path_type=Path), required=True, help="A folder such as results/NAME."
)
@click.option("--weights", is_flag=True, help="Take the weights along.")
def command(out: Path, to: Path, weights: bool) -> int:
    """Write the records of OUT with tables, pictures and site to a folder for a repository.

    What was published there before is replaced; a folder with anything else in it is refused.
    """
    from ebmbench.cli.report_verb import stored_history
    from ebmbench.report.publish import publish

    written = publish(out, to, weights, stored_history())
    total = sum(written.sizes.values())
    parts = ", ".join(f"{name} {_mib(size)}" for name, size in written.sizes.items() if size)
    click.echo(f"{written.records} records published to {to}: {_mib(total)} ({parts})")
    return 0


def _mib(size: int) -> str:
    return f"{size / 2**20:.1f} MiB" if size >= 2**20 else f"{size / 2**10:.0f} KiB"
