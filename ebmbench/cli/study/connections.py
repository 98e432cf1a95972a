"""``ebmbench study connections``: what theory says of the objectives' limits, measured."""

from __future__ import annotations

from pathlib import Path

import click


@click.command("connections")
@click.option(
    "--out",
    type=click.Path(path_type=Path),
    default=Path("runs/connections"),
    show_default=True,
    help="Where the table and the picture go.",
)
def command(out: Path) -> int:
    """Measure the tutorial's connections on Gaussians and on a random network.

    Exit status: 0 all hold, 1 some do not.
    """
    from rich import box
    from rich.table import Table

    from ebmbench.cli.consoles import make_console
    from ebmbench.files import write_atomically
    from ebmbench.harness.store import open_folder
    from ebmbench.numerics import configure
    from ebmbench.studies.connections import (
        CONNECTIONS,
        gaussian_setting,
        network_setting,
        run_all,
    )
    from ebmbench.studies.connections.table import (
        TITLES,
        by_setting,
        cells,
        draw_convergence,
        to_markdown,
        verdict,
    )

    open_folder(out)
    configure(threads=1)
    outcomes = run_all(CONNECTIONS, [gaussian_setting(), network_setting()])
    console = make_console()
    for setting, group in by_setting(outcomes).items():
        table = Table(title=setting, title_justify="left", box=box.SIMPLE_HEAD, pad_edge=False)
        for title in TITLES:
            table.add_column(title, no_wrap=title != "statement")
        for outcome in group:
            table.add_row(*cells(outcome), style="" if outcome.holds else "bold red")
        console.print(table)
    console.print(verdict(outcomes))
    write_atomically(out / "connections.md", to_markdown(outcomes))
    draw_convergence(outcomes).savefig(out / "convergence.png", dpi=130)
    console.print(
        f"Written to {out}: connections.md, convergence.png", soft_wrap=True, highlight=False
    )
    return int(not all(outcome.holds for outcome in outcomes))
