"""Boards hold tasks of one family on which the same objectives can run."""

from __future__ import annotations

import itertools
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

from ebmbench.records import Record, Status
from ebmbench.report.stats.costs import kind_of

TITLES = {
    "2d": "Densities in the plane",
    "ica": "Independent component analysis",
    "uci": "Tables",
    "image": "Images",
}
"""Of the built-in families, in the order of the report. Others follow under their own name."""


def family_title(family: str) -> str:
    """Return the title of a family."""
    return TITLES.get(family, family[:1].upper() + family[1:])


@dataclass(frozen=True)
class Group:
    """What one board is made of."""

    name: str
    title: str
    tasks: list[str]
    records: list[Record]
    """Of these tasks, those of methods that cannot run on any of them left out."""
    cannot: list[str]
    """Objectives of the family that cannot run on these tasks."""


def comparable_groups(records: Sequence[Record]) -> list[Group]:
    """Split records by family, and a family by which objectives were skipped on a task.

    A task on which nothing ran is in no group. The group on which most can run comes first and
    has the name of the family.
    """
    families: dict[str, list[Record]] = defaultdict(list)
    for record in records:
        families[record.task_card.family].append(record)
    known = [name for name in TITLES if name in families]
    groups = []
    for name in [*known, *sorted(families.keys() - TITLES.keys())]:
        groups += _split(name, families[name])
    return groups


def _split(family: str, records: Sequence[Record]) -> list[Group]:
    tasks = sorted({r.task for r in records if r.status is not Status.SKIPPED}, key=natural_order)
    by_skipped: dict[frozenset[str], list[str]] = defaultdict(list)
    for task in tasks:
        by_skipped[_skipped([r for r in records if r.task == task])].append(task)
    everywhere = frozenset.intersection(*by_skipped) if by_skipped else frozenset()
    title = family_title(family)
    groups: list[Group] = []
    for skipped, of_group in sorted(by_skipped.items(), key=lambda g: (len(g[0]), g[1][0])):
        chosen = [r for r in records if r.task in of_group]
        ran = {r.method for r in chosen if r.status is not Status.SKIPPED}
        first = not groups
        name = family if first else _name(family, of_group, [g.name for g in groups])
        labels = ", ".join(task.partition("/")[2] or task for task in of_group)
        groups.append(
            Group(
                name,
                title if len(by_skipped) == 1 else f"{title}: {labels}",
                of_group,
                [r for r in chosen if r.method in ran],
                sorted(skipped - everywhere),
            )
        )
    return groups


def _skipped(records: Sequence[Record]) -> frozenset[str]:
    """Return the objectives that were skipped at every seed of a task."""
    objectives = {r.method for r in records if not kind_of(r.method_card)}
    ran = {r.method for r in records if r.status is not Status.SKIPPED}
    return frozenset(objectives - ran)


def _name(family: str, tasks: Sequence[str], taken: Sequence[str]) -> str:
    """Name a further group by what its tasks' names begin with alike, else by number."""
    labels = [task.partition("/")[2] for task in tasks]
    alike = itertools.takewhile(lambda letters: len(set(letters)) == 1, zip(*labels, strict=False))
    shared = "".join(letters[0] for letters in alike).strip("-")
    name = f"{family}-{shared}" if len(shared) > 2 and "/" not in shared else ""
    return name if name and name not in taken else f"{family}-{len(taken) + 1}"


def natural_order(name: str) -> tuple[str, int, str]:
    """Return a key that sorts task names by folder, and numbers by size.

    Example:
        >>> sorted(["ica/10", "ica/laplace-4", "ica/2"], key=natural_order)
        ['ica/2', 'ica/10', 'ica/laplace-4']
    """
    folder, _, rest = name.partition("/")
    return (folder, int(rest), "") if rest.isdigit() else (folder, 1 << 30, rest)
