"""One object for what is equal in many records, so that a hundred thousand fit into memory.

The records of a folder repeat each other in the machine and the versions. And a
model of pydantic keeps beside its values a set of the names that were given, which takes more
memory than the numbers of a metric do. Nothing of it is changed after it is read.
"""

from __future__ import annotations

from collections.abc import Hashable
from typing import Any

from pydantic import BaseModel

from ebmbench.cards import Card
from ebmbench.records.model import Record

REPEATED = ("versions", "machine")
"""Tables of texts that are the same in most records of a folder."""
_PLAIN = frozenset({str, int, float, bool, type(None)})
_NESTED = (BaseModel, dict, list)
_SETS: dict[frozenset[str], set[str]] = {}
_TABLES: dict[Hashable, dict[str, str]] = {}


def share(record: Record) -> Record:
    """Return a record in which what others have too is the same object."""
    for name in REPEATED:
        table: dict[str, str] = getattr(record, name)
        vars(record)[name] = _TABLES.setdefault(tuple(table.items()), table)
    _share_names(record)
    return record


def _share_names(value: Any) -> None:
    if isinstance(value, BaseModel):
        given = value.model_fields_set
        shared = _SETS.setdefault(frozenset(given), given)
        object.__setattr__(value, "__pydantic_fields_set__", shared)
        parts = vars(value).values()
    else:
        parts = value.values() if isinstance(value, dict) else value
    for part in parts:
        # Most are a number or a text. Cards are whole objects that records share.
        if type(part) not in _PLAIN and isinstance(part, _NESTED) and not isinstance(part, Card):
            _share_names(part)
