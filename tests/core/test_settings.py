"""Settings from the command line: what they make of cards and names, and what they refuse."""

from __future__ import annotations

from pathlib import Path

import pytest
from pydantic import ValidationError

from ebmbench import catalog
from ebmbench.cards import MethodCard, TaskCard, card_hash
from ebmbench.errors import EbmbenchError
from ebmbench.harness.build import make_objective
from ebmbench.harness.job import Job
from ebmbench.names import method_label
from ebmbench.records import record_path
from ebmbench.report.site.links import slug
from ebmbench.settings import asked_cards, read_setting, set_in_methods, set_in_tasks


def variants(request: str, *texts: str) -> list[MethodCard]:
    return set_in_methods(catalog.select_methods(request), map(read_setting, texts))


def task(*texts: str) -> TaskCard:
    (card,) = set_in_tasks([catalog.tasks()["2d/rings"]], map(read_setting, texts), "smoke")
    return card


def test_a_variant_is_a_method_of_its_own() -> None:
    (card,) = variants("dsm", "dsm.sigma=0.05")
    assert card.name == "dsm[sigma=0.05]"
    assert card.settings == {"sigma": 0.05}
    assert card_hash(card) != card_hash(catalog.methods()["dsm"])


def test_a_setting_comes_after_what_is_tuned() -> None:
    plain = catalog.methods()["dsm"].for_task("ica/10")
    assert plain.optimiser.learning_rate != catalog.methods()["dsm"].optimiser.learning_rate
    (card,) = variants("dsm", "dsm.learning_rate=3e-4", "dsm.sigma=0.05")
    used = card.for_task("ica/10")
    assert used.optimiser.learning_rate == 3e-4
    assert make_objective(used).sigma == 0.05  # type: ignore[attr-defined]
    assert used.hyperparameters.keys() == plain.hyperparameters.keys()
    # A record holds the card as used, which is read back and asked for again.
    again = MethodCard.model_validate_json(used.model_dump_json())
    assert again == used
    assert again.for_task("ica/10").name == used.name


def test_several_values_make_one_variant_each() -> None:
    names = [card.name for card in variants("dsm", "dsm.sigma=0.02,0.05", "dsm.betas=[0.5,0.9]")]
    assert names == ["dsm[betas=0.5+0.9,sigma=0.02]", "dsm[betas=0.5+0.9,sigma=0.05]"]


def test_a_glob_is_for_those_that_have_the_key() -> None:
    names = [card.name for card in variants("dsm,gaussian,nce", "*.learning_rate=3e-4")]
    assert names == ["dsm[learning_rate=0.0003]", "gaussian", "nce[learning_rate=0.0003]"]


def test_the_same_number_written_otherwise_is_the_same_variant() -> None:
    first, second = (variants("ed", f"ed.w={value}")[0] for value in ("1", "1.0"))
    assert first == second
    assert first.name == "ed[w=1]"


def test_coordinates_are_set_as_any_key() -> None:
    names = [card.name for card in variants("dsm,gaussian", "*.coordinates=whitened")]
    assert names == ["dsm[coordinates=whitened]", "gaussian"]
    (card,) = variants("dsm", "dsm.coordinates=standardised", "dsm.sigma=0.2")
    assert card.for_task("ica/10").coordinates == "standardised"
    with pytest.raises(EbmbenchError, match="'coordinates' is 'white', allowed: 'standardised'"):
        variants("dsm", "dsm.coordinates=white")


@pytest.mark.parametrize("name", catalog.methods())
def test_every_method_takes_every_value_that_its_card_has(name: str) -> None:
    card = catalog.methods()[name]
    for key, value in card.hyperparameters.items():
        if isinstance(value, int | float):
            (variant,) = variants(name, f"{name}.{key}={str(value).lower()}")
            assert variant.for_task("none").hyperparameters[key] == value


def test_a_task_setting_is_of_the_preset_that_runs() -> None:
    card = task("task.budget.steps=7", "task.energy.options.hidden=[8,8]")
    assert card.name == "2d/rings"
    assert card.budget.smoke.steps == 7
    assert card.budget.full.steps != 7
    assert card.energy.options["hidden"] == [8, 8]
    assert card.settings == {"budget.smoke.steps": 7, "energy.options.hidden": [8, 8]}


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("dsm.sgima=0.1", "unknown key 'sgima'; did you mean 'sigma'?"),
        ("dsm.needs_log_z=true", "unknown key 'needs_log_z'"),
        ("dsm.sigma=-1", "key 'sigma' is -1, allowed: greater than 0"),
        ("dsm.sigma=inf", "allowed: finite numbers"),
        ("dsm.learning_rate=0", "'optimiser.learning_rate' is 0, allowed: greater than 0"),
        ("dms.sigma=1", "no method 'dms' was asked for; did you mean 'dsm'?"),
        ("nce.ratio=1", "no method 'nce' was asked for"),
        ("gaussian.learning_rate=1", "unknown key 'learning_rate'"),
        ("dsm.sigma", "allowed: METHOD.KEY=VALUE or task.TABLE.KEY=VALUE"),
        ("dsm.sigma=1,,2", "allowed: METHOD.KEY=VALUE"),
        ("sigma=1", "allowed: METHOD.KEY=VALUE"),
        ("dsm.schedule=step", "'optimiser.schedule' is 'step', allowed: 'constant' or 'cosine'"),
    ],
)
def test_what_a_method_does_not_take_is_refused(text: str, sentence: str) -> None:
    with pytest.raises(EbmbenchError) as refused:
        variants("dsm,gaussian", text)
    assert sentence in str(refused.value)


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("task.budgt.steps=3", "unknown table 'budgt'; did you mean 'budget'?"),
        ("task.budget.stps=3", "unknown key 'stps' in [budget.smoke]; did you mean 'steps'?"),
        ("task.budget.steps=0", "'budget.smoke.steps' is 0, allowed: greater than 0"),
        ("task.budget.steps=1,2", "2 values for a task, allowed: one"),
        ("task.metrics.log_z.x=1", "'log_z' is no table of a task card"),
        ("task.name=x", "unknown table 'name'"),
    ],
)
def test_what_a_task_does_not_take_is_refused(text: str, sentence: str) -> None:
    with pytest.raises(EbmbenchError) as refused:
        task(text)
    assert sentence in str(refused.value)


@pytest.mark.parametrize("value", ["a/b", "..", "a b", "", "../x", "a]"])
def test_a_name_takes_no_value_that_could_be_a_path(value: str) -> None:
    if value == "..":
        assert method_label("dsm", {"key": value}) == "dsm[key=..]"
        return
    with pytest.raises(EbmbenchError, match="allowed in the name of a method"):
        method_label("dsm", {"key": value})


def test_the_record_of_a_variant_has_a_place_and_a_page_of_its_own() -> None:
    card = variants("dsm", "dsm.sigma=1e-05")[0]
    job = Job(catalog.tasks()["2d/rings"], card.for_task("2d/rings"), 0, "smoke")
    assert job.path(Path("o")) == Path("o/runs/2d/rings/dsm[sigma=1e-05]/seed-0.json")
    others = ("dsm", "dsm[sigma=1e+05]", "dsm[sigma=1]", "dsm[w=1e-05]", "dsm[sigma=1E-05]")
    assert len({slug(name) for name in (card.name, *others)}) == 6


@pytest.mark.parametrize(
    "name", ["dsm[", "dsm[]", "dsm[a]", "dsm[a=]", "dsm[a=b/c]", "dsm[a=b]c", "dsm[a=b,]", "[a=b]"]
)
def test_no_other_brackets_are_a_name(name: str) -> None:
    with pytest.raises(EbmbenchError, match="is no name of a method"):
        record_path(Path("o"), "2d/rings", name, 0)
    with pytest.raises(EbmbenchError, match="is no name of a task"):
        record_path(Path("o"), "my[a=b]", "dsm", 0)


def test_a_card_cannot_have_a_name_that_its_settings_do_not_give() -> None:
    values = catalog.methods()["dsm"].model_dump()
    for name, settings in (("dsm[sigma=1]", {}), ("dsm", {"sigma": 1.0})):
        with pytest.raises(ValidationError, match="allowed with these settings"):
            MethodCard.model_validate(values | {"name": name, "settings": settings})


def test_two_numbers_of_steps_are_refused() -> None:
    settings = ["task.budget.steps=30"]
    (card,), _ = asked_cards("2d/rings", "dsm", settings, preset="smoke", steps=None)
    assert card.budget.smoke.steps == 30
    with pytest.raises(
        EbmbenchError, match=r"task\.budget\.steps=30 and steps = 20: allowed: one"
    ):
        asked_cards("2d/rings", "dsm", settings, preset="smoke", steps=20)
