"""``ebmbench check``: whether an output folder is whole."""

from __future__ import annotations

from pathlib import Path

import click


@click.command("check")
@click.argument("out", type=click.Path(path_type=Path))
def command(out: Path) -> int:
    """Check that OUT is whole: records valid and in place, tables what the records give.

    Exit status: 0 nothing is wrong, 1 something is; one line per problem.
    """
    from ebmbench.harness.job import requested_id
    from ebmbench.report.audit import find_problems

    problems = find_problems(out, requested_id)
    for problem in problems:
        click.echo(problem)
    if not problems:
        click.echo(f"{out}: whole")
    return int(bool(problems))
