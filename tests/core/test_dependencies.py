"""The plain install is enough: what the package imports is what it asks for, extras apart."""

from __future__ import annotations

import ast
import re
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

import ebmbench

ROOT = Path(ebmbench.__file__).parent
PROJECT = tomllib.loads((ROOT.parent / "pyproject.toml").read_text(encoding="utf-8"))["project"]
DISTRIBUTIONS = {"sklearn": "scikit-learn", "PIL": "pillow"}
"""Packages that are installed under another name than they are imported by."""
FOR_DEVELOPERS = {"tests", "benchmarks", "docs"}
"""Extras that no code of the package is for."""


def names(requirements: list[str]) -> set[str]:
    return {re.split(r"[\s<>=\[!~;]", each, maxsplit=1)[0] for each in requirements}


EXTRAS = {
    package
    for extra, requirements in PROJECT["optional-dependencies"].items()
    if extra not in FOR_DEVELOPERS
    for package in names(requirements)
}
"""What one loader, executor or format alone needs."""


def packages(nodes: Iterator[ast.AST]) -> set[str]:
    """Packages that are neither Python's nor ours, as they are installed."""
    found = set()
    for node in nodes:
        if isinstance(node, ast.Import):
            found |= {alias.name.partition(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module is not None:
            found.add(node.module.partition(".")[0])
    found -= {*sys.stdlib_module_names, "ebmbench"}
    return {DISTRIBUTIONS.get(name, name).replace("_", "-") for name in found}


TREES = [ast.parse(path.read_text(encoding="utf-8")) for path in ROOT.rglob("*.py")]


def test_what_is_imported_is_asked_for_and_nothing_else_is() -> None:
    imported = set[str]().union(*(packages(ast.walk(tree)) for tree in TREES))
    assert imported - EXTRAS == names(PROJECT["dependencies"])
    assert {"h5py", "distributed"} <= EXTRAS


def test_an_extra_is_imported_only_where_it_is_needed() -> None:
    at_import = set[str]().union(*(packages(outside_functions(tree)) for tree in TREES))
    assert at_import.isdisjoint(EXTRAS)


def outside_functions(tree: ast.AST) -> Iterator[ast.AST]:
    """Nodes that run when a module is imported."""
    for node in ast.iter_child_nodes(tree):
        if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield node
            yield from outside_functions(node)
