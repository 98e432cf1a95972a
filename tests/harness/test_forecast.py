"""What runs are expected to take: medians of what such runs have taken, and no guess beyond."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from ebmbench import catalog
from ebmbench.harness import forecast as forecasting
from ebmbench.harness.forecast import Forecast, forecast, forecast_words, known_costs
from ebmbench.harness.job import Job, make_jobs
from ebmbench.harness.record import failed_record
from ebmbench.harness.store import write_record
from ebmbench.records import RunCost, Status
from ebmbench.settings import read_setting, set_in_methods


def jobs(methods: str, preset: str = "smoke", seeds: int = 2) -> list[Job]:
    return make_jobs(
        [catalog.tasks()["2d/rings"]],
        catalog.select_methods(methods),
        seeds=seeds,
        preset=preset,  # type: ignore[arg-type]
    )


@pytest.fixture
def out(tmp_path: Path, cost: RunCost, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with one run of dsm: 2 ms a step, 0.1 s of evaluation; nothing is published."""
    monkeypatch.setattr(forecasting, "PUBLISHED", tmp_path / "published")
    record = failed_record(jobs("dsm")[0], Status.OK, "", contended=False)
    write_record(record.model_copy(update={"cost": cost, "parameters": 1000}), tmp_path / "o")
    return tmp_path / "o"


def test_steps_and_evaluation_are_counted_per_run(out: Path) -> None:
    (path,) = out.rglob("seed-0.json")
    found = forecast(jobs("dsm"), known_costs(out), ratio=5.0)
    # Twenty steps of 2 ms; what was taken here needs no scale.
    assert found.seconds == pytest.approx(2 * (20 * 0.002 + 0.1))
    assert found.bytes == 2 * (len(path.read_text()) + 4 * 1000 + 8 * 10_000)
    assert (found.known, found.unknown) == (2, 0)


def test_a_variant_costs_what_its_method_does(out: Path) -> None:
    cards = set_in_methods(catalog.select_methods("dsm"), [read_setting("dsm.sigma=0.05,0.2")])
    many = make_jobs([catalog.tasks()["2d/rings"]], cards, seeds=1, preset="smoke")
    assert forecast(many, known_costs(out)).known == 2


def test_what_is_not_known_is_said(out: Path) -> None:
    known = known_costs(out)
    assert forecast(jobs("nce"), known) == Forecast(unknown=2)
    assert forecast(jobs("dsm", "full"), known) == Forecast(unknown=2)
    both = forecast(jobs("dsm,nce"), known)
    assert (both.known, both.unknown) == (2, 2)
    assert forecast_words(both, 2).endswith("for 2, unknown for 2")
    assert "unknown" in forecast_words(Forecast(unknown=3), 2)


def test_published_costs_are_scaled_to_this_machine(out: Path) -> None:
    published = out.parent / "published" / "2026-11-cost"
    published.mkdir(parents=True)
    import gzip

    (path,) = out.rglob("seed-0.json")
    with gzip.open(published / "records.jsonl.gz", "wt") as file:
        file.write(json.dumps(json.loads(path.read_text())) + "\n")
    nowhere = out.parent / "nowhere"
    once, slower = (forecast(jobs("dsm"), known_costs(nowhere), ratio) for ratio in (1.0, 3.0))
    assert slower.seconds == pytest.approx(3 * once.seconds)
    assert slower.bytes == once.bytes


def test_a_torn_record_hides_no_other(out: Path) -> None:
    torn = out / "runs/2d/rings/nce/seed-0.json"
    torn.parent.mkdir(parents=True)
    torn.write_text('{"task": ')
    assert set(known_costs(out)) == {("2d/rings", "dsm")}


def test_the_suite_knows_its_own_published_costs() -> None:
    known = known_costs(Path("/no/such"))
    if not known:
        pytest.skip("no published results beside an installed package")
    assert all(known[task, "dsm"] for task in ("2d/rings", "uci/wine-red", "ica/5"))
    found = forecast(jobs("dsm,nce,gaussian", "full", 5), known)
    assert (found.known, found.unknown) == (15, 0)
    assert 10 < found.seconds < 2000
