"""Whether a card, and what it names, keeps its contract: tried on the whole way, on few rows."""

from ebmbench.contracts.card import card_problems

__all__ = ["card_problems"]
