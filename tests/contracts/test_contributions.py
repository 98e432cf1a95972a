"""Each contribution as CONTRIBUTING says it, from ``new`` over ``check`` to a row in a site."""

from __future__ import annotations

import ast
import csv
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from ebmbench.cli import main
from ebmbench.report.site.links import slug

Call = Callable[..., str]

MOST_LINES = 40
MOST_FILES = 3


@pytest.fixture
def ebmbench(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Call:
    """Return the command line, called in a folder that is not on the path of Python."""

    def call(*arguments: str, folder: Path) -> str:
        monkeypatch.chdir(folder)
        monkeypatch.setattr(sys, "argv", ["ebmbench", *arguments])
        monkeypatch.setattr(sys, "path", [each for each in sys.path if each])
        with pytest.raises(SystemExit) as end:
            main()
        shown = capsys.readouterr()
        assert end.value.code == 0, f"{arguments}: {shown.out}{shown.err}"
        return shown.out

    return call


def in_a_process(*arguments: str, folder: Path) -> str:
    """Do the same as a command of its own."""
    return as_a_process(*arguments, folder=folder).stdout


def as_a_process(*arguments: str, folder: Path) -> subprocess.CompletedProcess[str]:
    """Return the finished command, which ended well."""
    done = subprocess.run(
        [sys.executable, "-P", "-m", "ebmbench", *arguments],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
        env=os.environ | {"OMP_NUM_THREADS": "1"},
    )
    assert done.returncode == 0, f"{arguments}: {done.stdout}{done.stderr}"
    return done


def lines_of_code(path: Path) -> int:
    """Count lines that are code: no blank ones, comments or docstrings."""
    text = path.read_text()
    tree = ast.parse(text)
    words: set[int] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
            assert node.end_lineno is not None
            words |= set(range(node.lineno, node.end_lineno + 1))
    return sum(
        bool(line.strip()) and not line.strip().startswith("#") and number not in words
        for number, line in enumerate(text.splitlines(), 1)
    )


def edited(path: Path, before: str, after: str) -> None:
    text = path.read_text()
    assert text.count(before) == 1, before
    path.write_text(text.replace(before, after))


def an_objective(folder: Path) -> None:
    """Squared error of the whole residual by its mean absolute value: robust denoising."""
    edited(
        folder / f"{folder.name}.py",
        "0.5 * (residual * residual).sum(-1).mean()",
        "(1 + residual * residual).sqrt().sum(-1).mean()",
    )


def a_density(folder: Path) -> None:
    edited(folder / f"{folder.name}.py", "torch.ones(2), means, 1.0", "torch.ones(2), means, 0.5")


def a_table(folder: Path) -> None:
    rows = [f"{k % 17}.5,{(k * k) % 23},1{k % 29},{k % 3},{k % 7}" for k in range(300)]
    (folder / f"{folder.name}.csv").write_text("\n".join(["a,b,c,d,e", *rows, ""]))


def a_metric(folder: Path) -> None:
    edited(
        folder / f"{folder.name}.py",
        "spread = float(rows.std())",
        "spread = float(rows.std()) / 2",
    )


def an_energy(folder: Path) -> None:
    edited(folder / f"{folder.name}.py", "torch.tanh(self.first(u))", "torch.sin(self.first(u))")


def levels(folder: Path) -> None:
    edited(folder / f"{folder.name}.py", "sigma.log()", "sigma.log() / 3")


@pytest.mark.parametrize(
    ("kind", "change", "methods", "tasks", "metric"),
    [
        ("method", an_objective, "./{}.toml,gaussian", "2d/two-moons", "regret"),
        ("task", a_density, "dsm,gaussian", "./{}.toml", "regret"),
        ("table", a_table, "dsm,gaussian", "./{}.toml", "hyvarinen_score"),
        ("metric", a_metric, "dsm,gaussian", "./{}.toml", "mymetric"),
        ("energy", an_energy, "dsm,nce,cd,gaussian", "./{}.toml", "regret"),
        ("levels", levels, "dsm,nce,cd,gaussian", "./{}.toml", "regret"),
    ],
)
def test_a_contribution_goes_from_new_to_a_site(
    kind: str,
    change: Callable[[Path], None],
    methods: str,
    tasks: str,
    metric: str,
    ebmbench: Call,
    tmp_path: Path,
) -> None:
    name = f"my{kind}"
    home = tmp_path / name
    home.mkdir()
    ebmbench("new", kind, name, folder=home)
    change(home)
    files = sorted(path.name for path in home.iterdir())
    assert len(files) <= MOST_FILES, files
    assert all(lines_of_code(path) <= MOST_LINES for path in home.glob("*.py"))
    assert ebmbench("check", f"./{name}.toml", folder=home) == f"{name}.toml: keeps its contract\n"
    grid = ("--methods", methods.format(name), "--tasks", tasks.format(name))
    ebmbench("run", *grid, "--preset", "smoke", "--steps", "3", "--out", "o", folder=home)
    card = ("--cards", f"./{name}.toml")
    ebmbench("score", "o", *card, folder=home)
    ebmbench("report", "o", *card, folder=home)
    assert " runs have weights and were evaluated again" in ebmbench(
        "check", "o", "--rescore", *card, folder=home
    )
    with (home / "o" / "results.csv").open() as stream:
        rows = list(csv.DictReader(stream))
    task, method = ("2d/two-moons", name) if kind == "method" else (name, "dsm")
    found = [r for r in rows if (r["task"], r["method"], r["metric"]) == (task, method, metric)]
    assert [row["status"] for row in found] == ["ok"]
    site = home / "o" / "site"
    assert name in (site / "index.html").read_text()
    assert metric in (site / "runs" / f"{slug(task)}.{slug(method)}.0.html").read_text()


@pytest.mark.slow
def test_an_energy_that_is_not_at_hand_leaves_its_pictures_out_and_nothing_else(
    tmp_path: Path,
) -> None:
    home, elsewhere = tmp_path / "home", tmp_path / "elsewhere"
    home.mkdir()
    elsewhere.mkdir()
    in_a_process("new", "energy", "mine", folder=home)
    grid = ("--methods", "dsm,gaussian", "--tasks", "./mine.toml", "--preset", "smoke")
    in_a_process("run", *grid, "--steps", "2", "--out", "../elsewhere/o", folder=home)
    # Its pictures are there already, made where the class was found.
    in_a_process("report", "o", folder=elsewhere)
    in_a_process("check", "o", folder=elsewhere)
    assert "mine" in (elsewhere / "o" / "site" / "index.html").read_text()


def test_pictures_that_were_never_made_are_left_out_with_a_sentence(tmp_path: Path) -> None:
    home, elsewhere = tmp_path / "home", tmp_path / "elsewhere"
    home.mkdir()
    elsewhere.mkdir()
    in_a_process("new", "energy", "mine", folder=home)
    grid = ("--methods", "dsm,gaussian", "--tasks", "./mine.toml", "--preset", "smoke")
    in_a_process("run", *grid, "--steps", "2", "--out", "../elsewhere/o", folder=home)
    shutil.rmtree(elsewhere / "o" / ".cache")
    shutil.rmtree(elsewhere / "o" / "figures", ignore_errors=True)
    told = as_a_process("report", "o", folder=elsewhere).stderr
    (sentence,) = [line for line in told.splitlines() if "are left out" in line]
    assert sentence.startswith("o: pictures of mine are left out: ")
    assert "Traceback" not in told
    site = elsewhere / "o" / "site"
    page = (site / "tasks" / "mine.html").read_text()
    assert "mine.gaussian.density.png" in page
    assert "mine.dsm.density.png" not in page
    assert (elsewhere / "o" / "figures" / "mine.png").is_file()
