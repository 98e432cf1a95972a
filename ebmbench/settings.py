"""Settings from the command line: ``--set dsm.sigma=0.05``, and what they make of the cards.

A method with a setting is a method of its own, ``dsm[sigma=0.05]``, so that variants stand side by
side in one board; several values make one variant each. A task keeps its name, since its number
would mean something else: one folder never mixes two cards of a task.
"""

from __future__ import annotations

import fnmatch
import itertools
import math
import tomllib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from ebmbench import catalog
from ebmbench.cards import MethodCard, Preset, TaskCard, changed_card
from ebmbench.cardtables import Optimiser
from ebmbench.errors import EbmbenchError, did_you_mean
from ebmbench.names import method_label
from ebmbench.options import build, option_names
from ebmbench.registry import ESTIMATORS, OBJECTIVES

TASK = "task"
TABLES = ("budget", "data", "energy", "metrics")
"""Of a task card, that can be set: the others say what it is."""
COORDINATES = "coordinates"
"""The one key of a method card itself that can be set."""


@dataclass(frozen=True)
class Setting:
    """One ``--set``."""

    text: str
    who: str
    """``task``, the name of a method, or a glob over those that were asked for."""
    key: str
    values: tuple[Any, ...]


def read_setting(text: str) -> Setting:
    """Read ``WHO.KEY=VALUE[,VALUE…]``; values are as in a card, and bare words are strings.

    Raises:
        EbmbenchError: it is not of this form, or a number in it is not finite.

    Example:
        >>> read_setting("dsm.sigma=0.02,0.05").values
        (0.02, 0.05)
    """
    place, equals, value = text.partition("=")
    who, dot, key = place.strip().partition(".")
    words = [word.strip() for word in _split(value)]
    if not (equals and dot and who and key and all(words)):
        raise EbmbenchError(
            f"--set is {text!r}, allowed: METHOD.KEY=VALUE or task.TABLE.KEY=VALUE"
        )
    values = tuple(map(_value, words))
    if any(isinstance(value, float) and not math.isfinite(value) for value in values):
        raise EbmbenchError(f"--set {text}: allowed: finite numbers")
    return Setting(text, who, key, values)


def asked_cards(
    tasks: str | Sequence[str],
    methods: str | Sequence[str],
    settings: Iterable[str],
    *,
    preset: Preset,
    steps: int | None,
) -> tuple[list[TaskCard], list[MethodCard]]:
    """Return the cards of a request, with its settings put in.

    Arguments:
        tasks: names, patterns or paths.
        methods: the same.
        settings: in the words of ``--set``.
        preset: whose budget the settings of one mean.
        steps: as asked for beside the settings; not put in here.

    Raises:
        EbmbenchError: unknown names, a setting that is none, or two numbers of steps.
    """
    chosen = [read_setting(text) for text in settings]
    for setting in chosen:
        if steps is not None and (setting.who, setting.key) == (TASK, "budget.steps"):
            raise EbmbenchError(
                f"--set {setting.text} and steps = {steps}: allowed: one of the two"
            )
    return (
        set_in_tasks(catalog.select_tasks(tasks), chosen, preset),
        set_in_methods(catalog.select_methods(methods), chosen),
    )


def set_in_tasks(
    tasks: Sequence[TaskCard], settings: Iterable[Setting], preset: Preset
) -> list[TaskCard]:
    """Return the tasks with the settings for ``task`` put in.

    Arguments:
        tasks: cards.
        settings: all of them.
        preset: whose budget ``task.budget.steps`` and ``task.budget.batch`` mean.

    Raises:
        EbmbenchError: a key that a card does not have, a value that it does not take, or several.
    """
    cards = list(tasks)
    for setting in settings:
        if setting.who == TASK:
            cards = [_set_in_task(card, setting, preset) for card in cards]
    return cards


def set_in_methods(methods: Sequence[MethodCard], settings: Iterable[Setting]) -> list[MethodCard]:
    """Return the methods, each that a setting names as one variant for every choice of values.

    Raises:
        EbmbenchError: a setting that is for none of them, or a value that a method does not take.
    """
    chosen: dict[str, dict[str, Setting]] = {card.name: {} for card in methods}
    for setting in settings:
        if setting.who != TASK:
            for card in _named(methods, setting):
                chosen[card.name][setting.key] = setting
    return [variant for card in methods for variant in _variants(card, chosen[card.name])]


def _named(methods: Sequence[MethodCard], setting: Setting) -> list[MethodCard]:
    """Return the methods that a setting is for: by a glob, those that have such a key."""
    named = [card for card in methods if fnmatch.fnmatchcase(card.name, setting.who)]
    if not named:
        names = [TASK, *(card.name for card in methods)]
        hint = did_you_mean(setting.who, names)
        raise EbmbenchError(f"--set {setting.text}: no method {setting.who!r} was asked for{hint}")
    having = [card for card in named if setting.key in _keys(card)]
    if not having:
        keys = {key for card in named for key in _keys(card)}
        raise EbmbenchError(
            f"--set {setting.text}: unknown key {setting.key!r}{did_you_mean(setting.key, keys)}"
        )
    return having


def _variants(card: MethodCard, settings: dict[str, Setting]) -> list[MethodCard]:
    if not settings:
        return [card]
    keys = sorted(settings)
    found = []
    for values in itertools.product(*(settings[key].values for key in keys)):
        where = " ".join(f"--set {settings[key].text}" for key in keys)
        asked = dict(zip(keys, values, strict=True))
        checked = card.settings | {key: _checked(card, asked, key, where) for key in keys}
        name = method_label(card.name.partition("[")[0], checked)
        found.append(changed_card(card, {"name": name, "settings": checked}, where))
    return found


def _keys(card: MethodCard) -> list[str]:
    own = option_names(_class(card))
    return own if card.objective is None else [*own, *Optimiser.model_fields, COORDINATES]


def _class(card: MethodCard) -> Any:
    if card.objective is None:
        return ESTIMATORS.get(str(card.estimator), card.folder)
    return OBJECTIVES.get(card.objective, card.folder)


def _checked(card: MethodCard, asked: dict[str, Any], key: str, where: str) -> Any:
    """Return a value as the method takes it: ``1`` for a number is ``1.0``."""
    if key in Optimiser.model_fields:
        optimiser = card.optimiser.model_dump() | {key: asked[key]}
        return getattr(changed_card(card, {"optimiser": optimiser}, where).optimiser, key)
    if key == COORDINATES:
        return changed_card(card, {key: asked[key]}, where).coordinates
    own = {k: v for k, v in asked.items() if k not in (*Optimiser.model_fields, COORDINATES)}
    return getattr(build(_class(card), card.hyperparameters | own, where), key)


def _set_in_task(card: TaskCard, setting: Setting, preset: Preset) -> TaskCard:
    if len(setting.values) > 1:
        raise EbmbenchError(
            f"--set {setting.text}: {len(setting.values)} values for a task, allowed: one, since "
            "a folder never mixes two cards of a task"
        )
    path = setting.key.split(".")
    if path[0] not in TABLES:
        raise EbmbenchError(
            f"--set {setting.text}: unknown table {path[0]!r}{did_you_mean(path[0], TABLES)}"
        )
    if path[0] == "budget" and len(path) == 2:
        path.insert(1, preset)
    values = card.model_dump()
    table = values
    for part in path[:-1]:
        table = table.setdefault(part, {})
        if not isinstance(table, dict):
            raise EbmbenchError(f"--set {setting.text}: {part!r} is no table of a task card")
    table[path[-1]] = setting.values[0]
    values["settings"] = card.settings | {".".join(path): setting.values[0]}
    return changed_card(card, values, f"--set {setting.text}")


def _value(word: str) -> Any:
    try:
        return tomllib.loads(f"value = {word}")["value"]
    except tomllib.TOMLDecodeError:
        return word


def _split(text: str) -> list[str]:
    """Split at the commas that are in no brackets and no quotes."""
    parts, depth, quote = [""], 0, ""
    for character in text:
        if quote:
            quote = "" if character == quote else quote
        elif character in "\"'":
            quote = character
        depth += (character in "[{") - (character in "]}")
        if character == "," and not depth and not quote:
            parts.append("")
        else:
            parts[-1] += character
    return parts
