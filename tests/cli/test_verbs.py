"""Every verb on a small grid, as a user calls it."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import matplotlib.image
import pytest
from click.testing import CliRunner, Result

from ebmbench import catalog
from ebmbench.cli import VERBS, app
from ebmbench.cli.study_verb import STUDIES
from ebmbench.records import Status, read_records


def call(*arguments: str) -> Result:
    # Exceptions pass through: `main` turns those that are expected into sentences.
    return CliRunner().invoke(app, arguments, catch_exceptions=False, standalone_mode=False)


@pytest.fixture(scope="module")
def out(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two tasks, three methods, one seed."""
    folder = tmp_path_factory.mktemp("runs") / "grid"
    done = call(
        "run", "--methods", "dsm,gaussian,sm", "--tasks", "2d/two-moons,ica/laplace-4",
        "--preset", "smoke", "--steps", "3", "--out", str(folder),
    )  # fmt: skip
    assert done.return_value == 0
    assert "Densities in the plane" in done.output
    assert "2d/two-moons × dsm seed 0: log-likelihood" in done.output
    assert " s training, " in done.output
    assert "\n6 runs: 2 skipped, 4 to run; " in f"\n{done.output}"
    return folder


def test_a_run_leaves_tables_pictures_and_records(out: Path) -> None:
    names = {path.relative_to(out).as_posix() for path in out.rglob("*") if path.is_file()}
    assert {"results.csv", "leaderboard.md", "leaderboard.csv", "leaderboard.tex"} <= names
    assert "figures/2d-two-moons.png" in names
    statuses = {(r.task, r.method): r.status for r in read_records(out)}
    assert statuses["ica/laplace-4", "sm"] is Status.SKIPPED
    assert statuses["2d/two-moons", "sm"] is Status.OK
    assert len(statuses) == 6
    notes = (out / "leaderboard.md").read_text()
    assert "twice differentiable" in notes


@pytest.mark.parametrize(("form", "word"), [("md", "# Leaderboard"), ("csv", "family,method")])
def test_report_prints_what_is_asked_for(form: str, word: str, out: Path) -> None:
    assert call("report", str(out), "--format", form).output.startswith(word)


def test_report_in_the_terminal(out: Path) -> None:
    text = call("report", str(out)).output
    assert "true density" in text
    assert "preset smoke" in text
    assert f"Written to {out}: results.csv, leaderboard.md" in text


def test_report_writes_a_site_unless_told_not_to(out: Path, tmp_path: Path) -> None:
    shutil.copytree(out / "runs", tmp_path / "runs")
    call("report", str(tmp_path), "--no-site")
    assert not (tmp_path / "site").exists()
    done = call("report", str(tmp_path), "--format", "csv")
    assert "site" not in done.stdout
    assert f"The site starts at {tmp_path / 'site' / 'index.html'}" in done.stderr
    density = tmp_path / "site" / "pictures" / "2d.two-moons.dsm.density.png"
    assert density.name in (tmp_path / "site" / "tasks" / "2d.two-moons.html").read_text("utf-8")
    assert matplotlib.image.imread(density).max() > 0.9


def test_a_whole_folder_passes_the_check_and_a_doctored_one_does_not(out: Path) -> None:
    call("report", str(out))
    assert call("check", str(out)).return_value == 0
    table = out / "results.csv"
    honest = table.read_text()
    table.write_text(honest.replace("log_likelihood,-", "log_likelihood,", 1))
    try:
        done = call("check", str(out))
        assert done.return_value == 1
        assert "results.csv is not what the records give" in done.output
    finally:
        table.write_text(honest)
    record = out / "runs/2d/two-moons/dsm/seed-0.json"
    whole = record.read_text()
    record.write_text(re.sub(r'"learning_rate": [\d.e-]+', '"learning_rate": 0.5', whole))
    try:
        assert "the hash of the method card" in call("check", str(out)).output
    finally:
        record.write_text(whole)


def test_scoring_again_gives_the_same_numbers(out: Path) -> None:
    before = {(r.task, r.method): r.metrics for r in read_records(out)}
    done = call("score", str(out))
    assert "2d/two-moons × dsm seed 0: scored" in done.output
    assert {(r.task, r.method): r.metrics for r in read_records(out)} == before


def test_a_folder_compared_with_itself_is_the_same(out: Path) -> None:
    done = call("compare", str(out), str(out))
    assert done.return_value == 0
    assert "same" in done.output
    assert "worse" not in done.output


def test_running_again_runs_nothing(out: Path) -> None:
    done = call(
        "run", "--methods", "dsm", "--tasks", "2d/two-moons", "--preset", "smoke", "--steps", "3",
        "--out", str(out), "--json",
    )  # fmt: skip
    assert done.return_value == 0
    (event,) = map(json.loads, done.output.splitlines())
    assert event["event"] == "plan"
    assert (event["runs"], event["done"], event["to_run"]) == (1, 1, 0)


def test_tables_of_many_records_stay_while_they_are_newer(
    out: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "grid"
    shutil.copytree(out, folder)
    words = (
        "run", "--methods", "dsm,gaussian,sm", "--tasks", "2d/two-moons,ica/laplace-4",
        "--preset", "smoke", "--steps", "3", "--out", str(folder),
    )  # fmt: skip
    anew, stands = f"Written to {folder}: results.csv", "Newer than all records, so not made anew"
    assert anew in call(*words).output
    monkeypatch.setattr("ebmbench.report.write.MANY", 6)
    table = folder / "results.csv"
    before = table.stat().st_mtime_ns
    again = call(*words)
    assert again.return_value == 0
    assert "6 runs: 4 done before, 2 skipped, nothing to run" in again.output
    assert "# Leaderboard" in again.output
    assert stands in again.output
    assert anew not in again.output
    assert table.stat().st_mtime_ns == before
    (folder / "runs/2d/two-moons/dsm/seed-0.json").touch()
    assert anew in call(*words).output
    assert stands in call(*words).output
    # Another run took a record of its own away, which the tables still have.
    other = folder / "runs/2d/two-moons/dsm/seed-7.json"
    shutil.copy(folder / "runs/2d/two-moons/dsm/seed-0.json", other)
    other.unlink()
    assert anew in call(*words).output


def test_events_are_one_json_object_a_line(tmp_path: Path) -> None:
    done = call(
        "run", "--methods", "gaussian", "--tasks", "2d/two-moons", "--preset", "smoke",
        "--out", str(tmp_path / "o"), "--json",
    )  # fmt: skip
    events = [json.loads(line) for line in done.output.splitlines()]
    assert [event["event"] for event in events] == ["plan", "started", "finished"]
    assert events[-1]["status"] == "ok"


def test_quiet_prints_the_leaderboard_only(tmp_path: Path) -> None:
    done = call(
        "run", "--methods", "gaussian", "--tasks", "2d/two-moons", "--preset", "smoke",
        "--out", str(tmp_path / "o"), "--quiet",
    )  # fmt: skip
    assert "seed 0:" not in done.output
    assert "Densities in the plane" in done.output


def test_a_failed_run_ends_with_status_1_and_keeps_the_rest(tmp_path: Path) -> None:
    done = call(
        "run", "--methods", "mle-mcmc,gaussian", "--tasks", "2d/two-moons", "--preset", "smoke",
        "--steps", "100000", "--timeout", "6", "--out", str(tmp_path / "o"),
    )  # fmt: skip
    assert done.return_value == 1
    assert "timeout" in done.output
    statuses = {r.method: r.status for r in read_records(tmp_path / "o")}
    assert statuses == {"mle-mcmc": Status.TIMEOUT, "gaussian": Status.OK}


@pytest.mark.parametrize("kind", ["tasks", "methods", "metrics"])
def test_lists(kind: str) -> None:
    rows = json.loads(call("list", kind, "--json").output)
    table = call("list", kind).output
    assert len(rows) > 10
    assert all(row["name"] in table for row in rows)


def test_citations() -> None:
    text = call("cite", "--methods", "dsm", "--tasks", "ica/*").output
    assert "vincent2011connection" in text
    assert text.count("@inproceedings") + text.count("@article") + text.count("@misc") >= 2
    assert "mnist" not in text
    everything = call("cite").output
    assert all(name in everything for name in [*catalog.methods(), *catalog.tasks()])


def test_citations_of_a_folder(out: Path) -> None:
    assert "vincent2011connection" in call("cite", str(out)).output


def test_help_names_every_verb() -> None:
    text = call("--help").output
    assert all(verb in text for verb in VERBS)
    for verb in VERBS:
        assert "Usage:" in call(verb, "--help").output


def test_help_names_every_study() -> None:
    text = call("study", "--help").output
    assert all(study in text for study in STUDIES)
    for study in STUDIES:
        assert f"Usage: app study {study}" in call("study", study, "--help").output


def test_an_interrupt_ends_with_130_and_keeps_what_is_done(tmp_path: Path) -> None:
    folder = tmp_path / "o"
    command = [
        sys.executable, "-m", "ebmbench", "run", "--methods", "gaussian,mle-mcmc",
        "--tasks", "2d/two-moons", "--preset", "smoke", "--steps", "1000000",
        "--out", str(folder), "--jobs", "1",
    ]  # fmt: skip
    # A suite that runs in the background ignores interrupts, and so would what it starts.
    heeding = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        process = subprocess.Popen(
            command, env=os.environ, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )
    finally:
        signal.signal(signal.SIGINT, heeding)
    with process:
        assert process.stdout is not None
        assert "2 runs: 2 to run" in process.stdout.readline()
        assert "gaussian" in process.stdout.readline()
        time.sleep(0.5)
        process.send_signal(signal.SIGINT)
        try:
            _, err = process.communicate(timeout=60)
        finally:
            process.kill()
    assert process.returncode == 130
    assert err.strip() == "ebmbench: interrupted; finished runs are kept"
    assert [r.method for r in read_records(folder)] == ["gaussian"]
