"""Making an output folder fit for a repository: records, tables, pictures and the site."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from ebmbench.errors import EbmbenchError
from ebmbench.records import Record, Status, read_records, record_path, to_json
from ebmbench.report.figures.densities import cache_of
from ebmbench.report.site.build import build_site
from ebmbench.report.write import write_tables

OURS = (
    "README.md",
    "leaderboard.csv",
    "leaderboard.md",
    "leaderboard.tex",
    "results.csv",
    "figures",
    "runs",
    "site",
)
"""What a published folder consists of, and what publishing again may replace."""


@dataclass(frozen=True)
class Published:
    """What was written."""

    records: int
    sizes: dict[str, int]
    """Bytes of each of :data:`OURS`."""


def publish(out: Path, to: Path, weights: bool = False, asv: Path | None = None) -> Published:
    """Write the records of ``out`` and all that follows from them to ``to``.

    Pictures need the weights, so everything is written beside them first; then they are left out,
    and the records no longer name them. The same records give the same bytes.

    Arguments:
        out: an output folder.
        to: a new folder, or one that was published before and is replaced.
        weights: whether the weights go along.
        asv: results of asv whose history the site shows.

    Raises:
        EbmbenchError: there is nothing to publish, or ``to`` holds something else.
    """
    records = read_records(out)
    _refuse_strangers(out, to)
    to.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=to.parent, prefix=f".{to.name}.") as name:
        fresh = Path(name) / "whole"
        shutil.copytree(out / "runs", fresh / "runs", ignore=shutil.ignore_patterns(".*"))
        if cache_of(out).is_dir():
            shutil.copytree(cache_of(out), cache_of(fresh))
        write_tables(records, fresh)
        build_site(records, fresh, asv)
        if not weights:
            for path in (fresh / "runs").rglob("*.safetensors"):
                path.unlink()
            for record in records:
                path = record_path(fresh, record.task, record.method, record.seed)
                bare = record.model_copy(update={"weights": None})
                path.write_text(to_json(bare), encoding="utf-8")
        (fresh / "README.md").write_text(describe(records, to.name), encoding="utf-8")
        to.mkdir(exist_ok=True)
        for part in OURS:
            _remove(to / part)
            if (fresh / part).exists():
                (fresh / part).rename(to / part)
    return Published(len(records), {part: _size(to / part) for part in OURS})


def describe(records: Sequence[Record], name: str) -> str:
    """Return the page that says what a published folder holds, from its records alone."""
    tasks, methods, seeds, presets = (
        sorted({getattr(record, field) for record in records})
        for field in ("task", "method", "seed", "preset")
    )
    statuses = [
        f"{count} {status.value}"
        for status in Status
        if (count := sum(record.status is status for record in records))
    ]
    packages = sorted({f"{key} {value}" for r in records for key, value in r.versions.items()})
    machines = sorted(
        {f"{r.machine['processor']}, {r.machine['cores']} cores, {r.machine['memory_gib']} GiB, "
         f"{r.machine['system']}, {r.machine['device']}" for r in records}
    )  # fmt: skip
    contended = sum(record.contended for record in records)
    days = sorted({record.started[:10] for record in records})
    span = days[0] if len(days) == 1 else f"{days[0]} to {days[-1]}"
    lines = [
        f"# {name}",
        "",
        f"{len(records)} runs ({', '.join(statuses)}): {len(tasks)} tasks × {len(methods)} "
        f"methods, seeds {', '.join(map(str, seeds))}, preset {' and '.join(presets)}, "
        f"run {span}.",
        "",
        "[Leaderboard](leaderboard.md) · [site](site/index.html), to be opened from a checkout · "
        "[every number](results.csv) · records under `runs/`.",
        "",
        f"- Tasks: {', '.join(tasks)}.",
        f"- Methods: {', '.join(methods)}.",
        f"- Machine: {'; '.join(machines)}; one thread a run.",
        f"- Versions: {', '.join(packages)}; code "
        f"{', '.join(sorted({record.hashes['code'] for record in records}))}.",
        f"- Timings: {contended} of {len(records)} were taken while other work shared the cores "
        "and are marked so." if contended else "- Timings: taken alone.",
        "",
        f"Checked by `ebmbench check results/{name}`.",
        "",
    ]  # fmt: skip
    return "\n".join(lines)


def _refuse_strangers(out: Path, to: Path) -> None:
    if to.resolve() == out.resolve():
        raise EbmbenchError(f"{str(to)!r} is the folder itself; publish it to another one")
    if to.exists() and not to.is_dir():
        raise EbmbenchError(f"{str(to)!r} is a file; allowed: a folder")
    strangers = sorted(p.name for p in to.iterdir() if p.name not in OURS) if to.is_dir() else []
    if strangers:
        raise EbmbenchError(
            f"{str(to)!r} holds {strangers[0]!r}, which publishing does not write; allowed: a new "
            "folder, or one that was published before"
        )


def _remove(path: Path) -> None:
    if path.is_dir():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)


def _size(path: Path) -> int:
    if path.is_dir():
        return sum(each.stat().st_size for each in path.rglob("*") if each.is_file())
    return path.stat().st_size if path.exists() else 0
