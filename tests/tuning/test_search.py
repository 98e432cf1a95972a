"""A whole search on few steps: what is tried, on which rows, and that it goes on where it was."""

from __future__ import annotations

import math
import re
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from ebmbench import catalog
from ebmbench.cardfiles import shipped
from ebmbench.errors import EbmbenchError
from ebmbench.harness.build import load_data
from ebmbench.harness.job import Job
from ebmbench.harness.progress import Reporter
from ebmbench.harness.provenance import code_hash, commit_here
from ebmbench.records import Record, Status, carried
from ebmbench.tuning.outcome import chosen, trials_csv
from ebmbench.tuning.search import Request, by_family, on_validation, search
from ebmbench.tuning.tables import gain_over_card
from ebmbench.tuning.to_card import write_winner
from ebmbench.tuning.trials import Trials, likelihood, read_trials, rung_folder
from ebmbench.tuning.write import write_outcome


class Counting(Reporter):
    """Counts what runs."""

    def __init__(self) -> None:
        self.runs = 0

    def finished(self, job: Job, record: Record) -> None:
        assert record.status is Status.OK, record.message
        self.runs += 1


@pytest.fixture(scope="module")
def request_(tmp_path_factory: pytest.TempPathFactory) -> Request:
    return Request(
        family="ica",
        tasks=[catalog.tasks()["ica/2"]],
        methods=[catalog.methods()[name] for name in ("dsm", "mle-exact")],
        trials=4,
        seeds=2,
        preset="smoke",
        out=tmp_path_factory.mktemp("tuned"),
        workers=1,
    )


@pytest.fixture(scope="module")
def rounds(request_: Request) -> list[Trials]:
    counting = Counting()
    found = search(request_, lambda total: counting)
    assert counting.runs == 2 * (4 + 2 + 1 * 2)
    return found


def test_better_halves_go_on(rounds: list[Trials]) -> None:
    for method in ("dsm", "mle-exact"):
        first, second, last = (each.of(method) for each in rounds)
        assert list(first) == [0, 1, 2, 3]
        assert set(second) == set(rounds[0].order(method)[:2])
        assert set(last) == set(rounds[1].order(method)[:1])
        assert [record.seed for record in last[next(iter(last))]] == [1000, 1001]


def test_steps_double(rounds: list[Trials]) -> None:
    costs = [{r.cost.steps for r in each.records if r.cost} for each in rounds]
    assert costs == [{5}, {10}, {20}]


def test_it_goes_on_where_it_was(request_: Request, rounds: list[Trials]) -> None:
    gone = rung_folder(request_.out, "ica", 3) / "runs/ica/2/dsm"
    removed = sorted(gone.rglob("seed-1001.json"))
    for path in removed:
        path.unlink()
    counting = Counting()
    again = search(request_, lambda total: counting)
    assert counting.runs == len(removed) == 1
    assert [each.order("dsm") for each in again] == [each.order("dsm") for each in rounds]


def test_the_records_alone_give_the_outcome(request_: Request, rounds: list[Trials]) -> None:
    read = [read_trials(rung_folder(request_.out, "ica", n)) for n in (1, 2, 3)]
    winner = chosen(read, "dsm")
    assert winner == chosen(rounds, "dsm")
    assert winner.number in rounds[-1].of("dsm")
    assert (winner.trials, winner.seeds, winner.steps) == (4, [1000, 1001], [5, 10, 20])
    assert len(trials_csv(read).splitlines()) == 1 + 2 * (4 + 2 + 2)
    folder = request_.out / "ica"
    won = [chosen(read, method) for method in read[-1].methods]
    written = write_outcome("ica", read, won, folder)
    assert all(path.stat().st_size > 0 for path in written)
    page = (folder / "tuned.md").read_text(encoding="utf-8")
    assert f"| dsm | {winner.number} |" in page
    shown = re.findall(r"\]\((.*?\.png)\)", page)
    assert {folder / name for name in shown} == {p for p in written if p.suffix == ".png"}


def test_the_gain_is_that_of_the_last_round_with_both(rounds: list[Trials]) -> None:
    winner = replace(chosen(rounds, "dsm"), number=rounds[1].order("dsm")[0])
    last = rounds[1] if 0 in rounds[1].of("dsm") else rounds[0]
    last = rounds[2] if {0, winner.number} <= set(rounds[2].of("dsm")) else last
    values = last.values("dsm", likelihood)
    expected = sum(values[winner.number]) / len(values[0]) - sum(values[0]) / len(values[0])
    assert gain_over_card(rounds, winner) == pytest.approx(expected)


def test_a_method_without_a_likelihood_has_no_winner(rounds: list[Trials]) -> None:
    records = [r.model_copy(update={"status": Status.FAILED}) for r in rounds[-1].records]
    with pytest.raises(EbmbenchError, match="no trial of 'dsm' in the last round"):
        chosen([*rounds[:-1], Trials(tuple(records))], "dsm")


def test_the_commit_is_that_of_the_code_that_ran(rounds: list[Trials]) -> None:
    assert chosen(rounds, "dsm").commit in (commit_here(), code_hash())
    records = [r.model_copy(update={"hashes": r.hashes | {"code": "0" * 16}})
               for r in rounds[-1].records]  # fmt: skip
    assert chosen([*rounds[:-1], Trials(tuple(records))], "dsm").commit == "0" * 16


def test_a_search_goes_on_from_packs_on_another_machine(
    request_: Request, rounds: list[Trials], tmp_path: Path
) -> None:
    there = request_.out
    with carried(there, tmp_path / "packed"):
        pass
    here = replace(request_, out=tmp_path / "here")
    counting = Counting()
    with carried(here.out, tmp_path / "packed"):
        again = search(here, lambda total: counting)
    assert counting.runs == 0
    assert [[r.run_id for r in each.records] for each in again] == [
        [r.run_id for r in each.records] for each in rounds
    ]


def test_a_winner_of_a_search_goes_into_its_card(rounds: list[Trials], tmp_path: Path) -> None:
    for method in ("dsm", "mle-exact"):
        winner = chosen(rounds, method)
        path = tmp_path / f"{method}.toml"
        path.write_text((shipped("methods") / path.name).read_text(encoding="utf-8"), "utf-8")
        card = write_winner(path, winner, ["ica/*"]).for_task("ica/50")
        trial = rounds[-1].of(method)[winner.number][0].method_card
        assert (card.optimiser, card.coordinates) == (trial.optimiser, trial.coordinates)
        assert (card.hyperparameters, card.trials) == (trial.hyperparameters, 4)


def test_no_metric_sees_a_test_row() -> None:
    card = catalog.tasks()["ica/2"]
    plain = load_data(card, 1000, None)
    tuning = load_data(on_validation(card, "smoke", 1.0), 1000, None)
    assert torch.equal(tuning.train, plain.train)
    assert torch.equal(tuning.test, plain.validation)
    seen = {tuple(row) for row in tuning.test.tolist()}
    assert seen.isdisjoint({tuple(row) for row in plain.test.tolist()})


def test_a_run_that_failed_has_no_value(rounds: list[Trials]) -> None:
    records = [
        record.model_copy(update={"status": Status.FAILED})
        if record.method.endswith("01")
        else record
        for record in rounds[0].records
    ]
    values = Trials(tuple(records)).values("dsm", likelihood)
    assert values[1] == [-math.inf]
    assert all(math.isfinite(value) for number, [value] in values.items() if number != 1)


def test_families_are_searched_apart() -> None:
    cards = [catalog.tasks()[name] for name in ("ica/2", "2d/rings", "ica/5")]
    assert {k: [t.name for t in v] for k, v in by_family(cards).items()} == {
        "ica": ["ica/2", "ica/5"], "2d": ["2d/rings"],
    }  # fmt: skip


def test_a_folder_that_is_not_there_holds_no_trials(tmp_path: Path) -> None:
    assert read_trials(tmp_path / "nowhere").records == ()
