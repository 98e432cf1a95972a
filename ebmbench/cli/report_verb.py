"""``ebmbench report``: the leaderboard of what is there."""

from __future__ import annotations

from pathlib import Path

import click

from ebmbench.cli.vouching import CARDS, vouched_records

DEFAULT_ASV = Path("results/asv")


@click.command("report")
@click.argument("out", type=click.Path(path_type=Path))
@click.option(
    "--format",
    "form",
    type=click.Choice(["terminal", "md", "latex", "csv", "html"]),
    default="terminal",
    show_default=True,
    help="What to print; files are written in any case.",
)
@click.option(
    "--figures",
    type=click.Choice(["png", "pdf", "svg"]),
    default="png",
    show_default=True,
    help="Format of the pictures in OUT/figures.",
)
@click.option(
    "--raw",
    is_flag=True,
    help="Print log-likelihoods in place of what is lost to the truth or gained on the Gaussian.",
)
@click.option("--site/--no-site", default=True, help="Whether to write OUT/site. [yes]")
@click.option(
    "--asv",
    type=click.Path(path_type=Path),
    help="asv results to draw on the site. [results/asv, if it is there]",
)
@CARDS
def command(
    out: Path,
    form: str,
    figures: str,
    raw: bool,
    site: bool,
    asv: Path | None,
    cards: str | None,
) -> int:
    """Print the leaderboard of OUT; write its tables, its pictures and the site OUT/site."""
    from ebmbench.cli.consoles import make_console, write_and_show
    from ebmbench.report.tables.csv_tables import to_csv
    from ebmbench.report.tables.html import to_html
    from ebmbench.report.tables.latex import to_latex
    from ebmbench.report.tables.markdown import to_markdown
    from ebmbench.report.write import read_boards, write_tables

    records = vouched_records(out, cards)
    if form == "terminal":
        write_and_show(records, out, make_console(), figures, raw=raw)
    else:
        boards = read_boards(records, out)
        write_tables(records, out, figures, boards=boards)
        formats = {"md": to_markdown, "latex": to_latex, "html": to_html}
        text = to_csv(boards) if form == "csv" else formats[form](boards, raw)
        click.echo(text, nl=False)
    if site:
        from ebmbench.report.site.build import build_site

        first_page = build_site(records, out, asv or stored_history())
        # Not on stdout, where a table may be read by another program.
        click.echo(f"The site starts at {first_page}", err=True)
    return 0


def stored_history() -> Path | None:
    """Return the folder of asv results that lies where this repository keeps it, if any."""
    return DEFAULT_ASV if (DEFAULT_ASV / "benchmarks.json").is_file() else None
