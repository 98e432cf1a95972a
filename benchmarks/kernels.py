"""The tensor operations of an action, recorded once and repeated without anything around them.

What a step takes beyond them is Python, autograd's bookkeeping and the allocation of objects; what
they take themselves only fewer or fused kernels can save.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch.utils._python_dispatch import TorchDispatchMode

from benchmarks.callables import Action

Call = tuple[Callable[..., Any], tuple[Any, ...], dict[str, Any]]


class _Recorder(TorchDispatchMode):
    """Keep every operation that reads or writes numbers, with its arguments."""

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.calls: list[Call] = []

    def __torch_dispatch__(
        self,
        func: Any,
        types: Any,
        args: tuple[Any, ...] = (),
        kwargs: dict[str, Any] | None = None,
    ) -> Any:
        if not (func.is_view or func._schema.name.startswith(("aten::empty", "aten::detach"))):
            self.calls.append((func, args, kwargs or {}))
        return func(*args, **(kwargs or {}))


PRODUCTS = ("mm", "addmm", "bmm", "baddbmm", "mv", "addmv", "dot")
"""Operations that multiply matrices; all others of a step go through memory entry by entry."""


def operations(action: Action, *, products: bool = True) -> Action:
    """Return an action that repeats the operations of ``action``.

    Arguments:
        action: what is recorded, once.
        products: whether those that multiply matrices are among them.

    In-place operations work again on what they worked on. Numbers that run off to infinity cost no
    more than others; those that underflow would, so tiny ones count as zero from now on.
    """
    torch.set_flush_denormal(True)
    with _Recorder() as recorder:
        action()

    calls = [call for call in recorder.calls if products or not _multiplies(call[0])]

    def repeat() -> None:
        with torch.no_grad():
            for func, args, kwargs in calls:
                func(*args, **kwargs)

    return repeat


def _multiplies(func: Any) -> bool:
    name: str = func._schema.name.partition("::")[2]
    return name.rstrip("_") in PRODUCTS
