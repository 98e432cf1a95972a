"""The page of a published folder: what it holds, for readers and for a data hub.

Its header is the YAML of a Hugging Face dataset card,
https://huggingface.co/docs/hub/datasets-cards: licence, tags, and which file is which table.
"""

from __future__ import annotations

import json
from collections.abc import Sequence

from ebmbench.records import PACK, Record, Status

TAGS = ("benchmark", "density-estimation", "energy-based-models", "score-matching")
_SIZES = {10**3: "n<1K", 10**4: "1K<n<10K", 10**5: "10K<n<100K", 10**6: "100K<n<1M"}


def to_card(
    records: Sequence[Record], name: str, rows: dict[str, int], pictures: Sequence[str]
) -> str:
    """Return the content of ``README.md``, from the records alone.

    Arguments:
        records: of the folder.
        name: of the folder.
        rows: number of rows of each table that is there as parquet.
        pictures: file names below ``figures/``, which are shown.
    """
    return "\n".join([*_header(name, rows), "", *_body(records, name, rows, pictures), ""])


def _header(name: str, rows: dict[str, int]) -> list[str]:
    total = sum(rows.values())
    size = next((word for limit, word in _SIZES.items() if total < limit), "1M<n<10M")
    lines = ["---", "license: mit", f"pretty_name: {json.dumps(f'ebmbench {name}')}", "tags:"]
    lines += [f"- {tag}" for tag in TAGS]
    lines += ["size_categories:", f"- {size}", "configs:"]
    for place, table in enumerate(rows):
        lines += [f"- config_name: {table}", f"  data_files: {table}.parquet"]
        lines += ["  default: true"] if place == 0 else []
    return [*lines, "---"]


def _body(
    records: Sequence[Record], name: str, rows: dict[str, int], pictures: Sequence[str]
) -> list[str]:
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
    codes = sorted({record.hashes.get("code", "unknown") for record in records})
    contended = sum(record.contended for record in records)
    days = sorted({record.started[:10] for record in records})
    span = days[0] if len(days) == 1 else f"{days[0]} to {days[-1]}"
    tables = " · ".join(
        f"{table}: [csv]({table}.csv), [parquet]({table}.parquet), {count} rows"
        for table, count in rows.items()
    )
    timings = "taken alone."
    if contended:
        timings = (
            f"{contended} of {len(records)} were taken while other work shared the cores and are "
            "marked so."
        )
    return [
        f"# {name}",
        "",
        f"{len(records)} runs ({', '.join(statuses)}): {len(tasks)} tasks × {len(methods)} "
        f"methods, seeds {', '.join(map(str, seeds))}, preset {' and '.join(presets)}, "
        f"run {span}.",
        "",
        f"[Leaderboard](leaderboard.md) · {tables} · records: [{PACK}]({PACK}).",
        "",
        *[line for each in pictures for line in (f"![{each}](figures/{each})", "")],
        f"- Tasks: {', '.join(tasks)}.",
        f"- Methods: {', '.join(methods)}.",
        f"- Machine: {'; '.join(sorted({_machine(r) for r in records}))}; one thread a run.",
        f"- Versions: {', '.join(packages)}; code {', '.join(codes)}.",
        f"- Timings: {timings}",
        "",
        "One line of the pack is the record of one run: what was asked (both cards), what came "
        "out, what it cost, and on which code and machine. One command each checks the folder, "
        "gives the records back as files, and makes the site of them:",
        "",
        f"    ebmbench check results/{name}",
        f"    ebmbench publish --unpack results/{name} --to runs/{name}",
        f"    ebmbench report runs/{name}",
    ]


def _machine(record: Record) -> str:
    words = record.machine
    form = {"processor": "{}", "cores": "{} cores", "memory_gib": "{} GiB"}
    form |= {"system": "{}", "device": "{}"}
    return ", ".join(text.format(words[key]) for key, text in form.items() if key in words)
