"""``ebmbench score``: the metrics again, without training."""

from __future__ import annotations

from pathlib import Path

import click


@click.command("score")
@click.argument("out", type=click.Path(path_type=Path))
@click.option("--data-dir", type=click.Path(path_type=Path), help="Where data files lie.")
def command(out: Path, data_dir: Path | None) -> int:
    """Compute the metrics of OUT again from the stored weights, and rewrite its tables."""
    from ebmbench.harness.rescore import rescore
    from ebmbench.harness.store import write_results
    from ebmbench.records import Status, read_records

    for record in read_records(out):
        if record.status is Status.OK:
            rescore(record, out, data_dir)
            click.echo(f"{record.task} × {record.method} seed {record.seed}: scored")
    click.echo(f"Written: {write_results(out)}")
    return 0
