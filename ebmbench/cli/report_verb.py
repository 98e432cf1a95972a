"""``ebmbench report``: the leaderboard of what is there."""

from __future__ import annotations

from pathlib import Path

import click


@click.command("report")
@click.argument("out", type=click.Path(path_type=Path))
@click.option(
    "--format",
    "form",
    type=click.Choice(["terminal", "md", "csv"]),
    default="terminal",
    show_default=True,
    help="What to print; files are written in any case.",
)
def command(out: Path, form: str) -> int:
    """Print the leaderboard of OUT and write its tables and pictures."""
    from ebmbench.cli.consoles import make_console, write_and_show
    from ebmbench.records import read_records
    from ebmbench.report.leaderboard import make_boards
    from ebmbench.report.tables import to_csv, to_markdown
    from ebmbench.report.write import write_tables

    if form == "terminal":
        write_and_show(out, make_console())
        return 0
    write_tables(out)
    boards = make_boards(read_records(out))
    click.echo(to_markdown(boards) if form == "md" else to_csv(boards), nl=False)
    return 0
