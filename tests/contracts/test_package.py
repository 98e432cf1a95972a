"""An installed package that brings one contribution of every kind through entry points."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parent / "example_package"


def ebmbench(*arguments: str, folder: Path) -> str:
    environment = os.environ | {"PYTHONPATH": os.pathsep.join([str(PACKAGE), *sys.path])}
    done = subprocess.run(
        [sys.executable, "-m", "ebmbench", *arguments],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
        env=environment | {"OMP_NUM_THREADS": "1"},
    )
    assert done.returncode == 0, f"{arguments}: {done.stdout}{done.stderr}"
    return done.stdout


def test_a_package_runs_like_what_is_built_in(tmp_path: Path) -> None:
    methods = "example-robust,example-walk,example-diagonal,dsm"
    grid = ("--methods", methods, "--tasks", "example/cross", "--preset", "smoke", "--seeds", "1")
    ebmbench("run", *grid, "--out", "o", "--quiet", folder=tmp_path)
    records = [json.loads(p.read_text()) for p in (tmp_path / "o" / "runs").rglob("*.json")]
    assert {r["method"]: r["status"] for r in records} == dict.fromkeys(methods.split(","), "ok")
    assert all("example_spread" in record["metrics"] for record in records)
    ebmbench("report", "o", folder=tmp_path)
    ebmbench("check", "o", "--rescore", folder=tmp_path)
    board = (tmp_path / "o" / "leaderboard.md").read_text()
    assert "example-robust" in board
    assert "cross" in board


@pytest.mark.parametrize("kind", ["tasks", "methods", "metrics"])
def test_what_a_package_brings_is_listed(kind: str, tmp_path: Path) -> None:
    words = {"tasks": "example/cross", "methods": "example-walk", "metrics": "example_spread"}
    names = [row["name"] for row in json.loads(ebmbench("list", kind, "--json", folder=tmp_path))]
    assert words[kind] in names


@pytest.mark.slow
@pytest.mark.parametrize("card", sorted(PACKAGE.rglob("*.toml")), ids=lambda path: path.stem)
def test_every_card_of_a_package_keeps_its_contract(card: Path, tmp_path: Path) -> None:
    assert "keeps its contract" in ebmbench("check", str(card), folder=tmp_path)
