"""The times that asv stored, drawn against the dates of the commits."""

from __future__ import annotations

import itertools
import json
from collections import defaultdict
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ebmbench.errors import EbmbenchError, first_line
from ebmbench.report.site.plot import DASHES, PALETTE, SYMBOLS, Plot, axis, rounded
from ebmbench.report.site.render import Page

Line = list[tuple[int, str, float]]
"""Date of the commit in milliseconds, its hash, and the result."""


def history_page(folder: Path) -> Page:
    """Return the page of an asv results folder: one plot per benchmark.

    Arguments:
        folder: has ``benchmarks.json``, and a folder of results per machine.

    Raises:
        EbmbenchError: a file is missing or is not what asv writes.
    """
    known = _read(folder / "benchmarks.json")
    lines: dict[str, dict[str, Line]] = defaultdict(lambda: defaultdict(list))
    machines: set[str] = set()
    for path in sorted(folder.glob("*/*.json")):
        if path.name == "machine.json":
            continue
        commit = _read(path)
        try:
            machines.add(f"{commit['params']['cpu']}, {commit['params']['os']}")
            for name, fields in commit["results"].items():
                if fields is None:
                    continue  # a benchmark that failed
                columns = dict(zip(commit["result_columns"], fields, strict=False))
                for label, value in _by_parameters(columns):
                    point = (int(commit["date"]), str(commit["commit_hash"]), value)
                    lines[name][f"{path.parent.name} {label}".strip()].append(point)
        except (ArithmeticError, AttributeError, KeyError, TypeError, ValueError) as error:
            raise EbmbenchError(
                f"{str(path)!r} is not a result of asv: {first_line(error)}"
            ) from None
    plots = [
        _plot(name, known.get(name, {}), {k: sorted(v) for k, v in sorted(of.items())})
        for name, of in sorted(lines.items())
    ]
    values = {"plots": plots, "machines": sorted(machines)}
    return Page("history.html", "history.html", values)


def _read(path: Path) -> dict[str, Any]:
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise EbmbenchError(f"asv file {str(path)!r} cannot be read: {error.strerror}") from None
    except (ValueError, RecursionError) as error:
        raise EbmbenchError(f"asv file {str(path)!r} is not JSON: {first_line(error)}") from None
    if not isinstance(found, dict):
        raise EbmbenchError(f"asv file {str(path)!r} holds no table")
    return found


def _by_parameters(columns: Mapping[str, Any]) -> list[tuple[str, float]]:
    """Return each combination of parameters in words with its result; asv leaves failures null."""
    results = columns["result"]
    if results is None:
        return []
    if not isinstance(results, list):
        results = [results]
    choices = itertools.product(*columns.get("params") or [])
    return [
        (", ".join(str(part).strip("'") for part in choice), float(value))
        for choice, value in zip(choices, results, strict=True)
        if value is not None
    ]


def _plot(name: str, known: Mapping[str, Any], lines: Mapping[str, Line]) -> Plot:
    unit = str(known.get("unit", ""))
    data = [
        {
            "type": "scatter", "mode": "lines+markers", "name": label or name,
            "x": [date for date, _, _ in line], "y": rounded([value for _, _, value in line]),
            "text": [commit[:8] for _, commit, _ in line],
            "hovertemplate": "%{text}: %{y:.4g} " + unit,
            "line": {"color": PALETTE[k % len(PALETTE)], "dash": DASHES[k // 8 % len(DASHES)]},
            "marker": {"symbol": SYMBOLS[k % len(SYMBOLS)], "size": 7},
        }
        for k, (label, line) in enumerate(lines.items())
    ]  # fmt: skip
    layout = {
        "xaxis": axis("date of the commit", type="date"),
        "yaxis": axis(unit, log=True),
        "showlegend": len(data) > 1,
    }
    parameters = ", ".join(map(str, known.get("param_names", [])))
    note = f"Lines by machine and {parameters}." if parameters else ""
    return Plot(f"asv-{name}", name, note, {"history": {"data": data, "layout": layout}})
