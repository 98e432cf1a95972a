from pathlib import Path

import pytest

from ebmbench import cardfiles, catalog
from ebmbench.cards import MethodCard, TaskCard, card_hash, read_card
from ebmbench.errors import EbmbenchError

METHOD = """
name = "mine"
version = 1
title = "Mine"
family = "score matching"
summary = "s"
equation = "E"
objective = "dsm"
[hyperparameters]
sigma = 0.1
[[tuned]]
tasks = "2d/*"
found = "by hand"
[tuned.hyperparameters]
sigma = 0.3
[[tuned]]
tasks = "2d/rings"
found = "by hand"
[tuned.optimiser]
learning_rate = 0.5
[citation]
text = "t"
"""


@pytest.fixture
def method_path(tmp_path: Path) -> Path:
    path = tmp_path / "mine.toml"
    path.write_text(METHOD)
    return path


def test_later_tuned_tables_win_and_others_keep_the_default(method_path: Path) -> None:
    card = read_card(MethodCard, method_path)
    assert card.for_task("uci/wine").hyperparameters == {"sigma": 0.1}
    rings = card.for_task("2d/rings")
    assert rings.hyperparameters == {"sigma": 0.3}
    assert rings.optimiser.learning_rate == 0.5
    assert rings.optimiser.betas == [0.9, 0.999]
    assert rings.tuned == []


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("title =", "titel =", "unknown key 'titel'; did you mean 'title'?"),
        ("version = 1", 'version = "1"', "key 'version' is '1', allowed: a valid integer"),
        ("version = 1", "version = 0", "key 'version' is 0, allowed: greater than 0"),
        ('summary = "s"\n', "", "key 'summary' is missing"),
        ("learning_rate = 0.5", "learning_rat = 0.5", "unknown key 'learning_rat'"),
        ("learning_rate = 0.5", "weight_decay = -0.1", "'optimiser.weight_decay' is -0.1"),
        ("learning_rate = 0.5", "clip_norm = 0.0", "'optimiser.clip_norm' is 0.0"),
        ('found = "by hand"\n[tuned.h', 'fond = "x"\n[tuned.h', "unknown key 'fond' in [tuned.0]"),
        ('objective = "dsm"', "", "exactly one of objective and estimator"),
        ('name = "mine"', "name = mine", "is not valid TOML"),
        ('family = "score matching"', 'family = "Scores!"', "'family' is 'Scores!'"),
    ],
)
def test_a_bad_method_card_is_refused_in_one_sentence(
    method_path: Path, old: str, new: str, message: str
) -> None:
    assert old in METHOD
    method_path.write_text(METHOD.replace(old, new, 1))
    with pytest.raises(EbmbenchError) as error:
        read_card(MethodCard, method_path).for_task("2d/rings")
    text = str(error.value)
    assert message in text
    assert "mine" in text
    assert "\n" not in text.replace(METHOD, "")


def test_a_missing_card_is_named(tmp_path: Path) -> None:
    with pytest.raises(EbmbenchError, match="cannot be read"):
        read_card(TaskCard, tmp_path / "none.toml")


def test_hash_depends_on_content_only(method_path: Path) -> None:
    card = read_card(MethodCard, method_path)
    same = read_card(MethodCard, method_path)
    assert card_hash(card) == card_hash(same)
    assert card_hash(card) != card_hash(card.for_task("2d/rings"))


def test_shipped_cards_load_and_are_named_by_their_path() -> None:
    assert catalog.tasks()
    assert catalog.methods()
    for name, card in {**catalog.tasks(), **catalog.methods()}.items():
        assert card.name == name
        assert card.citation.text


def test_selection_by_name_glob_tag_path_and_all(method_path: Path) -> None:
    names = [card.name for card in catalog.select_tasks("2d/rings, 2d/*")]
    assert names[0] == "2d/rings"
    assert len(names) == len(set(names)) > 5
    assert {card.family for card in catalog.select_tasks("tag:ica")} == {"ica"}
    assert [card.name for card in catalog.select_methods(f"dsm,{method_path}")] == ["dsm", "mine"]
    assert len(catalog.select_methods("all")) == len(catalog.methods())


@pytest.mark.parametrize(
    ("request_", "message"),
    [
        ("2d/checkerbord", "unknown task '2d/checkerbord'; did you mean '2d/checkerboard'"),
        ("3d/*", "no task matches '3d/*'"),
        ("tag:nothing", "no task has the tag 'nothing'"),
        ("2d/rings,", "an empty task name"),
        ("none.toml", "cannot be read"),
    ],
)
def test_a_selection_that_matches_nothing_is_refused(request_: str, message: str) -> None:
    with pytest.raises(EbmbenchError) as error:
        catalog.select_tasks(request_)
    assert message in str(error.value)


def test_two_cards_of_one_name_collide(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "dsm.toml").write_text(METHOD.replace('"mine"', '"dsm"'))
    monkeypatch.setattr(
        cardfiles, "installed", lambda group: [_Point(tmp_path)] if "methods" in group else []
    )
    with pytest.raises(EbmbenchError, match="'dsm' is taken"):
        catalog.methods.__wrapped__()


def test_a_plug_in_folder_adds_cards_and_a_broken_one_is_reported(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "mine.toml").write_text(METHOD)
    monkeypatch.setattr(cardfiles, "installed", lambda group: [_Point(tmp_path)])
    assert "mine" in catalog.methods.__wrapped__()
    monkeypatch.setattr(cardfiles, "installed", lambda group: [_Point(None)])
    with pytest.raises(EbmbenchError, match=r"plug-in 'extra' \(extra:FOLDER\) failed"):
        catalog.methods.__wrapped__()
    (tmp_path / "mine.toml").rename(tmp_path / "yours.toml")
    monkeypatch.setattr(cardfiles, "installed", lambda group: [_Point(tmp_path)])
    with pytest.raises(EbmbenchError, match="is not the path of the file"):
        catalog.methods.__wrapped__()


class _Point:
    name = "extra"
    value = "extra:FOLDER"

    def __init__(self, folder: Path | None) -> None:
        self.folder = folder

    def load(self) -> Path:
        if self.folder is None:
            raise ImportError("no module named 'extra'")
        return self.folder
