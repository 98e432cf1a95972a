"""Trying one kind of input, with hypothesis as the source of the choices."""

from __future__ import annotations

import os
import tempfile
from importlib import import_module
from multiprocessing import get_context
from multiprocessing.connection import Connection
from pathlib import Path
from random import Random

import hypothesis
from hypothesis import strategies

from benchmarks.fuzz.kinds import kinds
from benchmarks.fuzz.watching import ROOM, Watch, resident_peak


def try_kind(name: str, inputs: int, folder: Path, *, seed: int) -> Watch:
    """Try so many spoiled inputs of a kind, and what valid ones there are before.

    Arguments:
        name: of the kind.
        inputs: how many.
        folder: where files are written.
        seed: of hypothesis.
    """
    inside = folder.resolve()
    settle(inside)
    kind = kinds(inside)[name]
    watch = Watch(inside)
    start = resident_peak()
    for content in kind.valid:
        watch.try_input(content, kind.use)
    valid = resident_peak() - start
    watch.inputs = watch.taken = watch.refused = 0

    @hypothesis.seed(seed)
    @hypothesis.settings(
        max_examples=inputs, deadline=None, database=None, derandomize=False,
        phases=[hypothesis.Phase.generate],
        suppress_health_check=list(hypothesis.HealthCheck),
    )  # fmt: skip
    @hypothesis.given(strategies.integers(0, (1 << 64) - 1))
    def each(choice: int) -> None:
        watch.try_input(kind.make(Random(choice)), kind.use)

    each()
    watch.grown = max(0, resident_peak() - start - 2 * valid - ROOM)
    return watch


def settle(inside: Path) -> None:
    """Let matplotlib do what it does once in a process before anything is watched."""
    # Where it keeps what it knows of the fonts that it asks the system for.
    os.environ["MPLCONFIGDIR"] = str(inside / "matplotlib")
    import_module("matplotlib.font_manager")


def apart(name: str, inputs: int, seed: int) -> Watch:
    """Try one kind in a process of its own, whose memory is its own."""
    context = get_context("spawn")
    receiving, sending = context.Pipe(duplex=False)
    process = context.Process(target=_send, args=(name, inputs, seed, sending))
    process.start()
    sending.close()
    found = receiving.recv()
    process.join()
    assert isinstance(found, Watch)
    return found


def _send(name: str, inputs: int, seed: int, channel: Connection) -> None:
    with tempfile.TemporaryDirectory() as folder:
        channel.send(try_kind(name, inputs, Path(folder), seed=seed))
