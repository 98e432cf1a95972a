"""What measuring one model comes to, as a notebook shows it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from html import escape

from torch import Tensor

from ebmbench.metrics.base import Measurement
from ebmbench.metrics.registration import Metric

HEAD = ("metric", "value", "unit", "bracket", "")


@dataclass(frozen=True, repr=False)
class Measurements(Mapping[str, Measurement]):
    """The measurements of a model by name, and what they were computed from."""

    found: Mapping[str, Measurement]
    """By the name of the metric, in the order in which they were asked for."""
    metrics: Mapping[str, Metric]
    """What each of them means, by the same names."""
    log_density: Tensor | None
    """Normalised log-density of each test row in nats, ``(n,)``, float64; ``None`` where no metric
    needed ``log Z``."""
    samples: Tensor | None
    """Draws of the model, ``(m, d)``, float64; ``None`` where no metric needed any."""
    samples_how: str = ""
    """How they were drawn."""

    def __getitem__(self, name: str) -> Measurement:
        return self.found[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self.found)

    def __len__(self) -> int:
        return len(self.found)

    def cells(self) -> list[tuple[str, ...]]:
        """Return a row of a table for each, with the columns of :data:`HEAD`."""
        rows: list[tuple[str, ...]] = []
        for name, each in self.found.items():
            metric = self.metrics[name]
            rows.append((name, each.number, metric.unit, each.bracket, each.certificate))
        return rows

    def __repr__(self) -> str:
        words = ", ".join(f"{name} {each.number}" for name, each in self.found.items())
        return f"Measurements({words})"

    def _repr_html_(self) -> str:
        head = "".join(f"<th>{escape(word)}</th>" for word in HEAD)
        lines = []
        for (name, *cells), each in zip(self.cells(), self.found.values(), strict=True):
            title = escape(self.metrics[name].definition)
            others = "".join(f"<td>{escape(cell)}</td>" for cell in cells)
            note = escape(each.note)
            lines.append(
                f'<tr title="{note}"><th title="{title}">{escape(name)}</th>{others}</tr>'
            )
        return f"<table><tr>{head}</tr>{''.join(lines)}</table>"
