"""What breaks a contract is told by ``check`` in a sentence, before any run."""

from __future__ import annotations

from pathlib import Path

import pytest

from ebmbench import catalog
from ebmbench.contracts import card_problems
from ebmbench.contracts.objective import sign_problems
from ebmbench.harness.build import make_objective
from ebmbench.scaffold import Kind, write_new


def problems(
    kind: Kind, before: str, after: str, folder: Path, *, card: bool = False
) -> list[str]:
    """Return what is wrong with what ``new`` writes after one change to it."""
    paths = write_new(kind, "mine", folder)
    path = paths[0] if card else paths[1]
    text = path.read_text()
    assert before in text
    path.write_text(text.replace(before, after))
    return card_problems(paths[0])


@pytest.mark.parametrize(
    ("kind", "before", "after", "complaint"),
    [
        ("method", "residual = self.sigma * s + z", "residual = self.sigma * s - z", "a sign is"),
        ("method", "class Mine(", "class Yours(", "objective 'mine:Mine' cannot be imported"),
        ("method", "import torch\n", "import torhc\n", "No module named 'torhc'"),
        ("energy", "    def create(", "    def make(", "energy Mine has no `create`"),
        (
            "energy",
            "width: int = 64",
            "breadth: int = 64",
            "cannot be built for rows of",
        ),
        ("energy", "f.squeeze(-1)", "f", "the energy of 8 rows has shape"),
        ("energy", "len(mean), width", "len(mean) + 1, width", "of mine.py)"),
        ("energy", "(TiltedGaussian)", "(torch.nn.Module)", "no subclass of ebmbench.energies"),
        ("levels", "sigma.log()", "sigma.log() * float('nan')", "is not finite"),
        ("metric", "@metric(", "@(lambda **words: lambda f: f)(", "is a function, allowed: a"),
        ("metric", "spread = float(rows.std())", "spread = {}['x']", "KeyError: 'x'"),
        ("metric", "return Measurement(spread,", "return dict(value=spread,", "returned a dict"),
        ("metric", "def mine", "def Mine", "cannot be imported"),
        ("task", ".float()", ".double()", "train rows are torch.float64"),
        ("task", ".float()", ".float() * float('nan')", "train row 1 has nan in column 1"),
        (
            "task",
            '"mine", seed, split',
            '"mine", torch.seed(), split',
            "the same seed gives different",
        ),
    ],
)
def test_a_broken_class_is_told_what_is_wrong(
    kind: Kind, before: str, after: str, complaint: str, tmp_path: Path
) -> None:
    found = problems(kind, before, after, tmp_path)
    assert any(complaint in problem for problem in found), found
    assert all("\n" not in problem for problem in found)


@pytest.mark.parametrize(
    ("kind", "before", "after", "complaint"),
    [
        ("energy", "{ width = 64 }", "{ breadth = 64 }", "breadth"),
        ("metric", '"mine:mine"', '"mine:mine", "mine:mine"', "'mine' is named twice"),
        ("table", '"mine.csv"', '"yours.csv"', "yours.csv' does not exist"),
        ("task", 'log_z = "quadrature"', 'log_z = "exact"', "does not know its log Z"),
        ("method", 'family = "score matching"', 'family = "Robust!"', "'family' is 'Robust!'"),
        ("method", 'family = "score matching"', 'family = "reference"', "the family 'reference'"),
    ],
)
def test_a_broken_card_is_told_what_is_wrong(
    kind: Kind, before: str, after: str, complaint: str, tmp_path: Path
) -> None:
    found = problems(kind, before, after, tmp_path, card=True)
    assert any(complaint in problem for problem in found), found


def test_text_in_a_table_is_a_sentence(tmp_path: Path) -> None:
    card, table = write_new("table", "mine", tmp_path)
    table.write_text("a,b\n1,2\n3,four\n")
    (problem,) = card_problems(card)
    assert "data row 2 holds 'four' in column 'b', allowed: finite numbers" in problem


def test_a_family_is_an_open_word(tmp_path: Path) -> None:
    found = problems("method", '"score matching"', '"robust regression"', tmp_path, card=True)
    assert found == []


def test_a_class_beside_its_card_comes_before_one_of_the_same_name_elsewhere(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second = tmp_path / "first", tmp_path / "second"
    for folder in (first, second):
        folder.mkdir()
        write_new("energy", "mine", folder)
    (second / "mine.py").write_text("raise RuntimeError('the wrong one')\n")
    monkeypatch.chdir(second)
    monkeypatch.syspath_prepend(str(second))
    assert card_problems(first / "mine.toml") == []
    (problem,) = card_problems(second / "mine.toml")
    assert "the wrong one" in problem


@pytest.mark.parametrize(
    "name", [n for n, card in catalog.methods().items() if card.family == "score matching"]
)
def test_shipped_score_matching_has_the_right_sign(name: str) -> None:
    assert sign_problems(make_objective(catalog.methods()[name]), name) == []


def test_rows_of_a_width_that_an_energy_cannot_take(tmp_path: Path) -> None:
    card, _ = write_new("table", "mine", tmp_path)
    text = card.read_text().replace('"mlp"', '"conv"')
    card.write_text(text.replace("hidden = [128, 128]", "channels = [4]"))
    (problem,) = card_problems(card)
    assert "energy 'conv' needs square images, but a row has 5 numbers" in problem
