"""Cards of published experiments: the grid, the printed numbers, and how far ours may be off."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from ebmbench.cards import Preset, read_card
from ebmbench.cardtables import Citation, Positive
from ebmbench.errors import EbmbenchError, did_you_mean
from ebmbench.names import Name

Rule = Literal["within", "at_most", "at_least"]


class _Table(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


class Claim(_Table):
    """One number that a paper prints or derives, and the rule by which ours agrees with it."""

    id: str
    """Key of what the experiment measures."""
    text: str
    """What the number is, as a reader of the table sees it."""
    published: float
    source: str
    """Where it is printed and how it was read, or from which equation it follows."""
    rule: Rule = "within"
    tolerance: Annotated[float, Field(ge=0)] = 0.0
    """Of ``within``: how far ours may be from it. Of the others: how far beyond it."""
    why: str = ""
    """Why ours differs, once that was found out; shown where the claim does not hold."""


class Presets(_Table):
    """Options of the experiment per preset; ``full`` is the published protocol."""

    smoke: dict[str, Any]
    standard: dict[str, Any]
    full: dict[str, Any]


class ReproductionCard(_Table):
    """One published experiment."""

    name: Name
    version: Positive
    """Raised by whoever changes what a cell computes; cells of another version are not used."""
    title: str
    summary: str
    experiment: str
    """``package.module:Class`` of the experiment."""
    protocol: str
    """What was done in the paper."""
    departures: str
    """What is done otherwise here, and why."""
    presets: Presets
    claims: Annotated[list[Claim], Field(min_length=1)]
    citation: Citation

    def options(self, preset: Preset) -> dict[str, Any]:
        """Return the experiment's options at a preset."""
        options: dict[str, Any] = getattr(self.presets, preset)
        return options


@cache
def reproductions() -> Mapping[str, ReproductionCard]:
    """Return every shipped card by name."""
    paths = sorted((Path(__file__).parent / "published").glob("*.toml"))
    cards = [read_card(ReproductionCard, path) for path in paths]
    return {card.name: card for card in cards}


def select_reproductions(request: str) -> list[ReproductionCard]:
    """Return the cards that ``request`` names: ``all``, or names separated by commas.

    Raises:
        EbmbenchError: an unknown name.
    """
    known = reproductions()
    if request == "all":
        return list(known.values())
    words = [word.strip() for word in request.split(",")]
    for word in words:
        if word not in known:
            raise EbmbenchError(
                f"unknown reproduction {word!r}{did_you_mean(word, known)}; allowed: "
                f"{', '.join(known)}, all"
            )
    return [known[word] for word in dict.fromkeys(words)]
