"""A record as it is stored: its text, and where it lies."""

from __future__ import annotations

import hashlib
import json
import marshal
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from weakref import WeakValueDictionary

from pydantic import ValidationError
from pydantic_core import from_json

from ebmbench.cards import Card, MethodCard, TaskCard
from ebmbench.errors import EbmbenchError, cut, first_line
from ebmbench.options import explain
from ebmbench.plain import cleaned, may_steer
from ebmbench.records.brief import Brief
from ebmbench.records.model import KNOWN, SCHEMA, Record
from ebmbench.records.sharing import share


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
        key = hashlib.sha256(self.text.encode()).digest()
        known = _KNOWN.get(key)
        if known is None:
            known = _KNOWN[key] = self._parsed()
        return known

    def brief(self) -> Brief:
        """Return what of the record a resumed grid is compared by.

        Raises:
            EbmbenchError: those parts of it are not valid.
        """
        try:
            return Brief.model_validate(self._with_cards())
        except ValidationError as error:
            raise self._invalid(explain(error)) from None

    def _parsed(self) -> Record:
        try:
            return share(Record.model_validate(self._with_cards()))
        except ValidationError as error:
            raise self._invalid(explain(error)) from None

    def _with_cards(self) -> dict[str, Any]:
        content = self.content()
        if may_steer(self.text):
            content = cleaned(content)
        version = content.get("schema_version", SCHEMA)
        if version not in KNOWN or isinstance(version, bool):
            raise EbmbenchError(
                f"record {self.whole_place} has schema_version {cut(repr(version))}, known here: "
                f"{', '.join(map(str, KNOWN))}; another version of ebmbench wrote it"
            )
        for kind, cls in (("task_card", TaskCard), ("method_card", MethodCard)):
            if isinstance(content.get(kind), dict):
                try:
                    content[kind] = _card(cls, content[kind])
                except ValidationError as error:
                    raise self._invalid(f"{kind}: {explain(error)}") from None
        return content

    def content(self) -> dict[str, Any]:
        """Return what is written, and no more: fields that a record has gained since stay away.

        Raises:
            EbmbenchError: the text is not a JSON object.
        """
        try:
            content = from_json(self.text, allow_inf_nan=False, cache_strings="all")
        except ValueError as error:
            raise self._invalid(f"no JSON: {first_line(error)}") from None
        if not isinstance(content, dict):
            raise self._invalid(f"a {type(content).__name__}, allowed: a JSON object")
        return content

    def _invalid(self, why: str) -> EbmbenchError:
        return EbmbenchError(f"record {self.whole_place} is not valid: {why}")


_KNOWN: WeakValueDictionary[bytes, Record] = WeakValueDictionary()
"""Records in use, by the hash of their text: a command looks at a folder several times."""


def _card(cls: type[Card], content: dict[str, Any]) -> Card:
    """Return a card; the records of a folder share theirs, which are most of what they hold."""
    # In a form without references, that is a function of the value, and faster than JSON.
    key = cls, marshal.dumps(content, 2)
    card = _CARDS.get(key)
    if card is None:
        card = _CARDS[key] = cls.model_validate_json(json.dumps(content))
    return card


_CARDS: WeakValueDictionary[tuple[type[Card], bytes], Card] = WeakValueDictionary()


def as_written(content: dict[str, Any]) -> str:
    """Return the text of a record file: sorted keys, one space of indent, a final newline."""
    return json.dumps(content, indent=1, sort_keys=True, allow_nan=False) + "\n"
