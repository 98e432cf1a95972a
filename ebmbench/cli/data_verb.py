"""``ebmbench data``: which files there are, and getting and checking them."""

from __future__ import annotations

import json
from pathlib import Path

import click
from rich.console import Console
from rich.table import Table

from ebmbench.cli.consoles import make_console
from ebmbench.cli.downloads import DownloadBar
from ebmbench.datasets import store
from ebmbench.datasets.store import RemoteFile, check, download, search_path
from ebmbench.errors import EbmbenchError, did_you_mean

DATA_DIR = click.option(
    "--data-dir", type=click.Path(path_type=Path), help="Where data files are looked for first."
)


@click.group("data")
def command() -> None:
    """List, fetch and verify data files."""


@command.command("list")
@DATA_DIR
@click.option("--json", "as_json", is_flag=True, help="Print JSON in place of a table.")
def list_files(data_dir: Path | None, as_json: bool) -> None:
    """List the data files, their licence, and where they are."""
    rows = [
        {
            "name": file.name,
            "where": str(_where(file, data_dir) or "missing"),
            "licence": file.licence,
            "source": file.url,
        }
        for file in store.FILES.values()
    ]
    if as_json:
        click.echo(json.dumps(rows, indent=1))
        return
    table = Table(box=None, header_style="bold", pad_edge=False)
    for column in ("name", "folder", "licence"):
        table.add_column(column, overflow="fold", no_wrap=column == "name")
    for row in rows:
        folder = row["where"].removesuffix(f"/{row['name']}")
        table.add_row(row["name"], folder, row["licence"])
    make_console().print(table)


@command.command("fetch")
@click.argument("names", nargs=-1, required=True)
def fetch(names: tuple[str, ...]) -> None:
    """Download files by name from their official source, or `all`, into the cache."""
    for name in _chosen(names):
        with DownloadBar(name, Console(stderr=True)) as bar:
            path = download(name, bar)
        click.echo(f"{name}: {path}")


@command.command("verify")
@click.argument("names", nargs=-1)
@DATA_DIR
def verify(names: tuple[str, ...], data_dir: Path | None) -> int:
    """Check the files that are here against their checksums; exit status 1 if one is wrong."""
    bad = 0
    for name in _chosen(names or ("all",)):
        path = _where(store.FILES[name], data_dir)
        if path is None:
            click.echo(f"{name}: missing")
            continue
        try:
            check(path, store.FILES[name])
            click.echo(f"{name}: ok")
        except EbmbenchError as error:
            click.echo(str(error))
            bad += 1
    return int(bad > 0)


def _chosen(names: tuple[str, ...]) -> list[str]:
    if "all" in names:
        return list(store.FILES)
    for name in names:
        if name not in store.FILES:
            raise EbmbenchError(f"unknown data file {name!r}{did_you_mean(name, store.FILES)}")
    return list(names)


def _where(file: RemoteFile, data_dir: Path | None) -> Path | None:
    for root in search_path(data_dir):
        if (root / file.name).is_file():
            return root / file.name
    return None
