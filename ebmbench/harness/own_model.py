"""A model that the command line names, ``my_module:build``, and its weights.

The name runs code, so it is taken from the command line only, never out of a file. Weights are
safetensors, which run none.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from safetensors import SafetensorError
from safetensors.torch import load
from torch import nn

from ebmbench.energies.wrapped import Model
from ebmbench.errors import EbmbenchError, cut, first_line
from ebmbench.registry import Registry

BUILDERS: Registry[Any] = Registry("model", {}, "ebmbench.models")
"""Nothing but ``module:attribute``; names of its own it has none."""
NAMED = 3
"""Keys that a sentence names, at most."""


def build_model(name: str, dim: int) -> Model:
    """Import and call what ``module:attribute`` names.

    The module is looked for in the folder of the command first.

    Arguments:
        name: of a function or class that is called with nothing, or with the number of columns
            where it asks for one argument; or of a torch module, which is taken as it is.
        dim: number of columns of the rows.

    Raises:
        EbmbenchError: it cannot be imported or called, or gives no model.
    """
    found = BUILDERS.get(name, Path.cwd(), vouched=True)
    if isinstance(found, nn.Module):
        return found
    if not callable(found):
        raise EbmbenchError(
            f"{name!r} is a {type(found).__name__}, allowed: a function that returns a model"
        )
    arguments = _arguments(name, found, dim)
    try:
        model = found(*arguments)
    except Exception as error:
        # A stranger's function may raise anything.
        words = f"{type(error).__name__}: {cut(first_line(error, 'no message'), 200)}"
        raise EbmbenchError(f"{name!r} cannot be called ({words})") from error
    if not callable(model):
        raise EbmbenchError(
            f"{name!r} returned a {type(model).__name__}, allowed: a torch module or another "
            "callable from (n, d) to (n,)"
        )
    return model  # type: ignore[no-any-return]


def load_weights(model: Model, path: Path) -> None:
    """Put the weights of a safetensors file into a module, every one of them.

    Raises:
        EbmbenchError: the model is no module, the file cannot be read, or its tensors are others
            than the module's.
    """
    if not isinstance(model, nn.Module):
        raise EbmbenchError(
            f"--weights is given for a {type(model).__name__}, allowed for a torch module only"
        )
    try:
        stored = load(path.read_bytes())
    except OSError as error:
        raise EbmbenchError(
            f"weights {str(path)!r} cannot be read: {error.strerror or first_line(error)}"
        ) from None
    except SafetensorError:
        raise EbmbenchError(
            f"weights {str(path)!r} are no safetensors, allowed: what "
            "`safetensors.torch.save_file(model.state_dict(), path)` writes"
        ) from None
    wanted = model.state_dict()
    shapes = [
        f"{name} is {tuple(stored[name].shape)} and not {tuple(wanted[name].shape)}"
        for name in wanted
        if name in stored and stored[name].shape != wanted[name].shape
    ]
    misfits = [
        *_listed("missing", [name for name in wanted if name not in stored]),
        *_listed("not of the model", [name for name in stored if name not in wanted]),
        *_listed("of another shape", shapes),
    ]
    if misfits:
        raise EbmbenchError(
            f"weights {str(path)!r} do not fit the model: {'; '.join(misfits)}; allowed: all of "
            "its state_dict and nothing else"
        )
    model.load_state_dict(stored)


def _arguments(name: str, found: Callable[..., Any], dim: int) -> tuple[int, ...]:
    """Return what a builder is called with."""
    try:
        parameters = inspect.signature(found).parameters.values()
    except (TypeError, ValueError):
        return ()
    places = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)
    required = [
        each
        for each in parameters
        if each.default is each.empty
        and each.kind not in (inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD)
    ]
    if len(required) > 1 or any(each.kind not in places for each in required):
        wants = ", ".join(each.name for each in required)
        raise EbmbenchError(
            f"{name!r} asks for {cut(wants)}, allowed: nothing, or the number of columns"
        )
    return (dim,) if required else ()


def _listed(what: str, names: Sequence[str]) -> list[str]:
    if not names:
        return []
    more = f" and {len(names) - NAMED} more" if len(names) > NAMED else ""
    return [f"{what}: {', '.join(cut(name) for name in names[:NAMED])}{more}"]
