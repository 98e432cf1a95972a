"""An objective or a card that is broken is told what is wrong; shipped cards are not."""

from __future__ import annotations

from pathlib import Path

import pytest

from ebmbench import catalog
from ebmbench.cardfiles import shipped
from ebmbench.cards import MethodCard, card_by_path
from ebmbench.contracts import card_problems
from ebmbench.contracts.objective import objective_problems
from ebmbench.contracts.whole_way import trial_task
from ebmbench.errors import EbmbenchError
from ebmbench.harness.build import make_objective
from ebmbench.scaffold import write_new


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
        (
            "residual = self.sigma * s + z",
            "residual = (self.sigma * s).detach() + z + self.sigma * 0.5 * (s - s.detach())",
            "validates is True, but along its gradient",
        ),
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


def test_a_loss_that_does_not_compare_may_say_so(stub: tuple[Path, Path]) -> None:
    card, module = stub
    before = "residual = self.sigma * s + z"
    after = "residual = (self.sigma * s).detach() + z + self.sigma * 0.5 * (s - s.detach())"
    text = module.read_text().replace(before, after)
    module.write_text(text.replace("validates: ClassVar[bool] = True", "validates = False"))
    assert objective_problems(card_by_path(MethodCard, card), trial_task(levels=False)) == []


@pytest.mark.parametrize("name", ["cd", "pcd", "mle-mcmc"])
def test_a_contrast_with_chains_is_told_that_it_does_not_compare(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    card = catalog.methods()[name]
    task = trial_task(levels=False)
    assert objective_problems(card.for_task(task.name), task) == []
    monkeypatch.setattr(type(make_objective(card)), "validates", True)
    (problem,) = objective_problems(card.for_task(task.name), task)
    assert "set validates to False" in problem


def test_names_that_cannot_be_taken(tmp_path: Path) -> None:
    for name, complaint in (("My Own", "lower case letters"), ("dsm", "already")):
        with pytest.raises(EbmbenchError, match=complaint):
            write_new("method", name, tmp_path)
    write_new("task", "mine", tmp_path)
    with pytest.raises(EbmbenchError, match=r"mine.toml' exists already"):
        write_new("task", "mine", tmp_path)


@pytest.mark.slow
@pytest.mark.parametrize("name", list(catalog.methods()))
def test_every_shipped_method_keeps_its_contract(name: str) -> None:
    assert card_problems(shipped("methods") / f"{name}.toml") == []


@pytest.mark.slow
@pytest.mark.parametrize("task", list(catalog.tasks()))
def test_every_shipped_task_keeps_its_contract(task: str) -> None:
    problems = card_problems(shipped("tasks") / f"{task}.toml")
    if problems and "is not here; get it with" in problems[0]:
        pytest.skip(problems[0])
    assert problems == []
