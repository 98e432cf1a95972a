"""``ebmbench publish``: results made fit for a repository, and back."""

from __future__ import annotations

import os
from pathlib import Path

import click

from ebmbench.cli.vouching import CARDS, vouched_records
from ebmbench.errors import EbmbenchError


@click.command("publish")
@click.argument("out", type=click.Path(path_type=Path))
@click.option(
    "--to", type=click.Path(path_type=Path), required=True, help="A folder such as results/NAME."
)
@click.option("--weights", is_flag=True, help="Take the weights along.")
@click.option(
    "--pictures",
    metavar="NAMES",
    help="Pictures of OUT/figures to keep: names or globs without suffix, with commas. [regret]",
)
@click.option(
    "--unpack", is_flag=True, help="The way back: write the records of a published OUT as files."
)
@CARDS
def command(
    out: Path,
    to: Path,
    weights: bool,
    pictures: str | None,
    unpack: bool,
    cards: str | None,
) -> int:
    """Write the records of OUT, packed, with tables and metadata to a folder for a repository.

    What was published there before is replaced; a folder with anything else in it is refused.
    OUT may be a published folder, also the same one: what follows from its records is written
    anew. Records that `check` finds fault with are not published.
    """
    if unpack:
        if weights or pictures is not None:
            raise EbmbenchError("--unpack takes everything; leave out --weights and --pictures")
        from ebmbench.records import unpack as unpack_folder

        count = unpack_folder(out, to)
        click.echo(f"{count} records unpacked to {to}")
        return 0
    from ebmbench.harness.job import requested_id
    from ebmbench.report.audit import record_problems
    from ebmbench.report.publish import publish

    # What cannot be believed here is not passed on.
    problems = record_problems(out, requested_id)
    if problems:
        more = f" (and {len(problems) - 1} more; see `ebmbench check`)" if problems[1:] else ""
        # The folder is named once, so that what is wrong in it has room in a sentence.
        first = problems[0].replace(f"{out}{os.sep}", "")
        raise EbmbenchError(f"{str(out)!r} is not published: {first}{more}")
    names = None if pictures is None else [name.strip() for name in pictures.split(",")]
    written = publish(
        out, to, records=vouched_records(out, cards), weights=weights, pictures=names
    )
    total = sum(written.sizes.values())
    parts = ", ".join(f"{name} {_mib(size)}" for name, size in written.sizes.items() if size)
    click.echo(f"{written.records} records published to {to}: {_mib(total)} ({parts})")
    return 0


def _mib(size: int) -> str:
    return f"{size / 2**20:.1f} MiB" if size >= 2**20 else f"{size / 2**10:.0f} KiB"
