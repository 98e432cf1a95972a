"""Rows in blocks against one tensor of rows."""

from __future__ import annotations

import pytest
import torch

from ebmbench.objectives.blocks import SIZE, Blocks


@pytest.mark.parametrize("size", [1, 7, SIZE, SIZE + 1, 3 * SIZE, 5 * SIZE - 3])
def test_a_window_is_read_and_replaced_as_in_one_tensor(size: int) -> None:
    rows = torch.arange(2.0 * size).reshape(size, 2)
    for start in {0, size // 3, size - 1, max(size - SIZE, 0)}:
        for count in {1, min(size, SIZE), size}:
            index = (start + torch.arange(count)) % size
            blocks = Blocks.of(rows)
            assert len(blocks) == size
            assert blocks.window(start, count).equal(rows[index])
            new = -1 - torch.rand(count, 2)
            after = blocks.with_window(start, new)
            assert after.rows.equal(rows.index_copy(0, index, new))
            # A state is a value: the old one stands.
            assert blocks.rows.equal(rows)


def test_rows_that_are_not_replaced_are_shared() -> None:
    blocks = Blocks.of(torch.zeros(4 * SIZE, 3))
    after = blocks.with_window(SIZE + 5, torch.ones(10, 3))
    same = [a is b for a, b in zip(blocks.parts, after.parts, strict=True)]
    assert same == [True, False, True, True]
    assert len({part.untyped_storage().data_ptr() for part in blocks.parts}) == 4
