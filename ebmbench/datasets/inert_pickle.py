"""Tables out of pickled pandas frames, read without running anything that is in them.

A pickle is a program: it names functions and says with what to call them. Here every name becomes
a record of what it was called with, and the numbers are taken out of those records. Two forms are
understood: that of pandas 0.14 to 1.x, and that of later ones with columns of Python strings.
"""

from __future__ import annotations

import pickle
from pathlib import Path
from typing import Any, Literal

import numpy as np

from ebmbench.datasets.preprocess import Array
from ebmbench.errors import EbmbenchError, first_line


class _Thing:
    """What a pickle would have called or built; it does nothing."""

    name: str = ""

    def __init__(self, *arguments: Any) -> None:
        self.arguments = arguments
        self.state: Any = None

    def __setstate__(self, state: Any) -> None:
        self.state = state


def _bytes(text: str, encoding: str) -> bytes:
    if encoding != "latin1":
        raise ValueError(f"bytes in {encoding!r}")
    return text.encode("latin1")


def _rebuilt(cls: type[_Thing], *_: object) -> _Thing:
    return cls()


HARMLESS = {
    ("_codecs", "encode"): _bytes,
    ("copy_reg", "_reconstructor"): _rebuilt,
    ("copyreg", "_reconstructor"): _rebuilt,
    ("__builtin__", "slice"): slice,
    ("builtins", "slice"): slice,
    ("__builtin__", "bytearray"): bytearray,
    ("builtins", "bytearray"): bytearray,
}


class _Inert(pickle.Unpickler):
    def find_class(self, module: str, name: str) -> Any:
        """Return what stands for a name, which is never what it names."""
        known = HARMLESS.get((module, name))
        return type("Thing", (_Thing,), {"name": name}) if known is None else known


def read_frame(path: Path) -> tuple[list[str], Array]:
    """Return the columns and the numbers, ``(n, columns)``, of a pickled frame.

    Raises:
        EbmbenchError: it is no frame of numbers in one of the forms that are understood.
    """
    try:
        with path.open("rb") as file:
            frame = _Inert(file, encoding="latin1").load()
        manager = frame.state.get("_mgr", frame.state.get("_data"))
        if manager.state is None:
            parts, axes = manager.arguments
            blocks = [part.arguments[:2] for part in parts]
        else:
            said = manager.state[-1]["0.14.1"]
            axes, blocks = said["axes"], [(b["values"], b["mgr_locs"]) for b in said["blocks"]]
        columns = [str(each) for each in _array(axes[0].arguments[1]["data"])]
        arrays = [(_array(values), place) for values, place in blocks]
        table = np.full((len(columns), arrays[0][0].shape[1]), np.nan)
        for values, place in arrays:
            table[place if isinstance(place, slice) else _array(place)] = values
    except Exception as error:
        # Whatever it is: nothing in it was run.
        raise EbmbenchError(
            f"data file {str(path)!r} cannot be read as a pickled table of numbers: "
            f"{type(error).__name__}: {first_line(error)}"
        ) from None
    return columns, np.ascontiguousarray(table.T)


def _array(thing: _Thing) -> Any:
    """Return the NumPy array of a record of how one is made."""
    if thing.name == "_frombuffer":
        content, dtype, shape, order = thing.arguments
        return np.frombuffer(content, _dtype(dtype)).reshape(shape, order=order)
    *_, shape, dtype, by_columns, content = thing.state
    if isinstance(content, list):
        return np.array(content, dtype=object).reshape(shape)
    raw = content.encode("latin1") if isinstance(content, str) else content
    return np.frombuffer(raw, _dtype(dtype)).reshape(shape, order="F" if by_columns else "C")


def _dtype(thing: _Thing) -> np.dtype[Any]:
    dtype: np.dtype[Any] = np.dtype(thing.arguments[0])
    if dtype.hasobject:
        raise ValueError("objects among the numbers")
    order: Literal["<", ">", "="] = thing.state[1] if thing.state[1] in ("<", ">") else "="
    return dtype.newbyteorder(order)
