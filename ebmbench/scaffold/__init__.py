"""What ``ebmbench new`` writes: a card and a stub that run at once."""

from __future__ import annotations

import re
from pathlib import Path
from string import Template
from typing import Literal

from ebmbench import catalog
from ebmbench.errors import EbmbenchError

Kind = Literal["method", "task"]
STUBS: dict[Kind, str] = {"method": "objective.py.txt", "task": "loader.py.txt"}


def write_new(kind: Kind, name: str, folder: Path) -> list[Path]:
    """Write a card and the stub of its class; return both paths.

    Arguments:
        kind: of the card.
        name: lower case letters, digits and dashes.
        folder: where the files go.

    Raises:
        EbmbenchError: the name is not allowed or taken, or a file is in the way.
    """
    if not re.fullmatch(r"[a-z][a-z0-9]*(-[a-z0-9]+)*", name):
        raise EbmbenchError(
            f"the name is {name!r}, allowed: lower case letters, digits and single dashes, "
            "beginning with a letter"
        )
    if name in (catalog.methods() if kind == "method" else catalog.tasks()):
        raise EbmbenchError(
            f"there is a {kind} {name!r} already; `ebmbench list {kind}s` shows it"
        )
    words = {
        "name": name,
        "module": name.replace("-", "_"),
        "cls": "".join(word.capitalize() for word in name.split("-")),
        "title": name.replace("-", " ").capitalize(),
    }
    here = Path(__file__).parent
    texts = {
        folder / f"{name}.toml": here / f"{kind}.toml.txt",
        folder / f"{words['module']}.py": here / STUBS[kind],
    }
    for path in texts:
        if path.exists():
            raise EbmbenchError(f"{str(path)!r} exists already; move it away or take another name")
    for path, template in texts.items():
        path.write_text(Template(template.read_text(encoding="utf-8")).substitute(words))
    return list(texts)
