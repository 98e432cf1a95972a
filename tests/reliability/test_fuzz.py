"""A few spoiled inputs of every kind; `make fuzz` tries ten thousand."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from pathlib import Path

import pytest

from benchmarks.fuzz.__main__ import NAMES
from benchmarks.fuzz.kinds import kinds
from benchmarks.fuzz.trying import try_kind
from benchmarks.fuzz.watching import Watch
from ebmbench.errors import EbmbenchError


def test_every_kind_is_tried(tmp_path: Path) -> None:
    assert set(NAMES) == set(kinds(tmp_path))


@pytest.mark.parametrize("name", NAMES)
def test_spoiled_inputs_are_taken_or_refused_in_a_sentence(name: str, tmp_path: Path) -> None:
    # Some command lines look at a contribution, which takes a second.
    watch = try_kind(name, 8 if name == "command line" else 40, tmp_path, seed=1)
    assert watch.findings == {}
    assert watch.inputs == watch.taken + watch.refused
    assert watch.refused > 0


def _raises(content: bytes) -> None:
    raise ValueError("no")


def _goes_on(content: bytes) -> None:
    raise EbmbenchError("word " * 100)


def _writes(content: bytes) -> None:
    with tempfile.NamedTemporaryFile():
        pass


@pytest.mark.parametrize(
    ("use", "found"),
    [(_raises, "tracebacks"), (_goes_on, "long"), (_writes, "outside")],
)
def test_what_an_input_must_not_do_is_seen(
    use: Callable[[bytes], object], found: str, tmp_path: Path
) -> None:
    watch = Watch(tmp_path)
    watch.try_input(b"x", use)
    assert getattr(watch, found) == watch.faults > 0
    assert set(watch.findings.values()) == {b"x"}
