"""pytest-benchmark over the callables: ``make bench``."""

from __future__ import annotations

from typing import Any

import pytest

from benchmarks import callables
from benchmarks.callables import OPTIONS, SIZES
from ebmbench.numerics import configure

SLOW = {("sm", "784")}
"""Seconds a step."""


@pytest.fixture(autouse=True)
def _one_thread() -> None:
    configure(threads=1)


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("name", OPTIONS)
def test_step(name: str, size: str, benchmark: Any) -> None:
    benchmark.group = f"step at d = {size}"
    action = callables.ours(name, SIZES[size])
    if (name, size) in SLOW:
        benchmark.pedantic(action, rounds=3, warmup_rounds=1)
    else:
        benchmark(action)


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("name", ["langevin", "mala", "hmc"])
def test_chains(name: str, size: str, benchmark: Any) -> None:
    benchmark.group = f"chains at d = {size}"
    benchmark(callables.our_chains(name, SIZES[size]))
