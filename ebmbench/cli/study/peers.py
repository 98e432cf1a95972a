"""``ebmbench study peers``: what installed libraries compute, against closed forms."""

from __future__ import annotations

from pathlib import Path

import click


@click.command("peers")
@click.option("--two-moons", is_flag=True, help="Train ebmkit's losses and ours side by side.")
@click.option("--steps", type=click.IntRange(1), default=6000, show_default=True, help="Of each.")
@click.option(
    "--out",
    type=click.Path(path_type=Path),
    default=Path("runs/peers"),
    show_default=True,
    help="Where the tables go.",
)
def command(two_moons: bool, steps: int, out: Path) -> int:
    """Ask this package and installed peers (torchebm, ebmkit) what has a known answer.

    Sign and scale of losses on vectors and images, where chains start, what a NaN does, log Z of
    two modes. Exit status: 0 our own answers hold, 1 some do not.
    """
    from rich import box
    from rich.markup import escape
    from rich.table import Table

    from ebmbench.cli.consoles import make_console
    from ebmbench.errors import EbmbenchError
    from ebmbench.files import write_atomically
    from ebmbench.harness.store import open_folder
    from ebmbench.numerics import configure
    from ebmbench.studies.peers import LIBRARIES, run_checks
    from ebmbench.studies.peers.ebmkit import Ebmkit
    from ebmbench.studies.peers.ours import Ours
    from ebmbench.studies.peers.table import (
        VERDICTS,
        findings_frame,
        findings_markdown,
        rows_frame,
        rows_markdown,
    )
    from ebmbench.studies.peers.two_moons import compare_two_moons, words

    if two_moons and Ebmkit().version() is None:
        raise EbmbenchError("--two-moons needs ebmkit: `pip install 'ebmbench[peers]'`")
    open_folder(out)
    configure(threads=1)
    console = make_console()
    written = []

    def write(name: str, text: str) -> None:
        write_atomically(out / name, text)
        written.append(name)

    if two_moons:
        rows = compare_two_moons(
            steps,
            tell=lambda row: console.print(
                f"{row.library} {row.method}: {row.log_likelihood:z.3f} nats", highlight=False
            ),
        )
        write("two-moons.csv", rows_frame(rows).to_csv(index=False, lineterminator="\n"))
        write("two-moons.md", rows_markdown(rows, words(steps)))
        console.print(f"Written to {out}: {', '.join(written)}", soft_wrap=True, highlight=False)
        return 0
    findings = run_checks(LIBRARIES)
    for title in dict.fromkeys(each.check for each in findings):
        table = Table(title=title, title_justify="left", box=box.SIMPLE_HEAD, pad_edge=False)
        for head in ("library", "asked", "found", "verdict"):
            table.add_column(head, overflow="fold")
        for each in findings:
            if each.check == title:
                cells = (f"{each.library} {each.version}", each.name, each.found)
                table.add_row(*map(escape, cells), VERDICTS[each.holds])
        console.print(table)
    write("peers.csv", findings_frame(findings).to_csv(index=False, lineterminator="\n"))
    write("peers.md", findings_markdown(findings, LIBRARIES))
    console.print(f"Written to {out}: {', '.join(written)}", soft_wrap=True, highlight=False)
    own = [each for each in findings if each.library == Ours().name]
    return int(any(each.holds is False for each in own))
