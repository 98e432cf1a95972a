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

    what: str
    card: str
    """The template of the card."""
    stub: str
    """The template of the module."""
    words: dict[str, str]
    """Put into the card, with the name's own words put into them."""


SCAFFOLDS: dict[Kind, Scaffold] = {
    "method": Scaffold("a training objective", "method.toml.txt", "objective.py.txt", {}),
    "task": Scaffold(
        "a density or a data set of one's own",
        "task.toml.txt",
        "loader.py.txt",
        PLANE | {"loader": "$module:$cls", "loader_options": "{ separation = 4.0 }"},
    ),
    "table": Scaffold(
        "a CSV table",
        "task.toml.txt",
        "table.py.txt",
        PLANE
        | {
            "family": "uci",
            "loader": "$module:$cls",
            "loader_options": '{ path = "$name.csv" }',
            "sizes": "",
            "metrics": '"log_likelihood", "hyvarinen_score", "energy_distance"',
            "log_z": "ais",
            "tolerance": "0.1",
        },
    ),
    "metric": Scaffold(
        "a number to measure, and a task that names it",
        "task.toml.txt",
        "metric.py.txt",
        PLANE | {"metrics": '"log_likelihood", "regret", "$module:$module"'},
    ),
    "energy": Scaffold(
        "an energy network, and a task that uses it",
        "task.toml.txt",
        "energy.py.txt",
        PLANE | {"energy": "$module:$cls", "energy_options": "{ width = 64 }"},
    ),
    "levels": Scaffold(
        "an energy of many noise levels, and a task that uses it",
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
    if not re.fullmatch(r"[a-z][a-z0-9]*(-[a-z0-9]+)*", name) or len(name) > 50:
        raise EbmbenchError(
            f"the name is {name!r}, allowed: at most 50 lower case letters, digits and single "
            "dashes, beginning with a letter"
        )
    card_kind = "method" if kind == "method" else "task"
    if name in (catalog.methods() if kind == "method" else catalog.tasks()):
        raise EbmbenchError(
            f"there is a {card_kind} {name!r} already; `ebmbench list {card_kind}s` shows it"
        )
    scaffold = SCAFFOLDS[kind]
    own = {
        "name": name,
        "module": name.replace("-", "_"),
        "cls": "".join(word.capitalize() for word in name.split("-")),
        "title": name.replace("-", " ").capitalize(),
    }
    words = {key: Template(text).substitute(own) for key, text in scaffold.words.items()} | own
    here = Path(__file__).parent
    texts = {
        folder / f"{name}.toml": _filled(here / scaffold.card, words),
        folder / f"{own['module']}.py": _filled(here / scaffold.stub, words),
    }
    if kind == "table":
        texts[folder / f"{name}.csv"] = example_table()
    for path in texts:
        if path.exists():
            raise EbmbenchError(f"{str(path)!r} exists already; move it away or take another name")
    for path, text in texts.items():
        path.write_text(text, encoding="utf-8")
    return list(texts)


def _filled(template: Path, words: dict[str, str]) -> str:
    return Template(template.read_text(encoding="utf-8")).substitute(words)
