"""What ``ebmbench new`` writes: a card and a stub that run at once."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from string import Template
from typing import Literal

from ebmbench import catalog
from ebmbench.errors import EbmbenchError
from ebmbench.scaffold.example import example_table
from ebmbench.scaffold.table import table_toml

Kind = Literal["method", "task", "table", "metric", "energy", "levels"]

PLANE = {
    "family": "2d",
    "loader": "density",
    "loader_options": '{ name = "two-moons" }',
    "sizes": "train = 20000\nvalidation = 2000\ntest = 5000\n",
    "energy": "mlp",
    "energy_options": '{ hidden = [64, 64], activation = "silu" }',
    "metrics": '"log_likelihood", "regret", "fisher_divergence", "energy_distance", "log_z_error"',
    "log_z": "quadrature",
    "tolerance": "1e-4",
}
"""A task in the plane, of which a stub replaces one part."""


@dataclass(frozen=True)
class Scaffold:
    """What is written for a kind."""

    card: str
    """The template of the card."""
    stub: str
    """The template of the module."""
    words: dict[str, str]
    """Put into the card, with the name's own words put into them."""


KINDS: dict[Kind, str] = {
    "method": "a training objective",
    "task": "a density or a data set of one's own",
    "table": "a CSV table",
    "metric": "a number to measure, and a task that names it",
    "energy": "an energy network, and a task that uses it",
    "levels": "an energy of many noise levels, and a task that uses it",
}
SCAFFOLDS: dict[Kind, Scaffold] = {
    "method": Scaffold("method.toml.txt", "objective.py.txt", {}),
    "task": Scaffold(
        "task.toml.txt",
        "loader.py.txt",
        PLANE | {"loader": "$module:$cls", "loader_options": "{ separation = 4.0 }"},
    ),
    "metric": Scaffold(
        "task.toml.txt",
        "metric.py.txt",
        PLANE | {"metrics": '"log_likelihood", "regret", "$module:$module"'},
    ),
    "energy": Scaffold(
        "task.toml.txt",
        "energy.py.txt",
        PLANE | {"energy": "$module:$cls", "energy_options": "{ width = 64 }"},
    ),
    "levels": Scaffold(
        "task.toml.txt",
        "levels.py.txt",
        PLANE
        | {
            "energy": "$module:$cls",
            "energy_options": "{ width = 64, levels = [1.0, 0.3, 0.1] }",
        },
    ),
}


def write_new(kind: Kind, name: str, folder: Path) -> list[Path]:
    """Write a card and the stub of what it names; return the paths, the card first.

    Arguments:
        kind: of what is begun.
        name: lower case letters, digits and dashes.
        folder: where the files go.

    Raises:
        EbmbenchError: the name is not allowed or taken, or a file is in the way.
    """
    _refuse_name("method" if kind == "method" else "task", name)
    if kind == "table":
        table = folder / f"{name}.csv"
        _write({table: example_table()})
        return [*write_table_card(table, folder, name), table]
    own = {
        "name": name,
        "module": name.replace("-", "_"),
        "cls": "".join(word.capitalize() for word in name.split("-")),
        "title": name.replace("-", " ").capitalize(),
    }
    scaffold = SCAFFOLDS[kind]
    words = {key: Template(text).substitute(own) for key, text in scaffold.words.items()} | own
    here = Path(__file__).parent
    return _write(
        {
            folder / f"{name}.toml": _filled(here / scaffold.card, words),
            folder / f"{own['module']}.py": _filled(here / scaffold.stub, words),
        }
    )


def write_table_card(table: Path, folder: Path, name: str | None = None) -> list[Path]:
    """Write a card for a table that is there, and return its path.

    Arguments:
        table: the file.
        folder: where the card goes.
        name: of the card; ``None``: that of the file.

    Raises:
        EbmbenchError: the table cannot be read, the name is not allowed or taken, or a file is in
            the way.
    """
    if name is not None:
        _refuse_name("task", name)
    name, text = table_toml(table, folder, name)
    return _write({folder / f"{name}.toml": text})


def _refuse_name(kind: Literal["method", "task"], name: str) -> None:
    if not re.fullmatch(r"[a-z][a-z0-9]*(-[a-z0-9]+)*", name) or len(name) > 50:
        raise EbmbenchError(
            f"the name is {name!r}, allowed: at most 50 lower case letters, digits and single "
            "dashes, beginning with a letter"
        )
    if name in (catalog.methods() if kind == "method" else catalog.tasks()):
        raise EbmbenchError(
            f"there is a {kind} {name!r} already; `ebmbench list {kind}s` shows it"
        )


def _write(texts: dict[Path, str]) -> list[Path]:
    for path in texts:
        if path.exists():
            raise EbmbenchError(f"{str(path)!r} exists already; move it away or take another name")
    for path, text in texts.items():
        path.write_text(text, encoding="utf-8")
    return list(texts)


def _filled(template: Path, words: dict[str, str]) -> str:
    return Template(template.read_text(encoding="utf-8")).substitute(words)
