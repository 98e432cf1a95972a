"""What holds for the rows of every generator."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import torch

from ebmbench.datasets.base import Dataset


@pytest.fixture
def check_rows() -> Callable[[Dataset, Dataset, Dataset], None]:
    """Return a check of two loads of 300, 200 and 100 rows at one seed and of one at another."""

    def check(first: Dataset, again: Dataset, other: Dataset) -> None:
        assert [len(first.train), len(first.validation), len(first.test)] == [300, 200, 100]
        assert torch.equal(first.train, again.train)
        assert torch.equal(first.test, again.test)
        assert not torch.equal(first.train, other.train)
        assert not torch.equal(first.train[:100], first.test)
        assert first.train.dtype == torch.float32

    return check
