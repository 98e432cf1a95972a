"""What a run depends on beside the words of its cards: the files and the classes that they name.

A card that names a class outside this package, or a file beside itself, can stay the same while
that class or file changes. Their hashes are part of a record and compared on resume. The classes
of this package are in the record as ``code`` and are not compared: whoever changes what a card
computes raises its version. Files of the data store have a fixed checksum and need no other.
"""

from __future__ import annotations

import ast
import hashlib
import importlib.util
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path
from typing import Any

from ebmbench.cards import MethodCard, TaskCard
from ebmbench.files import version_of
from ebmbench.harness.build import make_loader
from ebmbench.harness.job import Job
from ebmbench.metrics.registry import METRICS
from ebmbench.registry import (
    ENERGIES,
    ESTIMATORS,
    LOADERS,
    OBJECTIVES,
    SAMPLERS,
    Registry,
    is_long,
)
from ebmbench.trust import naming, words_in

REGISTRIES: tuple[Registry[Any], ...] = (
    ENERGIES, ESTIMATORS, LOADERS, METRICS, OBJECTIVES, SAMPLERS,
)  # fmt: skip
PACKAGE = "ebmbench"
DIGITS = 16


def source_hash(task: TaskCard, method: MethodCard) -> str:
    """Return the hash of the source of every class that two cards name outside this package.

    With what those modules import from beside the card or from their own package. Nothing is
    imported to find it. Empty where all classes are of this package.
    """
    files: dict[str, bytes] = {}
    for card in (task, method):
        for target in _foreign_targets(card):
            for path, root in _sources(target.partition(":")[0], card.folder):
                files[path.relative_to(root).as_posix()] = path.read_bytes()
    return _hash(files) if files else ""


def files_hash(task: TaskCard) -> str:
    """Return the hash of the files beside its card that a task reads; empty where it reads none.

    Empty too where the loader cannot say, for which the run itself will fail.
    """
    try:
        paths = [each for each in make_loader(task).files() if isinstance(each, Path)]
        found = {p.name: _digest(p, version_of(p)) for p in paths if p.is_file()}
    except Exception:
        # A stranger's loader may raise anything.
        return ""
    return _hash(found) if found else ""


def named_hashes(job: Job) -> dict[str, str]:
    """Return ``source`` and ``files`` of a job, each only where it is not empty."""
    found = {"source": source_hash(job.task, job.method), "files": files_hash(job.task)}
    return {name: value for name, value in found.items() if value}


def _foreign_targets(card: TaskCard | MethodCard) -> Iterator[str]:
    """Yield ``module:attribute`` of the classes that a card names and that are not ours."""
    plugins = {name: target for each in REGISTRIES for name, target in each.plugins().items()}
    for word in words_in(naming(card)):
        target = word if is_long(word) else plugins.get(word)
        if target is not None and target.partition(".")[0] != PACKAGE:
            yield target


def _sources(module: str, beside: Path | None) -> list[tuple[Path, Path]]:
    """Return the files of a module and of what it imports of its own, each with their root."""
    top = module.partition(".")[0]
    root = beside if beside is not None and _file_of(module, beside) else _root_of(top)
    if root is None:
        return []
    waiting, found = [module], dict[Path, Path]()
    while waiting:
        name = waiting.pop()
        path = _file_of(name, root)
        if path is None or path in found or name.partition(".")[0] == PACKAGE:
            continue
        # Of an installed package only itself; beside a card whatever lies there.
        if root is not beside and name.partition(".")[0] != top:
            continue
        found[path] = root
        package = name if path.name == "__init__.py" else name.rpartition(".")[0]
        waiting += _imports(path, package)
    return list(found.items())


def _root_of(top: str) -> Path | None:
    """Return the folder in which an installed module or package lies; importing nothing."""
    try:
        spec = importlib.util.find_spec(top)
    except (ImportError, ValueError):
        return None
    if spec is None:
        return None
    if spec.submodule_search_locations:
        return Path(next(iter(spec.submodule_search_locations))).parent
    written = spec.origin is not None and spec.origin.endswith(".py")
    return Path(str(spec.origin)).parent if written else None


def _file_of(module: str, root: Path) -> Path | None:
    base = root.joinpath(*module.split("."))
    for path in (base.with_name(f"{base.name}.py"), base / "__init__.py"):
        if path.is_file():
            return path
    return None


def _imports(path: Path, package: str) -> Iterator[str]:
    """Yield the names of the modules that a file imports, as far as its text can be read."""
    try:
        tree = ast.parse(path.read_bytes())
    except (SyntaxError, ValueError, RecursionError):
        return
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            parts = package.split(".") if package else []
            above = parts[: len(parts) - node.level + 1] if node.level else []
            base = ".".join([*above, node.module or ""]).strip(".")
            yield base
            yield from (f"{base}.{alias.name}".strip(".") for alias in node.names)


def _hash(files: dict[str, bytes]) -> str:
    digest = hashlib.sha256()
    for name, content in sorted(files.items()):
        digest.update(f"{name}\0{len(content)}\0".encode())
        digest.update(content)
    return digest.hexdigest()[:DIGITS]


@lru_cache(maxsize=256)
def _digest(path: Path, _version: tuple[int, ...] | None) -> bytes:
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").digest()
