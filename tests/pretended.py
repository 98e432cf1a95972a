"""A device that pretends to be a GPU, to see on any machine what would not run on one.

A tensor of it says that it is on ``cuda:0`` and computes on the CPU. As on a GPU, an operation
with tensors of both devices is refused, and so are numbers drawn for one by a generator of the
other.
"""

from __future__ import annotations

from typing import Any

import torch
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_flatten, tree_map

aten = torch.ops.aten
MIXING = {
    aten.copy_.default,
    aten._to_copy.default,
    aten.index.Tensor,
    aten.index_put_.default,
    aten.index_put.default,
}
"""Operations that may have tensors of both devices."""


class Pretended(torch.Tensor):
    """A tensor that says it is on a GPU."""

    inner: torch.Tensor

    @staticmethod
    def __new__(cls, inner: torch.Tensor) -> Pretended:
        """Wrap a tensor of the CPU."""
        made: Pretended = torch.Tensor._make_wrapper_subclass(  # type: ignore[attr-defined]
            cls, inner.size(), strides=inner.stride(), dtype=inner.dtype, device="meta"
        )
        made.inner = inner
        return made

    def tolist(self) -> Any:
        """Return its numbers, which torch does not for a class of one's own."""
        return self.inner.tolist()

    __torch_function__ = torch._C._disabled_torch_function_impl  # type: ignore[assignment]

    @classmethod
    def __torch_dispatch__(cls, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        return compute(func, args, kwargs or {})


def compute(func: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """Compute an operation as its device would."""
    tensors = [each for each in tree_flatten((args, kwargs))[0] if isinstance(each, torch.Tensor)]
    there = [each for each in tensors if isinstance(each, Pretended)]
    here = [each for each in tensors if not isinstance(each, Pretended) and each.dim() > 0]
    if there and here and func not in MIXING:
        raise RuntimeError(f"{func}: expected all tensors to be on one device")
    asked = kwargs.get("device")
    if asked is not None:
        kwargs = {**kwargs, "device": "cpu"}
    on_gpu = bool(there) if asked is None else torch.device(asked).type == "meta"
    if on_gpu and isinstance(kwargs.get("generator"), torch.Generator):
        raise RuntimeError(f"{func}: expected a generator of the GPU, found one of the CPU")
    bare = tree_map(lambda x: x.inner if isinstance(x, Pretended) else x, (args, kwargs))
    result = func(*bare[0], **bare[1])
    name = func._schema.name
    if name.endswith("_") and not name.endswith("__"):
        return args[0]
    if "out" in kwargs:
        return kwargs["out"]
    if not on_gpu:
        return result
    return tree_map(lambda x: Pretended(x) if isinstance(x, torch.Tensor) else x, result)


class GPU(TorchDispatchMode):
    """While it is entered, what is made for ``cuda`` is made on the pretended device."""

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        return compute(func, args, kwargs or {})
