"""What identifies a run, from its record as written.

A card that is read back gains the fields that cards have got since, so its hash of today may not
be the one of the day of the run. The card as it stands in the record has the hash of that day.
"""

from __future__ import annotations

import hashlib
import json
from typing import Any


def written_card_hash(content: dict[str, Any], kind: str) -> str:
    """Return the hash of a card as a record holds it.

    Arguments:
        content: of the record.
        kind: ``task`` or ``method``.
    """
    text = json.dumps(content[f"{kind}_card"], sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def written_run_id(content: dict[str, Any]) -> str:
    """Return the identity, as version 0.1 made it, of what a record says was asked.

    That of a run by another selection of weights, which 0.1 did not know, has it as a last part.
    """
    cards = [written_card_hash(content, kind) for kind in ("task", "method")]
    device = content["machine"].get("device", "cpu")
    asked = [*cards, content["seed"], content["preset"], device]
    if content.get("selected_by", "own-loss") != "own-loss":
        asked.append(content["selected_by"])
    return hashlib.sha256(json.dumps(asked).encode()).hexdigest()[:16]
