"""A site of a small grid in which something of every kind happened."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from ebmbench.cardtables import Citation
from ebmbench.records import Record, Status
from ebmbench.report.site.build import build_site

Make = Callable[..., Record]

HOSTILE = '</script><img src=x onerror="alert(1)">'
"""What a card or a message might say; it must come out as text."""
METHODS = ("mle-exact", "cd", "dsm", "nce", "ssm", "gaussian")


@pytest.fixture
def grid(make: Make) -> list[Record]:
    """Return records of two families, with a failure, a refusal, and a hostile card."""
    records = [
        make(task, method, seed, -2.05 - 0.02 * k - 0.01 * seed - (method == "gaussian"))
        for task in ("2d/rings", "2d/two-moons", "2d/pinwheel")
        for k, method in enumerate(METHODS)
        for seed in range(2)
        if (task, method) not in {("2d/rings", "dsm"), ("2d/pinwheel", "cd")}
    ]
    records += [
        make("2d/rings", "dsm", 0, -2.3, certified=False),
        make("2d/rings", "dsm", 1, -2.3),
        make("2d/pinwheel", "cd", 0, -2.2),
        make("2d/pinwheel", "cd", 1, status=Status.DIVERGED, message=f"loss is nan {HOSTILE}")
        .model_copy(update={"traceback": f"Traceback {HOSTILE}"}),
        make("uci/wine", "dsm", 0, -13.0, optimum=None),
        make("uci/wine", "nce", 0, status=Status.SKIPPED),
    ]  # fmt: skip
    return [_hostile(record) if record.method == "nce" else record for record in records]


@pytest.fixture
def site(grid: list[Record], tmp_path: Path) -> Path:
    """Return the folder of the site of the grid."""
    return build_site(grid, tmp_path, asv=None).parent


def _hostile(record: Record) -> Record:
    card = record.method_card.model_copy(
        update={
            "title": HOSTILE, "summary": HOSTILE, "assumptions": HOSTILE,
            "equation": rf"\text{{{HOSTILE}}}", "hyperparameters": {HOSTILE: HOSTILE},
            "citation": Citation(text=HOSTILE, url='javascript:alert("1")', bibtex=HOSTILE),
        }
    )  # fmt: skip
    return record.model_copy(update={"method_card": card})
