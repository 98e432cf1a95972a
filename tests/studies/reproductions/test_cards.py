"""Every shipped card of a published experiment builds, and its claims can be judged."""

import pandas as pd
import pytest

from ebmbench.cards import PRESETS, Preset
from ebmbench.errors import EbmbenchError
from ebmbench.studies.reproductions.base import Measured, Verdict, cell_id, judge, make_experiment
from ebmbench.studies.reproductions.card import (
    Claim,
    ReproductionCard,
    Rule,
    reproductions,
    select_reproductions,
)

CARDS = list(reproductions().values())
cards = pytest.mark.parametrize("card", CARDS, ids=[card.name for card in CARDS])


@cards
@pytest.mark.parametrize("preset", PRESETS)
def test_every_preset_is_a_grid_of_different_cells(card: ReproductionCard, preset: Preset) -> None:
    cells = make_experiment(card, preset).cells()
    assert len({cell_id(card, cell) for cell in cells}) == len(cells) > 0


@cards
def test_claims_have_different_keys_and_nothing_holds_without_cells(
    card: ReproductionCard,
) -> None:
    assert len({claim.id for claim in card.claims}) == len(card.claims)
    verdicts = judge(card, make_experiment(card, "smoke"), pd.DataFrame())
    assert [verdict.holds for verdict in verdicts] == [None] * len(card.claims)


@pytest.mark.parametrize(
    ("rule", "value", "holds"),
    [
        ("within", 1.1, True),
        ("within", 1.3, False),
        ("within", 0.7, False),
        ("at_least", 5.0, True),
        ("at_least", 0.9, True),
        ("at_least", 0.7, False),
        ("at_most", -5.0, True),
        ("at_most", 1.3, False),
        ("within", float("nan"), False),
    ],
)
def test_a_claim_is_judged_by_its_rule(rule: Rule, value: float, holds: bool) -> None:
    claim = Claim(id="x", text="x", published=1.0, source="here", rule=rule, tolerance=0.2, why="")
    assert Verdict(claim, Measured(value)).holds is holds


def test_an_unknown_name_is_answered_with_what_exists() -> None:
    with pytest.raises(EbmbenchError, match=r"did you mean 'song2019-nice'.*gutmann2012-ica"):
        select_reproductions("song2019-nic")
    assert select_reproductions("all") == CARDS
