"""``ebmbench report``: the leaderboard of what is there."""

from __future__ import annotations

from pathlib import Path

import click

DEFAULT_ASV = Path("results/asv")


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
@click.option("--site/--no-site", default=True, help="Whether to write OUT/site. [yes]")
@click.option(
    "--asv",
    type=click.Path(path_type=Path),
    help="asv results to draw on the site. [results/asv, if it is there]",
)
def command(out: Path, form: str, site: bool, asv: Path | None) -> int:
    """Print the leaderboard of OUT; write its tables, its pictures and the site OUT/site."""
    from ebmbench.cli.consoles import make_console, write_and_show
    from ebmbench.records import read_records
    from ebmbench.report.leaderboard import make_boards
    from ebmbench.report.tables import to_csv, to_markdown
    from ebmbench.report.write import write_site, write_tables

    if asv is None and (DEFAULT_ASV / "benchmarks.json").is_file():
        asv = DEFAULT_ASV
    first_page = write_site(out, asv) if site else None
    if form == "terminal":
        write_and_show(out, make_console())
        if first_page is not None:
            click.echo(f"Open {first_page}")
        return 0
    write_tables(out)
    boards = make_boards(read_records(out))
    click.echo(to_markdown(boards) if form == "md" else to_csv(boards), nl=False)
    return 0
