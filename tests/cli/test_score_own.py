"""``ebmbench score my_module:build``: a checkpoint of one's own on a task or a table."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import torch
from click.testing import CliRunner, Result
from safetensors.torch import save_file

from ebmbench.cli import app
from ebmbench.errors import EbmbenchError

MODULE = """
import torch

class Model(torch.nn.Module):
    def __init__(self, dim):
        super().__init__()
        self.precision = torch.nn.Parameter(torch.ones(dim))

    def forward(self, x):
        return 0.5 * (self.precision * x * x).sum(1)

def build(dim):
    return Model(dim)

def two():
    return Model(2)

def log_density():
    return lambda x: 3.0 - 0.5 * (4.0 * x * x).sum(1)

def tensor():
    return torch.ones(2)

def raises():
    raise ValueError("no such thing")

def greedy(a, b):
    return None

made = Model(2)
number = 3
"""


def call(*arguments: str) -> Result:
    return CliRunner().invoke(app, arguments, catch_exceptions=False, standalone_mode=False)


def numbers(done: Result) -> dict[str, dict[str, float]]:
    assert done.return_value == 0
    last = json.loads(done.output.splitlines()[-1])
    assert last["event"] == "scored"
    found: dict[str, dict[str, float]] = last["metrics"]
    return found


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A module, weights and a table of two columns with decimal commas."""
    rows = np.random.default_rng(0).standard_normal((200, 2)) / 2
    lines = ["x;y", *(";".join(f"{c:.4f}".replace(".", ",") for c in row) for row in rows)]
    (tmp_path / "my.csv").write_text("\n".join(lines) + "\n")
    (tmp_path / "my_model.py").write_text(MODULE)
    save_file({"precision": torch.full((2,), 4.0)}, tmp_path / "w.safetensors")
    save_file(
        {"precision": torch.full((3,), 4.0), "b": torch.ones(1)}, tmp_path / "bad.safetensors"
    )
    save_file({}, tmp_path / "empty.safetensors")
    torch.save({"precision": torch.ones(2)}, tmp_path / "w.pt")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def truth(folder: Path) -> float:
    text = (folder / "my.csv").read_text().replace(",", ".").splitlines()[1:]
    rows = torch.tensor([[float(cell) for cell in line.split(";")] for line in text])
    return float(torch.distributions.Normal(0.0, 0.5).log_prob(rows).sum(1).mean())


@pytest.mark.parametrize("build", ["build", "two", "made", "Model"])
def test_a_checkpoint_is_scored_on_a_table(folder: Path, build: str) -> None:
    asked = ("score", f"my_model:{build}", "--weights", "w.safetensors", "--rows", "my.csv")
    found = numbers(call(*asked, "--preset", "smoke", "--json"))
    likelihood = found["log_likelihood"]
    assert likelihood["certified"]
    assert likelihood["value"] == pytest.approx(truth(folder), abs=1e-3)
    assert likelihood["unit"] == "nats"


def test_without_weights_it_is_measured_as_it_is_built(folder: Path) -> None:
    asked = ("score", "my_model:log_density", "--rows", "my.csv", "--log-density")
    done = call(*asked, "--train", "my.csv", "--preset", "smoke")
    assert done.return_value == 0
    assert "no --weights: the model is measured as it is built" in done.output
    line = next(line for line in done.output.splitlines() if line.startswith(" log_likelihood"))
    assert f"{truth(folder):.4g}" in line
    assert "certified" in line
    assert max(map(len, done.output.splitlines())) <= 80


def test_a_checkpoint_is_scored_on_a_task(folder: Path) -> None:
    asked = ("score", "my_model:build", "--task", "2d/two-moons", "--preset", "smoke", "--json")
    found = numbers(call(*asked))
    # of a standard normal density
    import ebmbench

    rows = ebmbench.load_data("2d/two-moons").test
    exact = torch.distributions.Normal(0.0, 1.0).log_prob(rows).sum(1).mean()
    assert found["log_likelihood"]["value"] == pytest.approx(float(exact), abs=1e-3)
    assert "regret" in found


ROWS = ("--rows", "my.csv")


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("my_model:build",), "with --task or with --rows; none is given"),
        (("my_model:build", *ROWS, "--task", "2d/rings"), "--rows; both are given"),
        (("my_model:build", "--task", "2d/ring"), "did you mean '2d/rings'"),
        (("my_model:build", "--task", "2d/rings", "--train", "my.csv"), "--train is for --rows"),
        (("my_model:build", *ROWS, "--cards", "c.toml"), "--cards is for an output folder"),
        (("my_model:build", "--rows", "no.csv"), "'no.csv' cannot be read: No such file"),
        (("no_model:build", *ROWS), "model 'no_model:build' cannot be imported: No module"),
        (("my_model:other", *ROWS), "'my_model:other' cannot be imported"),
        (("my_model:number", *ROWS), "is a int, allowed: a function that returns a model"),
        (("my_model:tensor", *ROWS), "returned a Tensor, allowed: a torch module or another"),
        (("my_model:raises", *ROWS), r"cannot be called \(ValueError: no such thing\)"),
        (("my_model:greedy", *ROWS), "asks for a, b, allowed: nothing, or the number of columns"),
        (("my_model:build", *ROWS, "--weights", "no.safetensors"), "cannot be read: No such file"),
        (("my_model:build", *ROWS, "--weights", "w.pt"), "'w.pt' are no safetensors, allowed"),
        (
            ("my_model:build", *ROWS, "--weights", "bad.safetensors"),
            r"not of the model: b; of another shape: precision is \(3,\) and not \(2,\); allowed",
        ),
        (("my_model:build", *ROWS, "--weights", "empty.safetensors"), "missing: precision;"),
        (
            ("my_model:log_density", *ROWS, "--weights", "w.safetensors"),
            "--weights is given for a function, allowed for a torch module only",
        ),
        (("o", *ROWS), "--rows is given and 'o' names no model, allowed: module:attribute"),
        (("o", "--json"), "--json is given and 'o' names no model"),
        (("o",), "output folder 'o' does not exist"),
    ],
)
def test_a_bad_request_gets_a_sentence(
    folder: Path, arguments: tuple[str, ...], sentence: str
) -> None:
    with pytest.raises(EbmbenchError, match=sentence) as caught:
        call("score", *arguments)
    assert caught.value.status == 2


def test_a_pickle_is_never_loaded(folder: Path) -> None:
    class Trap:
        def __reduce__(self) -> tuple[object, tuple[str, str]]:
            return open, (str(folder / "trapped"), "w")

    torch.save({"precision": Trap()}, folder / "trap.safetensors")
    with pytest.raises(EbmbenchError, match="are no safetensors"):
        call("score", "my_model:build", *ROWS, "--weights", "trap.safetensors")
    assert not (folder / "trapped").exists()
