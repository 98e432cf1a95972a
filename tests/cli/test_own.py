"""One's own table and settings, as the README shows them, from a folder that is no checkout."""

from __future__ import annotations

import ast
import json
import os
import shlex
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from click.testing import CliRunner, Result
from safetensors.torch import save_file

import ebmbench
from ebmbench.cli import app
from ebmbench.errors import EbmbenchError
from ebmbench.records import Status, beside, read_records

README = Path(__file__).parents[2] / "README.md"
MODEL = """
import torch

class Model(torch.nn.Module):
    def __init__(self, dim):
        super().__init__()
        self.precision = torch.nn.Parameter(torch.ones(dim))

    def forward(self, x):
        return 0.5 * (self.precision * x * x).sum(1)

build = Model
"""
SMOKE = ("--preset", "smoke", "--out", "o")


def call(*arguments: str) -> Result:
    return CliRunner().invoke(app, arguments, catch_exceptions=False, standalone_mode=False)


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with a table of five columns, semicolons and decimal commas."""
    rng = np.random.default_rng(0)
    rows = rng.standard_normal((240, 5)) @ rng.standard_normal((5, 5))
    lines = ["Länge;Breite;Höhe;Gewicht;Preis"]
    lines += [";".join(f"{cell:.2f}".replace(".", ",") for cell in row) for row in rows]
    (tmp_path / "my.csv").write_text("\n".join(lines) + "\n", encoding="utf-8-sig")
    (tmp_path / "my_model.py").write_text(MODEL, encoding="utf-8")
    save_file({"precision": torch.full((5,), 2.0)}, tmp_path / "w.safetensors")
    monkeypatch.chdir(tmp_path)
    # One look at the clock is enough to see that it is read.
    monkeypatch.setattr("ebmbench.harness.forecast.SECONDS", 0.0)
    monkeypatch.setattr("ebmbench.harness.forecast.STEPS", 5)
    return tmp_path


def two_columns(folder: Path) -> None:
    """Make the table one whose ``log Z`` is by quadrature, which takes no time."""
    lines = (folder / "my.csv").read_text(encoding="utf-8-sig").splitlines()
    text = "\n".join(";".join(line.split(";")[:2]) for line in lines)
    (folder / "my.csv").write_text(text, encoding="utf-8")


def test_a_table_goes_from_its_file_to_a_leaderboard_with_one_command(folder: Path) -> None:
    command = ["run", "--methods", "dsm,gaussian", "--tasks", "my.csv", *SMOKE]
    plain = {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0",
             "PYTHONIOENCODING": "ascii", "OMP_NUM_THREADS": "1"}  # fmt: skip
    done = subprocess.run(
        [sys.executable, "-P", "-m", "ebmbench", *command],
        env=os.environ | plain,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    assert done.stdout.isascii()
    words = " ".join(done.stdout.split())
    assert "240 rows and 5 columns of my.csv. It has no card, so this is assumed." in words
    assert "with a semicolon between cells, decimal mark ','" in words
    assert "2 runs: 2 to run; time and disk unknown" in words
    assert "Gain: nats per test example above the fitted Gaussian" in words
    records = {record.method: record for record in read_records(folder / "o")}
    assert {record.status for record in records.values()} == {Status.OK}
    assert "semicolon" in records["dsm"].task_card.preprocessing
    # Uncorrelated to rounding it is not: the Gaussian with full covariance is the truth here, and
    # its likelihood on standardised rows lies above that of five independent ones.
    likelihood = records["gaussian"].metrics["log_likelihood"]
    assert likelihood.certified
    assert -7.1 < likelihood.value < 0
    # What a pipe gets is as wide as a terminal, but for names of files and lines of runs.
    tables = [line for line in done.stdout.splitlines() if not line.startswith(("[", "Written"))]
    assert max(map(len, tables)) <= 80


def test_variants_stand_side_by_side_and_a_resumed_call_says_what_is_done(folder: Path) -> None:
    two_columns(folder)
    ask = ("run", "--methods", "dsm,gaussian", "--tasks", "my.csv", *SMOKE)
    done = call(*ask, "--set", "dsm.sigma=0.05,0.2", "--set", "task.budget.steps=3", "--plan")
    assert done.return_value == 0
    assert "3 runs: 3 to run" in done.output
    assert not (folder / "o").exists()
    done = call(*ask, "--set", "dsm.sigma=0.05,0.2", "--set", "task.budget.steps=3")
    assert done.return_value == 0
    assert {r.method for r in read_records(folder / "o")} == {
        "dsm[sigma=0.05]", "dsm[sigma=0.2]", "gaussian",
    }  # fmt: skip
    for name in ("dsm[sigma=0.05]", "dsm[sigma=0.2]"):
        assert name in (folder / "o/leaderboard.md").read_text()
        assert name in done.output.partition("rank")[2]
    assert (
        "4 runs: 3 done before, 1 to run"
        in call(*ask, "--set", "dsm.sigma=0.05,0.1,0.2", "--set", "task.budget.steps=3").output
    )
    with pytest.raises(EbmbenchError, match="with another card or other --steps or --set"):
        call(*ask)
    assert call("check", "o").return_value == 0
    assert "dsm[sigma=0.1]" in call("compare", "o", "o").output
    call("report", "o")
    pages = {path.name for path in (folder / "o/site/methods").iterdir()}
    assert {"dsm.sigma.0.05..html", "dsm.sigma.0.2..html"} <= pages


def test_settings_are_the_same_in_python(folder: Path) -> None:
    two_columns(folder)
    table = ebmbench.run(
        "gaussian,dsm", "my.csv", "o", preset="smoke", settings=["dsm.sigma=0.5"], steps=2
    )
    assert set(table["method"]) == {"gaussian", "dsm[sigma=0.5]"}
    with pytest.raises(EbmbenchError, match="unknown preset 'quick'; allowed: full, smoke"):
        ebmbench.run("dsm", "my.csv", "o", preset="quick")  # type: ignore[arg-type]
    data = ebmbench.load_data("2d/rings")
    energy = ebmbench.build_energy("2d/rings", data)
    with pytest.raises(EbmbenchError, match="unknown preset 'quick'"):
        ebmbench.train(energy, "dsm", data, "2d/rings", preset="quick")  # type: ignore[arg-type]
    with pytest.raises(EbmbenchError, match="unknown preset 'quick'"):
        ebmbench.evaluate(energy, data, "2d/rings", preset="quick")  # type: ignore[arg-type]


def test_rows_that_no_density_is_finite_on_stop_the_request_before_any_run(folder: Path) -> None:
    lines = (folder / "my.csv").read_text(encoding="utf-8-sig").splitlines()
    constant = ["fest", *["14,62"] * 240]
    text = "\n".join(";".join(each) for each in zip(lines, constant, strict=True))
    (folder / "my.csv").write_text(text, encoding="utf-8")
    with pytest.raises(EbmbenchError, match=r"my\.csv': column 'fest' is 14.62 in all 173"):
        call("run", "--methods", "gaussian", "--tasks", "my.csv", *SMOKE)
    assert not (folder / "o").exists()
    drop = "task.data.options.drop=['fest']"
    ask = ("run", "--methods", "gaussian", "--tasks", "my.csv", *SMOKE, "--set", drop)
    assert call(*ask).return_value == 0


def test_folders_are_merged_or_it_is_said_why_not(folder: Path) -> None:
    two_columns(folder)

    def run(methods: str, out: str, *more: str) -> None:
        call("run", "--methods", methods, "--tasks", "my.csv", "--preset", "smoke", "--out", out,
             "--steps", "2", *more)  # fmt: skip

    run("dsm,gaussian", "first")
    run("gaussian,ssm", "second")
    done = call("merge", "first", "second", "--to", "both")
    assert "3 runs of 2 folders merged to both" in done.output
    assert [r.method for r in read_records(folder / "both")] == ["dsm", "gaussian", "ssm"]
    for out in ("both", "second"):
        ssm = read_records(folder / out)[-1]
        assert beside(ssm, folder / out, ssm.weights) is not None
    assert call("check", "both", "--rescore", "--cards", "my.csv").return_value == 0
    with pytest.raises(EbmbenchError, match="'both' is not empty"):
        call("merge", "first", "second", "--to", "both")

    path = folder / "second/runs/my/gaussian/seed-0.json"
    whole = json.loads(path.read_text())
    whole["metrics"]["log_likelihood"]["value"] += 1
    path.write_text(json.dumps(whole))
    with pytest.raises(EbmbenchError, match="hold other numbers of the same run, my × gaussian"):
        call("merge", "first", "second", "--to", "other")
    whole["status"] = "failed"
    path.write_text(json.dumps(whole))
    call("merge", "second", "first", "--to", "mended")
    assert {r.status for r in read_records(folder / "mended")} == {Status.OK}
    whole["hashes"]["data"] = "0" * 16
    whole["method"] = whole["method_card"]["name"] = "other"
    path.write_text(json.dumps(whole))
    with pytest.raises(EbmbenchError, match="on different rows"):
        call("merge", "first", "second", "--to", "third")
    run("gaussian", "longer", "--set", "task.metrics.tolerance=0.5")
    with pytest.raises(EbmbenchError, match="different cards of task 'my'"):
        call("merge", "first", "longer", "--to", "third")
    assert not (folder / "third").exists()


@pytest.mark.slow
def test_the_readme_does_what_it_shows(folder: Path) -> None:
    _, _, text = README.read_text(encoding="utf-8").partition("\n## Your own\n")
    screen = text.partition("\n## ")[0].strip("\n").splitlines()
    assert len(screen) <= 15
    commands = [shlex.split(line, comments=True) for line in screen if line.startswith("    ")]
    assert len(commands) > 7
    for command in commands:
        assert command[0] == "ebmbench"
        done = subprocess.run(
            [sys.executable, "-P", "-m", *command],
            env=os.environ | {"OMP_NUM_THREADS": "1"},
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, f"{command}: {done.stdout}{done.stderr}"
    methods = {r.method for r in read_records(folder / "both")}
    assert methods == {"nce", "nce[nu=2]", "nce[nu=4]", "gaussian"}


def test_the_python_of_the_readme_does_what_it_shows(folder: Path) -> None:
    _, _, text = README.read_text(encoding="utf-8").partition("\nenergy = ebmbench.wrap(")
    code = "energy = ebmbench.wrap(" + text.partition("```")[0]
    names: dict[str, Any] = {"ebmbench": ebmbench}
    exec(MODEL, names)
    rng = np.random.default_rng(0)
    names |= {"my_network": names["Model"](2), "rows": rng.standard_normal((300, 2))}
    names["test"] = rng.standard_normal((100, 2))
    before = names["my_network"].precision.detach().clone()
    *first, last = ast.parse(code).body
    assert len(first) == 2
    assert isinstance(last, ast.Expr)
    exec(compile(ast.Module(first, []), "README.md", "exec"), names)
    found = eval(compile(ast.Expression(last.value), "README.md", "eval"), names)
    assert not torch.equal(names["my_network"].precision, before)
    assert found["log_likelihood"].certified
