"""Records made by hand."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from ebmbench import catalog
from ebmbench.records import Record, Status


@pytest.fixture
def make_record() -> Callable[..., Record]:
    """Return what makes a record of the first task and the first method."""

    def make(seed: int = 0, status: Status = Status.OK, **changes: object) -> Record:
        task = next(iter(catalog.tasks().values()))
        method = next(iter(catalog.methods().values()))
        values: dict[str, object] = {
            "run_id": f"id{seed}",
            "task": task.name,
            "task_version": task.version,
            "method": method.name,
            "method_version": method.version,
            "seed": seed,
            "preset": "smoke",
            "status": status,
            "contended": False,
            "task_card": task,
            "method_card": method,
            "hashes": {},
            "versions": {},
            "machine": {},
            "started": "2026-01-01T00:00:00Z",
        }
        return Record.model_validate(values | changes)

    return make
