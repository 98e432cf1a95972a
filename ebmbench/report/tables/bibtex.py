"""BibTeX of what was used."""

from __future__ import annotations

from collections.abc import Iterable

from ebmbench.cards import Card


def to_bibtex(cards: Iterable[Card]) -> str:
    """Return the BibTeX entries of cards, each once, with the names of the cards that cite it.

    A card without an entry gives a comment with its citation in words, so that nothing is lost.
    """
    names: dict[str, list[str]] = {}
    for card in cards:
        citation = card.citation
        words = " ".join(filter(None, (citation.text, citation.url)))
        entry = citation.bibtex.strip() or f"% no BibTeX entry: {words}"
        users = names.setdefault(entry, [])
        if card.name not in users:
            users.append(card.name)
    return "\n".join(f"% {', '.join(users)}\n{entry}\n" for entry, users in names.items())
