"""Imports run one way through the house, those inside functions too."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

import ebmbench

ROOT = Path(ebmbench.__file__).parent
FLOORS = (
    (
        "cardfiles", "cards", "cardtables", "catalog", "divergence", "errors", "files", "names",
        "numerics", "optim", "options", "plain", "records", "registry", "seeds", "settings",
        "tablefiles", "trust",
    ),
    ("energies", "scaffold"),
    ("datasets",),
    ("calculus", "estimators"),
    ("samplers",),
    ("partition",),
    ("objectives", "metrics"),
    ("harness",),
    ("report",),
    ("tuning",),
    ("api", "plot"),
    ("studies", "contracts"),
    ("cli",),
    ("__main__",),
)  # fmt: skip
"""Rooms from the ground up. A room uses itself and what lies below, never its neighbours."""
HEIGHT = {room: height for height, floor in enumerate(FLOORS) for room in floor}
DRAWN_FROM_WEIGHTS = {
    "report.figures.at_hand", "report.figures.densities", "report.figures.learned",
    "report.site.panels", "report.stats.smoothing",
}  # fmt: skip
"""Pictures of what a model learned need the model, and the loss that noise implies the true one;
all else in the report reads records alone."""


def room(module: str) -> str:
    """First part of a module's name below the package."""
    return module.partition(".")[0]


def imports(path: Path, of: str = "ebmbench") -> Iterator[str]:
    """Modules of a package that a file imports, wherever it does."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        names = []
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path} has a relative import"
            names = [f"{node.module}.{alias.name}" for alias in node.names]
        yield from (name for name in names if name.partition(".")[0] == of)


def module_of(path: Path) -> str:
    """Name below the package, ``report.site.build``."""
    return ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")


FILES = {module_of(path): path for path in sorted(ROOT.rglob("*.py"))}
EDGES = [
    (module, name.partition(".")[2])
    for module, path in FILES.items()
    if module != "__init__"
    for name in imports(path)
    if name != "ebmbench.__version__"
]
"""Importing module and what it imports, both below the package."""


def test_there_is_something_to_look_at() -> None:
    assert len(EDGES) > 500
    assert ("cli.study_verb", "cli.verbs.Verbs") in EDGES


def test_every_room_has_its_floor() -> None:
    assert {room(module) for module in FILES} - {"__init__"} <= set(HEIGHT)


def test_imports_go_down() -> None:
    up = [
        f"{module} imports {name}"
        for module, name in EDGES
        if room(module) != room(name) and HEIGHT[room(module)] <= HEIGHT.get(room(name), 99)
        if HEIGHT[room(module)] or HEIGHT.get(room(name), 99)
    ]
    assert up == []


def test_the_package_itself_gives_the_interface_and_nothing_else() -> None:
    assert {room(name.partition(".")[2]) for name in imports(FILES["__init__"])} == {"api"}


def test_nothing_but_its_commands_imports_a_study() -> None:
    above = {module for module, name in EDGES if room(name) == "studies"}
    assert {name for name in above if room(name) != "studies"} == {
        f"cli.study.{study}"
        for study in (
            "budgets",
            "connections",
            "gradients",
            "limits",
            "peers",
            "reproduce",
            "validate",
        )
    }


def test_the_report_reads_records_and_nothing_else() -> None:
    more = {
        module
        for module, name in EDGES
        if room(module) == "report" and room(name) != "report" and HEIGHT[room(name)] > 0
    }
    assert more <= DRAWN_FROM_WEIGHTS
    with_torch = {name for name, path in FILES.items() if list(imports(path, "torch"))}
    assert {name for name in with_torch if room(name) == "report"} <= DRAWN_FROM_WEIGHTS


@pytest.mark.parametrize("maths", ["energies", "calculus", "samplers", "objectives", "partition"])
def test_the_maths_knows_no_cards_and_no_records(maths: str) -> None:
    used = {room(name) for module, name in EDGES if room(module) == maths}
    assert used.isdisjoint({"cards", "catalog", "records", "cardfiles"})
