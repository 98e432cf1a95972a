"""A winner is put into a card, and the rest of the file stays as it was."""

from __future__ import annotations

from pathlib import Path

import pytest

from ebmbench import catalog
from ebmbench.cardfiles import shipped
from ebmbench.cards import MethodCard, read_card
from ebmbench.errors import EbmbenchError
from ebmbench.tuning.outcome import Winner
from ebmbench.tuning.to_card import method_file, patterns_of, write_winner

WINNER = Winner(
    method="dsm",
    number=5,
    hyperparameters={"sigma": 0.07},
    optimiser={"learning_rate": 2.5e-3, "weight_decay": 1e-3},
    coordinates="whitened",
    knobs=["learning_rate", "weight_decay", "coordinates", "sigma"],
    other={"own loss": 3},
    trials=16,
    seeds=[1000, 1001, 1002],
    tasks=["2d/checkerboard", "2d/rings"],
    steps=[188, 375, 750],
    commit="0123456789ab",
)


@pytest.fixture
def card(tmp_path: Path) -> Path:
    path = tmp_path / "dsm.toml"
    text = (shipped("methods") / "dsm.toml").read_text(encoding="utf-8")
    path.write_text(f"# a word of the author\n{text}", encoding="utf-8")
    return path


def test_the_values_hold_on_the_tasks_of_the_pattern_only(card: Path) -> None:
    before = read_card(MethodCard, card)
    after = write_winner(card, WINNER, ["2d/*"])
    tuned = after.for_task("2d/two-moons")
    assert tuned.hyperparameters["sigma"] == 0.07
    assert tuned.optimiser.learning_rate == 2.5e-3
    assert tuned.coordinates == "whitened"
    assert after.for_task("uci/wine") == before.for_task("uci/wine")
    kept = [table for table in before.tuned if table.tasks != "2d/*"]
    assert after.tuned[:-1] == kept
    [found] = [table for table in after.tuned if table.tasks == "2d/*"]
    assert (found.trials, found.seeds, found.commit) == (16, [1000, 1001, 1002], "0123456789ab")
    assert "trial 5 of 16 settings" in found.found
    assert "188, 375, 750 steps on 2d/checkerboard, 2d/rings, seeds 1000 to 1002" in found.found


@pytest.mark.parametrize(
    ("searched", "patterns"),
    [
        (["2d/rings", "2d/checkerboard"], ["2d/*"]),
        (["uci/wine-red"], ["uci/*"]),
        # Beside these are energies of other kinds: NICE and a convolutional network.
        (["digits/8", "mnist/pca-50"], ["digits/8", "mnist/28", "mnist/pca-50"]),
        (["digits/nice"], ["digits/nice"]),
    ],
)
def test_what_is_found_for_a_kind_of_energy_stays_with_it(
    searched: list[str], patterns: list[str]
) -> None:
    assert patterns_of([catalog.tasks()[name] for name in searched]) == patterns


def test_a_table_of_nobody_s_family_speaks_for_it_all() -> None:
    mine = catalog.tasks()["uci/wine"].model_copy(update={"name": "mine/first"})
    assert patterns_of([mine]) == ["mine/*"]


def test_the_rest_of_the_file_stays(card: Path) -> None:
    lines = card.read_text(encoding="utf-8").splitlines()
    write_winner(card, WINNER, ["2d/*"])
    written = card.read_text(encoding="utf-8").splitlines()
    head = lines[: lines.index("[[tuned]]")]
    assert written[: len(head)] == head
    assert written[-14:] == lines[-14:]


def test_writing_twice_is_writing_once(card: Path) -> None:
    write_winner(card, WINNER, ["2d/*"])
    once = card.read_text(encoding="utf-8")
    write_winner(card, WINNER, ["2d/*"])
    assert card.read_text(encoding="utf-8") == once


def test_a_card_that_has_no_tuned_values_gets_them(tmp_path: Path) -> None:
    path = tmp_path / "dsm.toml"
    text = (shipped("methods") / "dsm.toml").read_text(encoding="utf-8")
    first, citation = text.index("[[tuned]]"), text.index("[citation]")
    path.write_text(text[:first] + text[citation:], encoding="utf-8")
    after = write_winner(path, WINNER, ["digits/*", "mnist/*"])
    assert [table.tasks for table in after.tuned] == ["digits/*", "mnist/*"]


def test_a_value_that_the_card_cannot_have_leaves_the_file_alone(card: Path) -> None:
    before = card.read_text(encoding="utf-8")
    wrong = Winner(**{**vars(WINNER), "optimiser": {"learning_rate": -1.0}})
    with pytest.raises(EbmbenchError, match="learning_rate"):
        write_winner(card, wrong, ["2d/*"])
    assert card.read_text(encoding="utf-8") == before


def test_a_card_given_by_path_is_written_to_where_it_lies(card: Path) -> None:
    given = read_card(MethodCard, card).placed(card.parent)
    assert method_file(given) == card
