"""The workflow files parse, and call what exists here."""

import re
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).parents[2]
FILES = sorted((ROOT / ".github" / "workflows").glob("*.yml"))


@pytest.mark.parametrize("path", FILES, ids=[path.name for path in FILES])
def test_every_make_target_and_verb_of_a_workflow_exists(path: Path) -> None:
    from ebmbench.cli import VERBS

    workflow = yaml.safe_load(path.read_text())
    steps = [step for job in workflow["jobs"].values() for step in job["steps"]]
    script = "\n".join(step.get("run", "") for step in steps)
    targets = set(re.findall(r"^(\S+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    assert set(re.findall(r"\bmake (\S+)", script)) <= targets
    assert set(re.findall(r"bin/ebmbench (\w+)", script)) <= set(VERBS)
    for used in (step["uses"] for step in steps if "uses" in step):
        assert re.search(r"@v\d+$", used), used


def test_there_are_two_workflows() -> None:
    assert [path.name for path in FILES] == ["ci.yml", "results.yml"]
