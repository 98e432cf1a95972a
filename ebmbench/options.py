"""Hyper-parameters as frozen, range-checked records, and the one-sentence errors for bad ones.

Everything that a card can configure (objectives, samplers, loaders, energies, estimators) is a
class decorated with :func:`options`: a frozen dataclass whose fields declare their range with
pydantic's ``Field``. :func:`build` makes one from a card's table.
"""

from __future__ import annotations

import inspect
import math
from collections.abc import Callable, Mapping
from dataclasses import fields, is_dataclass
from typing import Annotated, Any, TypeVar, cast, dataclass_transform, get_args, get_origin

import pydantic
from pydantic import AfterValidator, ConfigDict, Field, ValidationError
from pydantic.dataclasses import is_pydantic_dataclass

from ebmbench.errors import EbmbenchError, cut, did_you_mean, first_line

T = TypeVar("T")
DEEPEST = 8
"""Lists and tables within each other."""


def _storable(values: dict[str, Any], depth: int = 1) -> dict[str, Any]:
    for key, value in values.items():
        if isinstance(value, list):
            _storable({f"{key}[{k}]": each for k, each in enumerate(value)}, depth + 1)
        elif isinstance(value, dict):
            _storable(value, depth + 1)
        elif isinstance(value, int) and not -(1 << 63) <= value < 1 << 63:
            raise ValueError(f"{cut(key)} is beyond 64 bits, allowed: a smaller number")
        elif isinstance(value, float) and not math.isfinite(value):
            raise ValueError(f"{cut(key)} is {value}, allowed: a finite number")
        elif not isinstance(value, str | int | float):
            raise ValueError(
                f"{cut(key)} is a {type(value).__name__}, allowed: a text, a number, true or "
                "false, or a list or table of these"
            )
    if depth > DEEPEST:
        raise ValueError(f"more than {DEEPEST} lists and tables within each other")
    return values


Values = Annotated[dict[str, Any], AfterValidator(_storable)]
"""A table of a card whose keys others know; what is in it is stored and comes back the same."""


@dataclass_transform(frozen_default=True, field_specifiers=(Field,))
def options(cls: type[T]) -> type[T]:
    """Make ``cls`` a frozen dataclass that forbids unknown keys and checks types and ranges.

    Example:
        >>> @options
        ... class Noise:
        ...     sigma: float = 0.1
        >>> build(Noise, {"sigma": 0.5}, where="card.toml")
        Noise(sigma=0.5)
    """
    config = ConfigDict(extra="forbid", arbitrary_types_allowed=True)
    return cast(type[T], pydantic.dataclasses.dataclass(cls, frozen=True, config=config))


def build(cls: Callable[..., T], values: Mapping[str, Any], where: str) -> T:
    """Construct ``cls`` from a table of a card.

    Arguments:
        cls: a class made by :func:`options`.
        values: the table.
        where: what to call the table in a message (a file and a key).

    Raises:
        EbmbenchError: no class, one that needs what is no option, an unknown key, a wrong type or
            a value out of range.
    """
    if not isinstance(cls, type):
        raise EbmbenchError(f"{where}: {cut(repr(cls))} is no class, allowed: one")
    allowed = option_names(cls)
    for key in values:
        if key not in allowed:
            hint = did_you_mean(key, allowed)
            raise EbmbenchError(f"{where}: unknown key {cut(key)!r}{hint}")
    if not is_pydantic_dataclass(cls):
        _refuse_needy(cls, values, where)
    try:
        made: T = cls(**values)
    except ValidationError as error:
        raise EbmbenchError(f"{where}: {explain(error)}") from None
    return made


def _refuse_needy(cls: type, values: Mapping[str, Any], where: str) -> None:
    """Refuse a class that is not made by :func:`options` and needs other arguments."""
    try:
        inspect.signature(cls).bind(**values)
    except (TypeError, ValueError) as error:
        raise EbmbenchError(
            f"{where}: class {cut(cls.__qualname__)!r} cannot be made of these options: "
            f"{first_line(error)}"
        ) from None


def option_names(cls: Any) -> list[str]:
    """Return the names of the options of a class made by :func:`options`; of any other none."""
    return [field.name for field in fields(cls)] if is_dataclass(cls) else []


def explain(error: ValidationError) -> str:
    """Say in a sentence what pydantic refused first: the key, what was found, what is allowed."""
    first = error.errors(include_url=False)[0]
    path = cut(".".join(str(part) for part in first["loc"]))
    message = first["msg"].removeprefix("Value error, ").removeprefix("Input should be ")
    if first["type"] == "missing":
        return f"key {path!r} is missing"
    if not path:
        return message
    if isinstance(first["input"], Mapping):
        return f"table {path!r}: {message}"
    if "allowed" in message:
        return f"key {path!r}: {message}"
    return f"key {path!r} is {cut(repr(first['input']))}, allowed: {message}"


def field_names(model: Any, path: tuple[str | int, ...]) -> list[str]:
    """Field names of a pydantic model at ``path`` (through lists, dictionaries and optionals)."""
    for part in path:
        model = _unwrap(model)
        fields = getattr(model, "model_fields", {})
        if isinstance(part, str) and part in fields:
            model = fields[part].annotation
    return sorted(getattr(_unwrap(model), "model_fields", {}))


def _unwrap(annotation: Any) -> Any:
    while get_origin(annotation) is not None:
        arguments = [a for a in get_args(annotation) if a is not type(None)]
        if not arguments:
            break
        annotation = arguments[-1]
    return annotation
