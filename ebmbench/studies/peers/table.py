"""The findings and the table of two moons as files."""

from __future__ import annotations

import platform
from collections.abc import Sequence
from dataclasses import asdict

import pandas as pd
import torch

from ebmbench.studies.peers.checks import CHECKS, Finding
from ebmbench.studies.peers.library import Library
from ebmbench.studies.peers.two_moons import Row

VERDICTS = {True: "holds", False: "differs", None: "–"}
MISSING = "not installed"


def findings_frame(findings: Sequence[Finding]) -> pd.DataFrame:
    """Return a row per check, library and name."""
    expected = {check.title: check.expected for check in CHECKS}
    rows = [
        {
            "check": each.check,
            "expected": expected[each.check],
            "library": each.library,
            "version": each.version,
            "name": each.name,
            "found": each.found,
            "verdict": VERDICTS[each.holds],
        }
        for each in findings
    ]
    return pd.DataFrame(rows)


def findings_markdown(findings: Sequence[Finding], libraries: Sequence[Library]) -> str:
    """Return the findings, a table per check."""
    versions = ", ".join(f"{each.name} {each.version() or MISSING}" for each in libraries)
    lines = [
        "# Libraries of energy-based models against closed forms",
        "",
        f"{versions}; Python {platform.python_version()}, torch {torch.__version__}. By "
        "`ebmbench study peers`; what the checks are: [docs/peers.md](../../docs/peers.md).",
    ]
    for check in CHECKS:
        lines += ["", f"## {check.title}", "", f"Expected: {check.expected}.", ""]
        lines += ["| library | asked | found | verdict |", "|---|---|---|---|"]
        for each in findings:
            if each.check == check.title:
                cells = (each.library, f"`{each.name}`", each.found, VERDICTS[each.holds])
                lines.append(f"| {' | '.join(cell.replace('|', '&#124;') for cell in cells)} |")
        absent = [
            library.name
            for library in libraries
            if library.version() is not None
            and not any(f.check == check.title and f.library == library.name for f in findings)
        ]
        if absent:
            lines += ["", f"Not in {', '.join(absent)}."]
    return "\n".join([*lines, ""])


def rows_frame(rows: Sequence[Row]) -> pd.DataFrame:
    """Return the table of two moons."""
    return pd.DataFrame([asdict(row) for row in rows])


def rows_markdown(rows: Sequence[Row], words: str) -> str:
    """Return the table of two moons with what was run."""
    lines = [
        "# Two moons",
        "",
        words,
        "",
        "| library | method | settings | log-likelihood, nats | near the rows | log Z | seconds |",
        "|---|---|---|---:|---:|---|---:|",
    ]
    for row in rows:
        value = f"{row.log_likelihood:z.3f} ± {row.stderr:.3f}" if row.certified else "refused"
        near, seconds = f"{row.near:z.3f}", f"{row.seconds:.0f}"
        cells = (row.library, row.method, row.settings, value, near, row.note, seconds)
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join([*lines, ""])
