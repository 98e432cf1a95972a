"""Writing a winner into the card of its method, and nothing else of the file."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

import tomlkit
from tomlkit.items import AoT, Table

from ebmbench import catalog
from ebmbench.cardfiles import shipped
from ebmbench.cards import MethodCard, TaskCard, read_card
from ebmbench.errors import EbmbenchError
from ebmbench.tuning.outcome import Winner, found_words


def method_file(method: MethodCard) -> Path:
    """Return the file of a method card.

    Raises:
        EbmbenchError: it is part of an installed package, which is not to be changed.
    """
    if method.folder is not None:
        return method.folder / f"{method.name.rpartition('/')[2]}.toml"
    path = shipped("methods") / f"{method.name}.toml"
    if not path.is_file() or "site-packages" in path.parts:
        raise EbmbenchError(
            f"method {method.name!r} has no card that can be written to; allowed with --write: "
            "cards given by path, and those of a checkout"
        )
    return path


def patterns_of(tasks: Sequence[TaskCard]) -> list[str]:
    """Return the globs of all tasks beside these: ``2d/*`` for ``2d/rings``.

    Where some beside them have another kind of energy, the names of those that have the same: what
    was found for one kind of network can be far off for another.
    """
    kinds = {task.energy.kind for task in tasks}
    found = []
    for prefix in dict.fromkeys(task.name.partition("/")[0] for task in tasks):
        beside = [t for t in catalog.tasks().values() if t.name.startswith(f"{prefix}/")]
        same = [t.name for t in beside if t.energy.kind in kinds]
        found += [f"{prefix}/*"] if len(same) == len(beside) else same
    return found


def write_winner(path: Path, winner: Winner, patterns: Sequence[str]) -> MethodCard:
    """Replace a card's tuned values of some tasks by those of a winner; return the card.

    Comments and order of the file stay.

    Arguments:
        path: of the method card.
        winner: from :func:`ebmbench.tuning.outcome.chosen`.
        patterns: globs of the tasks that the values are for.

    Raises:
        EbmbenchError: the result is no valid card; the file is as it was then.
    """
    before = path.read_text(encoding="utf-8")
    document = tomlkit.parse(before)
    tables = document.get("tuned", tomlkit.aot())
    kept = [table for table in tables if table["tasks"] not in patterns]
    fresh = tomlkit.aot()
    for table in (*kept, *(_table(winner, each) for each in patterns)):
        fresh.append(table)
    _put(document, fresh)
    path.write_text(_spaced(tomlkit.dumps(document)), encoding="utf-8")
    try:
        card = read_card(MethodCard, path)
        for task in winner.tasks:
            card.for_task(task)
        return card
    except BaseException:
        path.write_text(before, encoding="utf-8")
        raise


def _table(winner: Winner, pattern: str) -> Table:
    table = tomlkit.table()
    table["tasks"] = pattern
    table["found"] = found_words(winner)
    table["trials"] = winner.trials
    table["seeds"] = winner.seeds
    table["commit"] = winner.commit
    table["coordinates"] = winner.coordinates
    for name in ("hyperparameters", "optimiser"):
        # What is absent of a card is None here, which TOML does not have.
        values = {k: v for k, v in getattr(winner, name).items() if v is not None}
        if values:
            inner = tomlkit.table()
            inner.update(values)
            table[name] = inner
    return table


def _spaced(text: str) -> str:
    """Return the text of a card with one empty line before each of its tables."""
    text = re.sub(r"\n*\n(?=\[\[tuned\]\]|\[citation\])", "\n\n", text)
    return re.sub(r"\n+(?=\n\[tuned\.)", "", text)


def _put(document: tomlkit.TOMLDocument, tables: AoT) -> None:
    """Put the tuned tables where they stood, or before the citation."""
    if "tuned" in document:
        document["tuned"] = tables
        return
    citation = document.pop("citation")
    document["tuned"] = tables
    document["citation"] = citation
