"""Tests that need data files, and parts of records made by hand.

A test marked ``data`` is skipped with the reason where its files are not here. Any other test must
pass without a file: it fails if it asks for one.
"""

from __future__ import annotations

from collections.abc import Generator, Iterator
from contextlib import contextmanager

import pytest

from ebmbench import catalog
from ebmbench.cards import TaskCard
from ebmbench.datasets.store import DataUnavailable
from ebmbench.harness.build import make_loader
from ebmbench.records import RunCost


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark what is parametrised by a task whose loader reads a file."""
    for item in items:
        callspec = getattr(item, "callspec", None)
        if callspec is not None and any(needs_files(each) for each in callspec.params.values()):
            item.add_marker("data")


def needs_files(parameter: object) -> bool:
    card = catalog.tasks().get(parameter) if isinstance(parameter, str) else parameter
    return isinstance(card, TaskCard) and bool(make_loader(card).files())


@pytest.hookimpl(wrapper=True)
def pytest_runtest_setup(item: pytest.Item) -> Generator[None, object, object]:
    with skipped_without_data(item):
        return (yield)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item: pytest.Item) -> Generator[None, object, object]:
    with skipped_without_data(item):
        return (yield)


@contextmanager
def skipped_without_data(item: pytest.Item) -> Iterator[None]:
    try:
        yield
    except DataUnavailable as error:
        if item.get_closest_marker("data") is None:
            raise
        pytest.skip(str(error))


@pytest.fixture
def cost() -> RunCost:
    """Return the cost of a run of ten steps."""
    return RunCost(
        train_seconds=2.0,
        steps=10,
        step_ms_median=2.0,
        step_ms_iqr=0.1,
        energy_evaluations=1.0,
        score_evaluations=2.0,
        hvp_evaluations=0.5,
        evaluation_seconds=0.1,
        setup_seconds=0.1,
        data_seconds=0.1,
    )
