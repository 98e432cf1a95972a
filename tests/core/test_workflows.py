"""The workflow files parse, call what exists here, and make the sites that they promise."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from ebmbench.records import PACK, iter_stored, pack_bytes

ROOT = Path(__file__).parents[2]
FILES = sorted((ROOT / ".github" / "workflows").glob("*.yml"))


def steps_of(path: Path) -> list[dict[str, Any]]:
    workflow = yaml.safe_load(path.read_text())
    return [step for job in workflow["jobs"].values() for step in job["steps"]]


@pytest.mark.parametrize("path", FILES, ids=[path.name for path in FILES])
def test_every_make_target_and_verb_of_a_workflow_exists(path: Path) -> None:
    from ebmbench.cli import VERBS

    steps = steps_of(path)
    script = "\n".join(step.get("run", "") for step in steps)
    targets = set(re.findall(r"^(\S+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    assert set(re.findall(r"\bmake (\S+)", script)) <= targets
    assert set(re.findall(r"bin/ebmbench (\w+)", script)) <= set(VERBS)
    for used in (step["uses"] for step in steps if "uses" in step):
        assert re.search(r"@v\d+$", used), used


def test_there_are_two_workflows() -> None:
    assert [path.name for path in FILES] == ["ci.yml", "results.yml"]


@pytest.mark.slow
def test_the_sites_for_pages_are_made_from_packs(tmp_path: Path) -> None:
    some = [
        stored.content()
        for stored in iter_stored(ROOT / "results" / "2026-11-cost")
        if '"seed":0' in stored.text and '"task":"2d/rings"' in stored.text
    ]
    assert some
    for name in ("2026-01", "2026-02"):
        (tmp_path / "results" / name).mkdir(parents=True)
        (tmp_path / "results" / name / PACK).write_bytes(pack_bytes(some))
    program = tmp_path / ".venv" / "bin" / "ebmbench"
    program.parent.mkdir(parents=True)
    program.write_text(f'#!/bin/sh\nexec {sys.executable} -m ebmbench "$@"\n')
    program.chmod(0o755)
    (step,) = [step for step in steps_of(FILES[1]) if step.get("name") == "sites"]
    summary = tmp_path / "summary.md"
    environment = os.environ | {"GITHUB_STEP_SUMMARY": str(summary), "PYTHONPATH": str(ROOT)}
    done = subprocess.run(
        ["bash", "-e", "-c", step["run"]],
        cwd=tmp_path, env=environment, capture_output=True, text=True,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    for page in ("index.html", "2026-01/index.html", "2026-02/index.html"):
        assert "<html" in (tmp_path / "pages" / page).read_text(encoding="utf-8")
    assert summary.read_text().startswith("# Leaderboard")
    assert not (tmp_path / "results" / "2026-02" / "site").exists()
