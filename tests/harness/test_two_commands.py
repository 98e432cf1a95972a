"""Two commands that begin at once on one folder do each job once, and both end well."""

from __future__ import annotations

import json
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

from ebmbench.records import Status, read_records

COMMAND = [
    sys.executable, "-m", "ebmbench", "run", "--methods", "gaussian,dsm,nce", "--tasks",
    "2d/two-moons", "--preset", "smoke", "--steps", "20", "--seeds", "3", "--jobs", "1",
    "--json", "--out",
]  # fmt: skip


@pytest.mark.slow
def test_two_commands_share_the_jobs_of_a_folder(tmp_path: Path) -> None:
    out = tmp_path / "out"
    commands = [
        subprocess.Popen([*COMMAND, str(out)], stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        for _ in range(2)
    ]
    said = [command.communicate(timeout=600) for command in commands]
    assert [command.returncode for command in commands] == [0, 0], [err for _, err in said]
    trained: Counter[tuple[str, int]] = Counter()
    for stdout, _ in said:
        for line in stdout.decode().splitlines():
            event = json.loads(line)
            # One step is told at least by whoever trains; a record of the other's is only taken.
            if event.get("event") == "progress" and event["step"] == 20:
                trained[event["method"], event["seed"]] += 1
    wanted = {(method, seed): 1 for method in ("dsm", "nce") for seed in range(3)}
    assert trained == wanted
    records = read_records(out)
    assert len(records) == 9
    assert {record.status for record in records} == {Status.OK}
    assert not (out / ".claims").exists()
