"""``ebmbench study validate``: every estimator of ``log Z`` against known truths."""

from __future__ import annotations

from pathlib import Path

import click

from ebmbench.errors import EbmbenchError


@click.command("validate")
@click.option("--jobs", type=int, help="Worker processes of one thread. [one per core]")
@click.option(
    "--out",
    type=click.Path(path_type=Path),
    default=Path("runs/validation"),
    show_default=True,
    help="Where the page and its pictures go.",
)
def command(jobs: int | None, out: Path) -> int:
    """Try every estimator of log Z on models whose log Z is known, and on cases to be refused.

    Takes about an hour; what is done is kept under OUT and not done again. Exit status: 0 every
    promise holds, 1 some do not.
    """
    from ebmbench.cli.consoles import make_console
    from ebmbench.files import write_atomically
    from ebmbench.harness.executors.local import cores
    from ebmbench.harness.provenance import machine, now, versions
    from ebmbench.harness.store import open_folder
    from ebmbench.numerics import configure
    from ebmbench.studies.validation.measure import measure
    from ebmbench.studies.validation.page import to_markdown
    from ebmbench.studies.validation.pictures import draw_brackets, draw_errors

    workers = cores() if jobs is None else jobs
    if not 1 <= workers <= cores():
        raise EbmbenchError(f"--jobs is {workers}, allowed: 1 to the {cores()} cores here")
    open_folder(out)
    words = machine("cpu", configure(threads=1)) | versions()
    console = make_console()
    with console.status("validation …") as status:

        def show(done: int, total: int) -> None:
            status.update(f"validation: {done} of {total} pieces of work")

        found = measure(out, workers, show)
    write_atomically(out / "validation.md", to_markdown(found, words, now()))
    draw_errors(found.rows).savefig(out / "errors.png", dpi=110)
    draw_brackets(found.gaps).savefig(out / "brackets.png", dpi=110)
    for problem in found.problems:
        console.print(problem, style="red", soft_wrap=True, highlight=False)
    console.print(
        f"Written to {out}: validation.md, errors.png, brackets.png",
        soft_wrap=True,
        highlight=False,
    )
    return int(bool(found.problems))
