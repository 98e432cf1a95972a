"""Outliers replace the stated share of rows, and none that is tested on."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from ebmbench import catalog
from ebmbench.datasets.base import Sizes
from ebmbench.datasets.contaminated import ContaminatedLoader
from ebmbench.datasets.densities import DensityLoader
from ebmbench.errors import EbmbenchError
from ebmbench.harness.build import load_data

SIZES = Sizes(4000, 1000, 500)
OPTIONS = {"name": "rings"}


def test_the_share_of_rows_is_replaced_by_wide_draws() -> None:
    clean = DensityLoader(name="rings").load(SIZES, 0, None)
    loader = ContaminatedLoader(loader="density", options=OPTIONS, share=0.05, scale=5.0)
    found = loader.load(SIZES, 0, None)
    for rows, before in ((found.train, clean.train), (found.validation, clean.validation)):
        changed = (rows != before).any(1)
        assert int(changed.sum()) == len(rows) // 20
        wide = rows[changed] - clean.train.mean(0)
        # the standard error of a deviation from n rows is 1 / sqrt(2 n) of it
        error = 4 * 5.0 / (2 * len(wide)) ** 0.5
        torch.testing.assert_close(
            wide.std(0) / clean.train.std(0), torch.full((2,), 5.0), rtol=0, atol=error
        )
    assert torch.equal(found.test, clean.test)
    assert found.truth is clean.truth
    assert torch.equal(found.train, loader.load(SIZES, 0, None).train)
    assert not torch.equal(found.train, loader.load(SIZES, 1, None).train)


@pytest.mark.parametrize("name", ["2d/rings-outliers", "ica/10-outliers"])
def test_the_variants_are_their_tasks_but_for_the_rows(name: str) -> None:
    variant, clean = catalog.tasks()[name], catalog.tasks()[name.removesuffix("-outliers")]
    assert variant.data.options["loader"] == clean.data.loader
    assert variant.data.options["options"] == clean.data.options
    assert (variant.energy, variant.budget) == (clean.energy, clean.budget)
    rows, others = (load_data(card, 0, None).train for card in (variant, clean))
    assert float((rows != others).any(1).double().mean()) == pytest.approx(0.05)


def test_a_stranger_reaches_nothing_through_it(tmp_path: Path) -> None:
    (tmp_path / "own.csv").write_text("a,b\n1,2\n")
    within = ContaminatedLoader(loader="os:system", options={})
    with pytest.raises(EbmbenchError, match="would be imported"):
        within.load(SIZES, 0, None)
    with pytest.raises(EbmbenchError, match="no file beside a card"):
        ContaminatedLoader(loader="csv", options={"path": str(tmp_path / "own.csv")}).files()
