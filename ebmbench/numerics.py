"""Threads, memory and the path of matrix products, chosen on purpose; sums of exponentials."""

from __future__ import annotations

import ctypes
import math
import sys

import torch
from torch import Tensor

ACCURACY = 1e-6
"""Largest relative error of a float32 product for which a faster path is taken."""
M_TRIM_THRESHOLD, M_MMAP_THRESHOLD = -1, -3
"""Of glibc's ``mallopt``."""
KEPT_BYTES = 1 << 25
"""The largest threshold that glibc takes for ``M_MMAP_THRESHOLD``."""


def configure(threads: int, device: str = "cpu") -> dict[str, str]:
    """Set threads, allocator and the fastest matmul path of full float32 accuracy.

    torch's ``"medium"`` precision sends float32 products to oneDNN. On processors without bfloat16
    units this is the same arithmetic and up to twice as fast; with them it would round to
    bfloat16. One product against float64 tells which: ``"medium"`` is kept only if its relative
    error is below 1e-6.

    On a GPU the same word would mean TF32, ten bits of mantissa: there products and convolutions
    are those of float32.

    Freed memory stays with the process: glibc would hand larger tensors back to the kernel and pay
    for their pages again at the next step, which cost exact score matching a third of its time.

    Arguments:
        threads: intra-op threads of this process.
        device: where training runs, ``cpu`` or ``cuda``.

    Returns:
        What was chosen, in words, for the record.
    """
    _keep_freed_memory()
    torch.set_num_threads(threads)
    torch.backends.cudnn.allow_tf32 = False
    for precision in ("medium", "highest") if device == "cpu" else ("highest",):
        torch.set_float32_matmul_precision(precision)
        error = _relative_error(device)
        if error < ACCURACY:
            break
    return {
        "threads": str(threads),
        "matmul_precision": torch.get_float32_matmul_precision(),
        "matmul_relative_error": f"{error:.1e}",
    }


def logsumexp(x: Tensor, dim: int) -> Tensor:
    """Return ``log Σ exp x`` along ``dim``, as torch does but without its slow path.

    The exponential of what underflows takes ten times as long as any other, and in a mixture of
    many narrow components nearly all terms do. Here no term is taken below the smallest normal
    number times the largest term, which changes no digit of the sum. At least one term along
    ``dim`` must be finite.

    Arguments:
        x: any shape.
        dim: the dimension that is summed.
    """
    top = x.amax(dim, keepdim=True).detach()
    floor = math.log(torch.finfo(x.dtype).tiny) + 1
    return (x - top).clamp_min(floor).exp().sum(dim).log() + top.squeeze(dim)


def _keep_freed_memory() -> None:
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None) if sys.platform == "linux" else None
    if mallopt is not None:
        mallopt(M_MMAP_THRESHOLD, KEPT_BYTES)
        mallopt(M_TRIM_THRESHOLD, 2**31 - 1)


def _relative_error(device: str, size: int = 256) -> float:
    generator = torch.Generator().manual_seed(0)
    a, b = (torch.randn(size, size, generator=generator).to(device) for _ in range(2))
    exact = a.double() @ b.double()
    return float((a @ b - exact).norm() / exact.norm())


def synchronise(device: torch.device) -> None:
    """Wait for what a GPU was given to do, so that a clock that is read next has seen it."""
    if device.type == "cuda":
        torch.cuda.synchronize(device)
