"""The kinds of input: valid ones, how they are spoiled, and what reads them."""

from __future__ import annotations

import gzip
import io
import json
import shlex
import tomllib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Any

import numpy as np
import pandas as pd
import tomlkit

from benchmarks.fuzz.commands import COMMANDS, run_line
from benchmarks.fuzz.spoiling import spoil_bytes, spoiler
from ebmbench import catalog
from ebmbench.cardfiles import read_toml
from ebmbench.cards import MethodCard, TaskCard, card_by_path
from ebmbench.datasets.mnist import read_idx
from ebmbench.harness.build import load_data, make_energy, make_loader, make_objective
from ebmbench.harness.job import Job
from ebmbench.harness.record import make_record
from ebmbench.harness.weights import load_energy, packed_weights
from ebmbench.records import (
    MetricRecord,
    RunOutcome,
    read_record,
    read_records,
    results_csv,
    tidy_rows,
    to_json,
)
from ebmbench.report.site.history import history_page
from ebmbench.report.stats.rows import from_bytes

CARDS = Path(__file__).parents[2]


@dataclass(frozen=True)
class Kind:
    """One kind of input."""

    valid: list[bytes]
    make: Callable[[Random], bytes]
    """A spoiled one."""
    use: Callable[[bytes], object]


def kinds(folder: Path) -> dict[str, Kind]:
    """Return all kinds by name.

    Arguments:
        folder: where inputs are written as files.
    """
    record = _record()
    text = to_json(record).encode()
    line = json.dumps(json.loads(text), sort_keys=True, separators=(",", ":"))
    pack = gzip.compress(line.encode() + b"\n", mtime=0)
    tasks = [(CARDS / f"tasks/{name}.toml").read_bytes() for name in ("2d/rings", "uci/wine")]
    methods = [(CARDS / f"baselines/{name}.toml").read_bytes() for name in ("dsm", "nce", "kde")]
    table = np.random.default_rng(0).normal(size=(80, 3)).round(3)
    csv = "a,b,c\n" + "\n".join(",".join(map(str, row)) for row in table) + "\n"
    idx = bytes([0, 0, 8, 3, 0, 0, 0, 4, 0, 0, 0, 5, 0, 0, 0, 5]) + bytes(range(100))
    moments = {
        "version": 1,
        "moments": [{"task": "2d/rings", "seed": 0, "n": 9, "methods": ["dsm", "nce"],
                     "means": [0.1, 0.2], "variances": [[0.5]]}],
    }  # fmt: skip
    asv = {
        "params": {"cpu": "x", "os": "y"}, "date": 1_700_000_000_000, "commit_hash": "a" * 40,
        "result_columns": ["result", "params"],
        "results": {"bench": [[0.1, None], [["1", "2"]]], "other": None},
    }  # fmt: skip

    def at(name: str, content: bytes) -> Path:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
        return path

    def task(content: bytes) -> object:
        return make_loader(card_by_path(TaskCard, at("card.toml", content)))

    def method(content: bytes) -> object:
        card = card_by_path(MethodCard, at("card.toml", content))
        return None if card.objective is None else make_objective(card)

    def one_record(content: bytes) -> object:
        found = read_record(at("runs/seed-0.json", content))
        return to_json(found), tidy_rows([found])

    def packed(content: bytes) -> object:
        at("pack/records.jsonl.gz", content)
        return results_csv(read_records(folder / "pack"))

    def weights(content: bytes) -> object:
        return load_energy(at("w.safetensors", content), record.task_card)

    def history(content: bytes) -> object:
        at("asv/benchmarks.json", b"{}")
        at("asv/machine/commit.json", content)
        return history_page(folder / "asv")

    def rows(suffix: str) -> Callable[[bytes], object]:
        def use(content: bytes) -> object:
            path = at(f"rows.{suffix}", content)
            return load_data(catalog.select_tasks(str(path))[0], 0, None)

        return use

    as_json = _json
    tables = [_npy(table), _npy(table.astype(np.float32)), _npz(table)]
    return {
        "task card": _text_kind(tasks, _toml, _to_toml, task),
        "method card": _text_kind(methods, _toml, _to_toml, method),
        "TOML": _text_kind([*tasks, *methods], _toml, _to_toml, lambda c: read_toml(at("t", c))),
        "record": _text_kind([text], json.loads, as_json, one_record),
        "pack": Kind([pack], _in_gzip(line.encode() + b"\n", json.loads, as_json), packed),
        "safetensors": Kind([_weights(record.task_card)], spoiler([_weights(record.task_card)],
                            _header, _with_header), weights),
        "IDX": Kind([gzip.compress(idx)], _in_gzip(idx), lambda c: read_idx(at("i.gz", c))),
        "gzip": Kind([gzip.compress(as_json(moments))],
                     _in_gzip(as_json(moments), json.loads, as_json), from_bytes),
        "CSV": _text_kind([csv.encode()], _cells, _to_csv, rows("csv")),
        "NPY": Kind(tables[:2], spoiler(tables[:2]), rows("npy")),
        "NPZ": Kind(tables[2:], spoiler(tables[2:]), rows("npz")),
        "parquet": Kind([_parquet(table)], spoiler([_parquet(table)]), rows("parquet")),
        "asv": _text_kind([as_json(asv)], json.loads, as_json, history),
        "command line": _text_kind(
            [each.encode() for each in COMMANDS], _words, _to_line,
            lambda content: run_line(content, folder),
        ),
    }  # fmt: skip


def _text_kind(
    valid: list[bytes],
    read: Callable[[bytes], Any],
    write: Callable[[Any], bytes],
    use: Callable[[bytes], object],
) -> Kind:
    return Kind(valid, spoiler(valid, read, write), use)


def _in_gzip(
    content: bytes,
    read: Callable[[bytes], Any] | None = None,
    write: Callable[[Any], bytes] | None = None,
) -> Callable[[Random], bytes]:
    """Return what spoils a content before it is compressed, or afterwards."""
    inner = spoiler([content], read, write)

    def make(random: Random) -> bytes:
        if random.randint(0, 2):
            return gzip.compress(inner(random), 1, mtime=0)
        return spoil_bytes(gzip.compress(content, mtime=0), random)

    return make


def _record() -> Any:
    job = Job(
        catalog.tasks()["2d/rings"], catalog.methods()["dsm"].for_task("2d/rings"), 0, "smoke"
    )
    metric = MetricRecord(value=-2.5, stderr=0.1, unit="nats", higher_is_better=True)
    return make_record(
        job, RunOutcome(metrics={"log_likelihood": metric}), started="2026-01-01T00:00:00Z",
        contended=False, machine_words={"device": "cpu"}, hashes={"data": "0" * 16},
    )  # fmt: skip


def _weights(task: TaskCard) -> bytes:
    small = task.model_copy(
        update={"data": task.data.model_copy(update={"train": 50, "validation": 9, "test": 9})}
    )
    return packed_weights(make_energy(small, load_data(small, 0, None), 0), {})


def _header(content: bytes) -> Any:
    size = int.from_bytes(content[:8], "little")
    return [json.loads(content[8 : 8 + size]), content[8 + size :].hex()]


def _with_header(value: Any) -> bytes:
    header, rest = value
    text = json.dumps(header).encode()
    return len(text).to_bytes(8, "little") + text + bytes.fromhex(rest)


def _toml(content: bytes) -> Any:
    return tomllib.loads(content.decode())


def _to_toml(value: Any) -> bytes:
    return tomlkit.dumps(value).encode()


def _json(value: Any) -> bytes:
    return json.dumps(value, sort_keys=True).encode()


def _cells(content: bytes) -> Any:
    return [line.split(",") for line in content.decode().splitlines()]


def _to_csv(value: Any) -> bytes:
    return "\n".join(",".join(map(str, line)) for line in value).encode()


def _words(content: bytes) -> Any:
    return shlex.split(content.decode())


def _to_line(value: Any) -> bytes:
    return shlex.join(map(str, value)).encode()


def _npy(table: Any) -> bytes:
    content = io.BytesIO()
    np.save(content, table)
    return content.getvalue()


def _npz(table: Any) -> bytes:
    content = io.BytesIO()
    np.savez(content, rows=table)
    return content.getvalue()


def _parquet(table: Any) -> bytes:
    content = io.BytesIO()
    pd.DataFrame(table, columns=["a", "b", "c"]).to_parquet(content)
    return content.getvalue()
