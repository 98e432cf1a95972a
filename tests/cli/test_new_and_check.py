"""What ``ebmbench new`` writes runs and passes ``ebmbench check``; what is broken is named."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from ebmbench.contracts import card_problems
from ebmbench.errors import EbmbenchError
from ebmbench.scaffold import write_new


def ebmbench(*arguments: str, folder: Path) -> subprocess.CompletedProcess[str]:
    """Call the command line as the script does: ``-P`` keeps the folder off Python's path."""
    return subprocess.run(
        [sys.executable, "-P", "-m", "ebmbench", *arguments],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.parametrize(
    ("kind", "others"), [("method", ["--tasks", "2d/two-moons"]), ("task", ["--methods", "dsm"])]
)
def test_what_is_new_passes_its_check_and_runs(
    kind: str, others: list[str], tmp_path: Path
) -> None:
    made = ebmbench("new", kind, "my-own", folder=tmp_path)
    assert made.returncode == 0, made.stderr
    assert sorted(path.name for path in tmp_path.iterdir()) == ["my-own.toml", "my_own.py"]
    checked = ebmbench("check", "./my-own.toml", folder=tmp_path)
    assert (checked.stdout, checked.returncode) == ("my-own.toml: keeps its contract\n", 0)
    run = ebmbench(
        "run", f"--{kind}s", "./my-own.toml", *others, "--preset", "smoke", "--steps", "2",
        "--quiet", "--out", "o", folder=tmp_path,
    )  # fmt: skip
    assert run.returncode == 0, run.stdout + run.stderr
    assert list((tmp_path / "o" / "runs").rglob("seed-0.json"))
    whole = ebmbench("check", "o", "--rescore", folder=tmp_path)
    assert "1 of 1 runs have weights and were evaluated again" in whole.stdout
    assert whole.returncode == 0, whole.stdout


@pytest.fixture
def stub(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[Path, Path]:
    """A new method's card and module, importable in this process."""
    card, module = write_new("method", f"stub-{tmp_path.name[-1]}-{id(tmp_path)}", tmp_path)
    monkeypatch.syspath_prepend(str(tmp_path))
    return card, module


@pytest.mark.parametrize(
    ("before", "after", "complaint"),
    [
        ("Cost(score=1.0)", "Cost(score=2.0)", "declares 2 score evaluations per example, 1 were"),
        (
            ".sum(-1).mean(), state",
            ".sum(-1), state",
            "the loss has shape (64,), allowed: a scalar",
        ),
        ("create_graph=True)\n", "create_graph=False)\n", "the loss has no graph"),
        (".normal_(generator=generator)", ".normal_()", "the global random state was used"),
        ("        residual =", "        batch.zero_()\n        residual =", "changed in place"),
        ("0.5 * (residual", "torch.inf * (residual", "the loss of an untrained energy is not"),
    ],
)
def test_a_broken_objective_is_told_what_is_wrong(
    before: str, after: str, complaint: str, stub: tuple[Path, Path]
) -> None:
    card, module = stub
    text = module.read_text()
    assert before in text
    module.write_text(text.replace(before, after))
    assert any(complaint in problem for problem in card_problems(card))


@pytest.mark.parametrize(
    ("kind", "before", "after", "complaint"),
    [
        ("method", "sigma = 0.1", "sigma = -1", "'sigma' is -1"),
        ("method", "[search.sigma]", "[search.sgima]", "search.sgima is no hyper-parameter"),
        ("method", "version = 1", "verison = 1", "did you mean 'version'"),
        ("task", '"quadrature"', '"exact"', "the energy does not know its log Z"),
        ("task", "separation = 4.0", "separation = 0.0", "'separation' is 0.0"),
        ("task", '"log_likelihood", "regret"', '"log_likelyhood"', "unknown metric"),
    ],
)
def test_a_broken_card_is_told_what_is_wrong(
    kind: str,
    before: str,
    after: str,
    complaint: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    name = f"broken-{kind}-{id(tmp_path)}"
    card, _ = write_new("method" if kind == "method" else "task", name, tmp_path)
    monkeypatch.syspath_prepend(str(tmp_path))
    text = card.read_text()
    assert before in text
    card.write_text(text.replace(before, after))
    problems = card_problems(card)
    assert any(complaint in problem for problem in problems), problems


def test_names_that_cannot_be_taken(tmp_path: Path) -> None:
    for name, complaint in (("My Own", "lower case letters"), ("dsm", "already")):
        with pytest.raises(EbmbenchError, match=complaint):
            write_new("method", name, tmp_path)
    write_new("task", "mine", tmp_path)
    with pytest.raises(EbmbenchError, match=r"mine.toml' exists already"):
        write_new("task", "mine", tmp_path)


def test_every_shipped_card_keeps_its_contract() -> None:
    root = Path(__file__).parents[2]
    paths = [*(root / "baselines").glob("*.toml"), *(root / "tasks" / "2d").glob("*.toml")]
    assert len(paths) > 20
    assert {path.name: found for path in paths if (found := card_problems(path))} == {}
