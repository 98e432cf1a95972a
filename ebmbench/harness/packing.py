"""A state of any shape as JSON and tensors, and back; nothing that is read can run.

A value is tensors, numbers, texts, lists, tables, generators, modules and records (dataclasses) of
these. What is written holds no class: it comes back into a template, a value of the same shape,
such as the state that an objective makes anew at its start.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, fields, is_dataclass
from functools import partial
from typing import Any

import torch
from torch import Tensor, nn

from ebmbench.errors import EbmbenchError

Tree = dict[str, Any]
"""A kind as the only key, and under it what JSON can hold."""


@dataclass(frozen=True)
class Packed:
    """A value taken apart."""

    tree: Tree
    tensors: dict[str, Tensor] = field(default_factory=dict)
    """On the CPU, each with memory of its own, by the name that the tree has for it."""


def pack(value: object, kept: Sequence[Tensor] = ()) -> Packed:
    """Take a value apart.

    Arguments:
        value: what is written.
        kept: tensors that are known where it comes back; only their place is written.

    Raises:
        EbmbenchError: it holds something of another kind.
    """
    packing = _Packing({id(tensor): i for i, tensor in enumerate(kept)})
    return Packed(packing.tree(value), packing.tensors)


def unpack(packed: Packed, template: Any, kept: Sequence[Tensor] = ()) -> Any:
    """Put a value together; modules and generators of the template are changed in place.

    Arguments:
        packed: from :func:`pack`, perhaps by way of a file.
        template: a value of the same shape; of tensors and numbers only the place is used.
        kept: as many as there were, in the same order.

    Raises:
        EbmbenchError: it has another shape.
    """
    unpacking = _Unpacking(packed.tensors, kept)
    try:
        value = unpacking.value(packed.tree, template)
    except (LookupError, TypeError, AttributeError, ValueError, RuntimeError):
        raise EbmbenchError("it has another shape") from None
    # Not before all of it is known to fit.
    for change in unpacking.changes:
        change()
    return value


class _Packing:
    def __init__(self, kept: Mapping[int, int]) -> None:
        self.tensors: dict[str, Tensor] = {}
        self._kept = kept

    def tree(self, value: object) -> Tree:
        if value is None or isinstance(value, bool | int | float | str):
            return {"plain": value}
        if isinstance(value, Tensor):
            if (place := self._kept.get(id(value))) is not None:
                return {"kept": place}
            name, device = self._put(value), value.device.type
            return {"tensor": [name, device, value.requires_grad, list(value.stride())]}
        if isinstance(value, torch.Generator):
            return {"generator": self._put(value.get_state())}
        if isinstance(value, nn.Module):
            return {"module": {name: self._put(each) for name, each in _tensors(value).items()}}
        if isinstance(value, list | tuple):
            return {"list": [self.tree(each) for each in value]}
        if isinstance(value, Mapping) and all(isinstance(key, str) for key in value):
            parts = dict(value)
        elif is_dataclass(value) and not isinstance(value, type):
            parts = {each.name: getattr(value, each.name) for each in fields(value)}
        else:
            raise EbmbenchError(
                f"a state holds a {type(value).__name__}, allowed: tensors, numbers, texts, "
                "lists, tables, generators, modules and dataclasses of these"
            )
        return {"parts": {key: self.tree(each) for key, each in parts.items()}}

    def _put(self, tensor: Tensor) -> str:
        name = str(len(self.tensors))
        whole = tensor.detach().cpu()
        self.tensors[name] = whole.clone(memory_format=torch.contiguous_format)
        return name


class _Unpacking:
    def __init__(self, tensors: Mapping[str, Tensor], kept: Sequence[Tensor]) -> None:
        self.changes: list[Callable[[], object]] = []
        self._tensors = tensors
        self._kept = kept

    def value(self, tree: Tree, template: Any) -> Any:
        ((kind, content),) = tree.items()
        if isinstance(template, Mapping) and not (
            kind == "parts" and template.keys() <= content.keys()
        ):
            raise LookupError(kind)
        match kind:
            case "plain":
                return content
            case "kept":
                return self._kept[content]
            case "tensor":
                name, device, learns, strides = content
                return _laid_out(self._get(name).to(device), strides).requires_grad_(learns)
            case "generator":
                self.changes.append(partial(template.set_state, self._get(content)))
                return template
            case "module":
                for name, tensor in _tensors(template).items():
                    stored = self._get(content[name])
                    if stored.shape != tensor.shape:
                        raise ValueError(name)
                    self.changes.append(partial(tensor.copy_, stored))
                return template
            case "list":
                return self._sequence(content, template)
            case "parts":
                return self._parts(content, template)
        raise LookupError(kind)

    def _sequence(self, content: list[Tree], template: Any) -> Any:
        like = list(template) if isinstance(template, list | tuple) else []
        like += [None] * (len(content) - len(like))
        values = [self.value(each, like[i]) for i, each in enumerate(content)]
        if not isinstance(template, tuple):
            return values
        return type(template)(*values) if hasattr(template, "_fields") else tuple(values)

    def _parts(self, content: dict[str, Tree], template: Any) -> Any:
        if not is_dataclass(template):
            like = template if isinstance(template, Mapping) else {}
            return {key: self.value(each, like.get(key)) for key, each in content.items()}
        made = copy.copy(template)
        for each in fields(template):
            part = self.value(content[each.name], getattr(template, each.name))
            object.__setattr__(made, each.name, part)
        return made

    def _get(self, name: str) -> Tensor:
        # A copy: what is read lies at any address, and some kernels round by that.
        return self._tensors[name].clone()


def _laid_out(tensor: Tensor, strides: list[int]) -> Tensor:
    """Return a tensor whose numbers lie in memory as they did: some kernels round by that."""
    if list(tensor.stride()) == strides:
        return tensor
    # A stride of zero repeats one number.
    once = tensor[tuple(slice(None) if stride else slice(1) for stride in strides)]
    whole = torch.empty_strided(once.shape, strides, dtype=tensor.dtype, device=tensor.device)
    return whole.copy_(once).expand(tensor.shape)


def _tensors(module: nn.Module) -> dict[str, Tensor]:
    """Return the parameters and buffers of a module, without their gradients."""
    named = {**dict(module.named_parameters()), **dict(module.named_buffers())}
    return {name: tensor.detach() for name, tensor in named.items()}
