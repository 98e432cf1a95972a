"""Handing what a backward pass needs to autograd, which watches over it.

Tensors kept as plain attributes of a :class:`torch.autograd.Function` would outlive the backward
pass, escape the hooks that move saved tensors elsewhere, and give a wrong gradient in silence if
somebody changed them in place. Autograd saves a flat list of tensors; here lists and dataclasses
of them are laid flat and put together again.
"""

from __future__ import annotations

from dataclasses import fields, is_dataclass
from typing import Any

from torch import Tensor


def save(ctx: Any, *parts: Any) -> None:
    """Save tensors, ``None``, and lists, tuples and dataclasses of them; once per forward pass.

    Arguments:
        ctx: of the function.
        parts: what :func:`restore` gives back, in this order.
    """
    tensors: list[Tensor] = []
    ctx.layout = _flatten(parts, tensors)
    ctx.save_for_backward(*tensors)


def restore(ctx: Any) -> Any:
    """Return what was saved, as a list.

    Raises:
        RuntimeError: one of the tensors was changed in place since, or the graph was freed.
    """
    return _rebuild(ctx.layout, ctx.saved_tensors)


def _flatten(part: Any, tensors: list[Tensor]) -> Any:
    """Append the tensors of ``part`` and return it with their places instead."""
    if part is None:
        return None
    if isinstance(part, Tensor):
        tensors.append(part)
        return len(tensors) - 1
    if is_dataclass(part):
        values = [getattr(part, field.name) for field in fields(part)]
        return type(part), _flatten(values, tensors)
    return [_flatten(each, tensors) for each in part]


def _rebuild(layout: Any, tensors: tuple[Tensor, ...]) -> Any:
    if layout is None:
        return None
    if isinstance(layout, int):
        return tensors[layout]
    if isinstance(layout, tuple):
        kind, values = layout
        return kind(*_rebuild(values, tensors))
    return [_rebuild(each, tensors) for each in layout]
