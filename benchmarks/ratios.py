"""How many times as fast as torchebm, ebmkit and plain autograd a training step is.

All implementations of one objective take turns in one process, so that a slow moment of the
machine hits them alike; the ratio is taken in every round, and its median and quartiles are
reported.

    python -m benchmarks.ratios --out results/ratios

measures everything and writes one table per setting of the matrix products; rows that are not
measured anew (``--names``, ``--sizes``) stay in it. The settings:

- ``as-run``: ours on the path that the suite takes, the others as torch comes, which is what their
  users run;
- ``fast``: all on the suite's path;
- ``default``: all as torch comes.

The share of the peak is what the step's own matrix products need at the best speed measured at the
start on the path of ours, over the time of the step. *Products alone* is the measured time of just
these products in their own shapes; an implementation of the same algorithm that did nothing else
would be *at most* so many times as fast. *Operations* repeats the tensor operations of our step
without the Python and the autograd around them, *entrywise* those of them that multiply no
matrices: what only fewer or fused kernels could save.
"""

from __future__ import annotations

import argparse
import json
import platform
import statistics
import time
from collections.abc import Callable, Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any

import torch

from benchmarks import callables, peer, plain
from benchmarks.callables import (
    ANNEALING,
    CHAIN_STEPS,
    CHAINS,
    OPTIONS,
    SIZES,
    Action,
)
from benchmarks.kernels import operations
from ebmbench.harness.provenance import machine, now, versions
from ebmbench.numerics import configure

OTHERS = ("plain", "torchebm", "ebmkit")
GOAL = 0.75
"""Share of a step that its matrix products should take: no arithmetic can make it faster."""
ANNEALED = "63"
"""The only size at which annealed importance sampling is timed."""
RECORDED = (
    ("dsm", "ssm", "ssm-vr", "fd-ssm", "nce", "sm", "cd-1", *CHAINS),
    ("2", "16", "63"),
)
"""Steps and sizes of which the operations are repeated alone. All their tensors are kept, so that
of long chains they would not fit into the cache; of :data:`CHAINS` one transition stands for all.
"""
LEAST_SECONDS = 0.1
"""Of one implementation in one round."""
SETTINGS = {"as-run": ("fast", "default"), "fast": ("fast", "fast"), "default": ("default",) * 2}
"""The path of matrix products of ours and of the others."""


def peak_flops(seconds: float = 1.0) -> float:
    """Return the best speed of a float32 matrix product in operations a second."""
    best = 0.0
    for n in (256, 512, 1024):
        a, b = torch.randn(n, n), torch.randn(n, n)
        end = time.perf_counter() + seconds / 3
        while time.perf_counter() < end:
            start = time.perf_counter()
            a @ b
            best = max(best, 2 * n**3 / (time.perf_counter() - start))
    return best


def implementations(name: str, size: str) -> dict[str, Action]:
    """Return the implementations of one objective or sampler that exist."""
    if name == "ais":
        return {"ours": callables.our_annealing(SIZES[size])}
    if name in CHAINS:
        return {
            "ours": callables.our_chains(name, SIZES[size]),
            "torchebm": peer.torchebm_chains(name, SIZES[size]),
            "ebmkit": peer.ebmkit_chains(name, SIZES[size]),
        }
    found = {
        "ours": callables.ours(name, SIZES[size]),
        "plain": plain.plain(name, SIZES[size]),
    }
    if name in peer.TORCHEBM:
        found["torchebm"] = peer.torchebm(name, SIZES[size])
    if name in peer.EBMKIT:
        found["ebmkit"] = peer.ebmkit(name, SIZES[size])
    return found


def operations_of(name: str, size: str, ours: Action, *, products: bool = True) -> Action:
    """Return the operations of ``ours``; for chains, those of one transition as often as it is."""
    if name not in CHAINS:
        return operations(ours, products=products)
    transition = operations(callables.our_transition(name, SIZES[size]), products=products)
    return lambda: callables.repeat(transition, CHAIN_STEPS)


def on_path(precision: str, action: Action) -> Action:
    """Return the action with the path of matrix products set before it."""

    def run() -> object:
        torch.set_float32_matmul_precision(precision)
        return action()

    return run


def take_turns(actions: dict[str, Action], rounds: int) -> dict[str, list[float]]:
    """Return the seconds of one call of each action in each round."""
    repeats = {}
    for name, action in actions.items():
        action()
        once = _seconds(action, 1)
        repeats[name] = max(1, round(LEAST_SECONDS / once))
    seconds: dict[str, list[float]] = {name: [] for name in actions}
    for _ in range(rounds):
        for name, action in actions.items():
            seconds[name].append(_seconds(action, repeats[name]))
    return seconds


def _seconds(action: Callable[[], object], times: int) -> float:
    start = time.perf_counter()
    for _ in range(times):
        action()
    return (time.perf_counter() - start) / times


def measure(
    name: str, size: str, rounds: int, peak: float, precisions: tuple[str, str]
) -> dict[str, Any]:
    """Return one row of the table; ``precisions`` are those of ours and of the others."""
    actions = {
        key: on_path(precisions[key != "ours"], action)
        for key, action in implementations(name, size).items()
    }
    n = ANNEALING[1] if name == "ais" else SIZES[size].batch
    actions["products"] = on_path(precisions[0], callables.products(SIZES[size], n))
    if name in RECORDED[0] and size in RECORDED[1]:
        actions["operations"] = on_path(precisions[0], operations_of(name, size, actions["ours"]))
        actions["entrywise"] = operations_of(name, size, actions["ours"], products=False)
    seconds = take_turns(actions, rounds)
    ours = statistics.median(seconds["ours"])
    passes = callables.passes(name, SIZES[size])
    # the action makes three passes
    products = [passes / 3 * b for b in seconds["products"]]
    flops = 2.0 * passes * n * SIZES[size].multiplications
    row: dict[str, Any] = {
        "name": name,
        "d": int(size),
        "ours_ms": 1e3 * ours,
        "products_ms": 1e3 * statistics.median(products),
        "share": flops / peak / ours,
    }
    for kind in ("operations", "entrywise"):
        if kind in seconds:
            row[f"{kind}_ms"] = 1e3 * statistics.median(seconds[kind])
    for other in OTHERS:
        if other in seconds:
            low, middle, high = statistics.quantiles(_ratios(seconds["ours"], seconds[other]), n=4)
            most = statistics.median(_ratios(products, seconds[other]))
            row[other] = {"ratio": middle, "low": low, "high": high, "at_most": most}
            if "operations" in seconds:
                alone = _ratios(seconds["operations"], seconds[other])
                row[other]["without_python"] = statistics.median(alone)
    return row


def _ratios(ours: list[float], others: list[float]) -> list[float]:
    return [b / a for a, b in zip(ours, others, strict=True)]


def to_markdown(rows: Sequence[dict[str, Any]], words: dict[str, str], peak: float) -> str:
    """Return the table, with what it was measured on above it."""
    lines = [
        f"{words['processor']}, {words['cores']} cores, one thread, torch {words['torch']}, "
        f"torchebm {words['torchebm']}, ebmkit {words['ebmkit']}, {words['measured'][:10]}; "
        "matmul precision "
        f"`{words['ours']}` for ours with a peak of {peak / 1e9:.0f} GFLOP/s, "
        f"`{words['others']}` for the others. "
        "Ratios: median over rounds (quartiles), and what an implementation would reach that did "
        "nothing but the matrix products. The share of at most is that of the products in a step.",
        "",
        "| step | d | ours, ms | plain autograd / ours | torchebm / ours | ebmkit / ours "
        "| share of at most | products, ms | entrywise, ms | operations, ms | share of peak |",
        "| --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: |",
    ]
    for row in rows:
        ratios = " | ".join(_ratio(row, other) for other in OTHERS)
        alone = " | ".join(_milliseconds(row, k) for k in ("products", "entrywise", "operations"))
        share = float(row["products_ms"]) / float(row["ours_ms"])
        # Timed apart, the products of a step that is nothing else come out on either side of it.
        lines.append(
            f"| {row['name']} | {row['d']} | {row['ours_ms']:.2f} | {ratios} "
            f"| {min(share, 1):.0%} | {alone} | {row['share']:.0%} |"
        )
    below = sum(float(row["products_ms"]) < GOAL * float(row["ours_ms"]) for row in rows)
    return "\n".join([*lines, "", f"{below} of {len(rows)} rows below {GOAL:.0%} of at most.", ""])


def _milliseconds(row: dict[str, Any], kind: str) -> str:
    return f"{row[f'{kind}_ms']:.2f}" if f"{kind}_ms" in row else "–"


def _ratio(row: dict[str, Any], other: str) -> str:
    found = row.get(other)
    if not isinstance(found, dict):
        return "–"
    return (
        f"{found['ratio']:.2f} ({found['low']:.2f} to {found['high']:.2f}; "
        f"at most {found['at_most']:.1f})"
    )


def main() -> None:
    """Measure, print and write the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--names", nargs="*", default=[*OPTIONS, *CHAINS, "ais"])
    parser.add_argument("--sizes", nargs="*", default=list(SIZES))
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--setting", choices=list(SETTINGS), default="as-run")
    parser.add_argument("--out", type=Path, help="Folder for the table as .md and .json.")
    chosen = parser.parse_args()
    numerics = configure(threads=1)
    precision = {"fast": numerics["matmul_precision"], "default": "highest"}
    ours, others = (precision[path] for path in SETTINGS[chosen.setting])
    torch.set_float32_matmul_precision(ours)
    peak = peak_flops()
    words = machine("cpu", numerics) | versions() | {"measured": now()}
    words |= {"torchebm": version("torchebm"), "ebmkit": version("ebmkit")}
    words |= {"platform": platform.platform()}
    words |= {"ours": ours, "others": others}
    rows = []
    for size in chosen.sizes:
        for name in chosen.names:
            if (name == "ais") and size != ANNEALED:
                continue
            # An exact trace at d = 784 takes torchebm half a minute a step.
            rounds = 2 if (name, size) == ("sm", "784") or name == "ais" else chosen.rounds
            rows.append(measure(name, size, rounds, peak, (ours, others)))
            print(to_markdown(rows[-1:], words, peak).splitlines()[-3], flush=True)
    if chosen.out is not None:
        chosen.out.mkdir(parents=True, exist_ok=True)
        stored = chosen.out / f"{chosen.setting}.json"
        if stored.exists():
            rows = merged(json.loads(stored.read_text())["rows"], rows)
        (chosen.out / f"{chosen.setting}.md").write_text(to_markdown(rows, words, peak))
        found = {"words": words, "peak_flops": peak, "rows": rows}
        stored.write_text(json.dumps(found, indent=1) + "\n")


def merged(old: list[dict[str, Any]], new: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return the old rows with those of the same step and size replaced; more come last."""
    by_key = {(row["name"], row["d"]): row for row in [*old, *new]}
    return list(by_key.values())


if __name__ == "__main__":
    main()
