"""Method cards as they stand, whatever a search has found for a family of tasks.

What a test says of a card's values must not depend on the last search.
"""

from __future__ import annotations

from ebmbench import catalog
from ebmbench.cards import MethodCard


def untuned(card: MethodCard | str) -> MethodCard:
    """Return a card, or that of a name, without the values that were tuned for tasks."""
    found = catalog.methods()[card] if isinstance(card, str) else card
    return found.model_copy(update={"tuned": []})
