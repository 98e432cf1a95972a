"""A learning curve that takes little memory: a table of numbers, points only when asked for.

Curves are most of what a folder of records holds in memory: a point as an object of its own takes
two kilobytes, as numbers in a table some eighty bytes.
"""

from __future__ import annotations

import math
from array import array
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache
from typing import Any, overload

from pydantic import BaseModel, ConfigDict, GetCoreSchemaHandler
from pydantic_core import core_schema

BASE = 5
"""Numbers of a point beside those of ``info``."""
LIKELIHOOD = 4
"""The place of the likelihood among them."""


class CurvePoint(BaseModel):
    """One point of the learning curve."""

    model_config = ConfigDict(extra="forbid", frozen=True, ser_json_inf_nan="strings")

    step: int
    seconds: float
    """Training seconds so far."""
    loss: float
    """Mean training loss since the last point."""
    validation_loss: float | None = None
    """The objective's loss of validation rows, with the same noise at every point; ``None`` where
    it cannot be compared between steps, and in records of 0.1."""
    log_likelihood: float | None = None
    """Of validation rows in nats, where it is cheap (exact ``log Z`` or quadrature): at every
    other point, the last one among them, and at the one whose weights are scored."""
    info: dict[str, float] = {}


class Curve(Sequence[CurvePoint]):
    """Points in the order of their steps.

    Arguments:
        points: of the curve.
    """

    __slots__ = ("_names", "_numbers", "_there")

    _names: tuple[str, ...]
    """Of ``info``."""
    _numbers: array[float]
    """Point by point: what every point has, then ``info`` in the order of the names."""
    _there: bytes
    """Whether each number is there at all: a loss may be no number, and be said to be."""

    def __init__(self, points: Iterable[CurvePoint] = ()) -> None:
        points = list(points)
        self._names = _shared(tuple(dict.fromkeys(name for p in points for name in p.info)))
        cells: list[float | None] = []
        for p in points:
            cells += (p.step, p.seconds, p.loss, p.validation_loss, p.log_likelihood)
            cells += map(p.info.get, self._names)
        self._numbers = array("d", [math.nan if cell is None else cell for cell in cells])
        self._there = bytes(cell is not None for cell in cells)

    @classmethod
    def __get_pydantic_core_schema__(
        cls, source: Any, handler: GetCoreSchemaHandler
    ) -> core_schema.CoreSchema:
        """Take a list of points or what is valid as one, and write one."""
        points = handler.generate_schema(list[CurvePoint])
        return core_schema.no_info_wrap_validator_function(
            lambda value, validated: value if isinstance(value, cls) else cls(validated(value)),
            points,
            serialization=core_schema.plain_serializer_function_ser_schema(
                list, return_schema=points
            ),
        )

    @property
    def steps(self) -> list[int]:
        """Of all points."""
        return [int(step) for step in self._numbers[:: BASE + len(self._names)]]

    @property
    def log_likelihoods(self) -> list[float | None]:
        """Of validation rows at all points."""
        return self._column(LIKELIHOOD)

    def info(self, name: str) -> list[float | None]:
        """Return a number of ``info`` at all points, ``None`` where it is not."""
        if name not in self._names:
            return [None] * len(self)
        return self._column(BASE + self._names.index(name))

    def upto(self, step: int) -> Curve:
        """Return the part up to a step and with it."""
        width = BASE + len(self._names)
        # Most often the last mark is the one that is asked for.
        if not self._numbers or self._numbers[-width] <= step:
            return self
        count = bisect_right(self.steps, step)
        part = Curve()
        part._names = self._names
        cells = count * width
        part._numbers, part._there = self._numbers[:cells], self._there[:cells]
        return part

    def _column(self, place: int) -> list[float | None]:
        width = BASE + len(self._names)
        cells = zip(self._numbers[place::width], self._there[place::width], strict=True)
        return [number if there else None for number, there in cells]

    def __len__(self) -> int:
        return len(self._numbers) // (BASE + len(self._names))

    @overload
    def __getitem__(self, place: int) -> CurvePoint: ...

    @overload
    def __getitem__(self, place: slice) -> list[CurvePoint]: ...

    def __getitem__(self, place: int | slice) -> CurvePoint | list[CurvePoint]:
        if isinstance(place, slice):
            return [self._point(k) for k in range(*place.indices(len(self)))]
        return self._point(range(len(self))[place])

    def __iter__(self) -> Iterator[CurvePoint]:
        return map(self._point, range(len(self)))

    def __eq__(self, other: object) -> bool:
        return list(self) == list(other) if isinstance(other, Curve | list) else NotImplemented

    def __hash__(self) -> int:
        return hash((self._names, bytes(self._numbers), self._there))

    def __repr__(self) -> str:
        return f"Curve({list(self)})"

    def __getstate__(self) -> list[CurvePoint]:
        return list(self)

    def __setstate__(self, points: list[CurvePoint]) -> None:
        self.__init__(points)  # type: ignore[misc]

    def _point(self, place: int) -> CurvePoint:
        width = BASE + len(self._names)
        part = slice(place * width, (place + 1) * width)
        numbers = self._numbers[part]
        step, seconds, loss, *_ = numbers
        validation_loss, log_likelihood, *info = (
            number if there else None
            for number, there in list(zip(numbers, self._there[part], strict=True))[3:]
        )
        # Its numbers were checked when it first was a point.
        return CurvePoint.model_construct(
            step=int(step),
            seconds=seconds,
            loss=loss,
            validation_loss=validation_loss,
            log_likelihood=log_likelihood,
            info={n: v for n, v in zip(self._names, info, strict=True) if v is not None},
        )


@lru_cache(maxsize=1024)
def _shared(names: tuple[str, ...]) -> tuple[str, ...]:
    """Return one object for equal names: the runs of a method have the same."""
    return names
