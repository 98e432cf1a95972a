"""Pieces of the validation's work, each kept in a file when it ends and not done again."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter, ValidationError

from ebmbench.files import write_atomically
from ebmbench.harness.provenance import code_hash

FOLDER = "pieces"
"""Under the output folder."""


@dataclass(frozen=True)
class Piece:
    """A call whose outcome is kept."""

    name: str
    """Of the file, but for signs that a file's name should not have."""
    run: Callable[..., Any]
    """A function of a module, so that another process can call it."""
    arguments: tuple[Any, ...]
    kind: Any
    """Type of the outcome: dataclasses, and lists of them."""

    def kept(self, out: Path) -> tuple[bool, Any]:
        """Return whether the outcome by the code as it is stands in a folder, and the outcome."""
        path = self._path(out)
        if not path.is_file():
            return False, None
        try:
            content = json.loads(path.read_text(encoding="utf-8"))
            if content["code"] != code_hash():
                return False, None
            return True, TypeAdapter(self.kind).validate_python(content["outcome"])
        except (ValueError, LookupError, TypeError, ValidationError):
            return False, None

    def keep(self, outcome: Any, out: Path) -> None:
        """Write an outcome to a folder."""
        content = {"code": code_hash(), "outcome": TypeAdapter(self.kind).dump_python(outcome)}
        path = self._path(out)
        path.parent.mkdir(parents=True, exist_ok=True)
        write_atomically(path, json.dumps(content, indent=1))

    def _path(self, out: Path) -> Path:
        return out / FOLDER / f"{re.sub(r'[^a-z0-9]+', '-', self.name.lower())}.json"
