"""A record as it is stored: its text, and where it lies."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NoReturn

from pydantic import ValidationError

from ebmbench.errors import EbmbenchError
from ebmbench.options import explain
from ebmbench.records.model import Record


@dataclass(frozen=True)
class Stored:
    """The text of one record, not looked at yet."""

    folder: Path
    file: str
    """Below the folder, with ``/``."""
    line: int | None
    """From 1 in a pack; ``None``: the record is the whole file."""
    text: str

    @property
    def place(self) -> str:
        """Where it lies below the folder, in words."""
        return self.file if self.line is None else f"{self.file} line {self.line}"

    @property
    def whole_place(self) -> str:
        """Where it lies, in words, for a message."""
        path = repr(str(self.folder / self.file))
        return path if self.line is None else f"{path} line {self.line}"

    def record(self) -> Record:
        """Return the record.

        Raises:
            EbmbenchError: the text is not a valid record.
        """
        try:
            return Record.model_validate_json(self.text)
        except ValidationError as error:
            raise EbmbenchError(
                f"record {self.whole_place} is not valid: {explain(error)}"
            ) from None

    def content(self) -> dict[str, Any]:
        """Return what is written, and no more: fields that a record has gained since stay away.

        Raises:
            EbmbenchError: the text is not a JSON object.
        """
        try:
            content = json.loads(self.text, parse_constant=_refuse)
        except (ValueError, RecursionError) as error:
            raise EbmbenchError(f"record {self.whole_place} is not valid: {error}") from None
        if not isinstance(content, dict):
            raise EbmbenchError(
                f"record {self.whole_place} is not valid: a {type(content).__name__}, "
                "allowed: a JSON object"
            )
        return content


def as_written(content: dict[str, Any]) -> str:
    """Return the text of a record file: sorted keys, one space of indent, a final newline."""
    return json.dumps(content, indent=1, sort_keys=True, allow_nan=False) + "\n"


def _refuse(constant: str) -> NoReturn:
    raise ValueError(f"{constant} is not JSON, allowed: the string {constant!r}")
