"""Threads and the path of matrix products, chosen on purpose and written down."""

from __future__ import annotations

import torch

ACCURACY = 1e-6
"""Largest relative error of a float32 product for which a faster path is taken."""


def configure(threads: int) -> dict[str, str]:
    """Set the number of threads and the fastest matmul path of full float32 accuracy.

    torch's ``"medium"`` precision sends float32 products to oneDNN. On processors without bfloat16
    units this is the same arithmetic and up to twice as fast; with them it would round to
    bfloat16. One product against float64 tells which: ``"medium"`` is kept only if its relative
    error is below 1e-6.

    Arguments:
        threads: intra-op threads of this process.

    Returns:
        What was chosen, in words, for the record.
    """
    torch.set_num_threads(threads)
    torch.set_float32_matmul_precision("medium")
    error = _relative_error()
    if error >= ACCURACY:
        torch.set_float32_matmul_precision("highest")
        error = _relative_error()
    return {
        "threads": str(threads),
        "matmul_precision": torch.get_float32_matmul_precision(),
        "matmul_relative_error": f"{error:.1e}",
    }


def _relative_error(size: int = 256) -> float:
    generator = torch.Generator().manual_seed(0)
    a, b = (torch.randn(size, size, generator=generator) for _ in range(2))
    exact = a.double() @ b.double()
    return float((a @ b - exact).norm() / exact.norm())
