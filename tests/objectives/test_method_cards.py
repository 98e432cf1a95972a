"""Every shipped method card can be built, on every task it was tuned for."""

import fnmatch

import pytest

from ebmbench import catalog
from ebmbench.cards import MethodCard
from ebmbench.harness.build import make_estimator, make_objective

CARDS = list(catalog.methods().values())


@pytest.mark.parametrize("card", CARDS, ids=[card.name for card in CARDS])
def test_defaults_tuned_values_and_search_space(card: MethodCard) -> None:
    make = make_objective if card.estimator is None else make_estimator
    for task in catalog.tasks():
        make(card.for_task(task))
    for tuned in card.tuned:
        assert fnmatch.filter(catalog.tasks(), tuned.tasks), tuned.tasks
        assert tuned.found
    for key, search in card.search.items():
        for value in search.choices or [search.low, search.high]:
            if key != "learning_rate":
                values = {**card.hyperparameters, key: value}
                whole = isinstance(card.hyperparameters[key], int)
                values[key] = round(value) if whole else value
                make(card.model_copy(update={"hyperparameters": values}))
    assert card.citation.bibtex
    assert card.citation.url.startswith("https://")
    assert card.equation


def test_learning_rates_lie_in_the_declared_range() -> None:
    for card in CARDS:
        for task in catalog.tasks():
            if "learning_rate" in card.search:
                search = card.search["learning_rate"]
                assert search.low is not None
                assert search.high is not None
                assert search.low <= card.for_task(task).optimiser.learning_rate <= search.high
