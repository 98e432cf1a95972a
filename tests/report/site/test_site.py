"""The site is a function of the records, links hold, and nothing of a card is ever markup."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from html.parser import HTMLParser
from pathlib import Path

import pytest

from ebmbench.errors import EbmbenchError
from ebmbench.records import Curve, LogZRecord, Record
from ebmbench.report.site.build import build_site
from ebmbench.report.site.history import history_page
from ebmbench.report.site.numbers_page import seconds_per_estimate

Make = Callable[..., Record]
ASV = Path(__file__).parents[3] / "results" / "asv"


class Elements(HTMLParser):
    """Collects start tags with their attributes, and the text of scripts."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.scripts: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        if self.tags and self.tags[-1][0] == "script" and data.strip():
            self.scripts.append(data)


def pages(site: Path) -> dict[str, Elements]:
    return {
        path.relative_to(site).as_posix(): Elements(path.read_text(encoding="utf-8"))
        for path in sorted(site.rglob("*.html"))
    }


def contents(site: Path) -> dict[str, bytes]:
    return {
        path.relative_to(site).as_posix(): path.read_bytes()
        for path in sorted(site.rglob("*"))
        if path.is_file()
    }


def test_there_is_a_page_for_every_task_method_and_run(site: Path, grid: list[Record]) -> None:
    names = set(pages(site))
    assert {"index.html", "cost.html", "tasks.html", "methods.html", "numbers.html"} < names
    assert {"tasks/2d.rings.html", "methods/nce.html", "runs/2d.rings.dsm.1.html"} < names
    assert sum(name.startswith("runs/") for name in names) == len(grid)


def test_same_records_same_bytes_in_any_order(grid: list[Record], tmp_path: Path) -> None:
    first = contents(build_site(grid, tmp_path).parent)
    second = contents(build_site(grid[::-1], tmp_path).parent)
    assert first.keys() == second.keys()
    assert [name for name in first if first[name] != second[name]] == []


def test_every_link_leads_to_a_file_of_the_site(site: Path) -> None:
    count = 0
    for name, page in pages(site).items():
        for _, attributes in page.tags:
            for key in ("href", "src"):
                target = attributes.get(key)
                if target and not re.match(r"https?:|#|data:", target):
                    path = ((site / name).parent / target).resolve()
                    assert path.is_file(), f"{name} links to {target}"
                    count += 1
    assert count > 500


def test_points_of_plots_lead_to_a_file_of_the_site(site: Path) -> None:
    links = [
        link
        for page in pages(site).values()
        for script in page.scripts
        for _, figure in json.loads(script)
        for trace in figure["data"]
        for link in trace.get("customdata", [])
    ]
    assert links
    assert all((site / link).is_file() for link in links)


def test_nothing_is_loaded_from_elsewhere(site: Path) -> None:
    for name, page in pages(site).items():
        for tag, attributes in page.tags:
            loaded = attributes.get("src") or (attributes.get("href") if tag == "link" else "")
            assert not re.match(r"(https?:)?//", loaded or ""), f"{name}: {loaded}"


def test_what_cards_and_messages_say_is_never_markup(site: Path) -> None:
    for name, page in pages(site).items():
        for tag, attributes in page.tags:
            assert not (tag == "img" and attributes.get("src") == "x"), name
            assert not any(key.startswith("on") for key in attributes), name
            assert not (attributes.get("href") or "").startswith("javascript:"), name
        assert all(json.loads(script) for script in page.scripts)


@pytest.mark.parametrize(
    ("page", "words"),
    [
        ("index.html", ["refused 1/2", "diverged 1/2", "skipped: uci/wine × nce: because"]),
        ("index.html", ["true density", "oracle", "reference"]),
        ("cost.html", ["by seconds", "by evaluations", "not reached"]),
        ("tasks/2d.rings.html", ["Budget", "20 steps of", "refused 1/2", "Learning curves"]),
        ("methods/dsm.html", ["<math", "Behind the best objective", "searched", "Vincent"]),
        ("runs/2d.pinwheel.cd.1.html", ["Loss is nan", "Traceback", "Task card", "diverged"]),
        ("runs/2d.rings.dsm.0.html", ["refused", "too wide", "seed 1"]),
        ("index.html", ["Verdict", "with a mean rank of", "Summary", "below the true density"]),
        ("methods/cd.html", ["Stands", "of 4, mean rank", "(failed)", "what the runs show"]),
        ("methods/gaussian.html", ["not ranked: a reference"]),
        ("tasks/2d.rings.html", ["what the runs show", "refused: too wide (1 of 2 seeds)"]),
        (
            "numbers.html",
            ["5 nats per dimension", "Student", "certified", "refused: 2d/rings × dsm: too wide"],
        ),
        ("cite.html", ["@article{vincent2011connection"]),
    ],
)
def test_pages_say_what_they_are_for(site: Path, page: str, words: list[str]) -> None:
    text = (site / page).read_text(encoding="utf-8")
    assert [word for word in words if word not in text] == []


def test_timings_of_shared_cores_do_not_stand_beside_others(make: Make, tmp_path: Path) -> None:
    records = [make("2d/rings", method, 0, -2.01) for method in ("dsm", "ssm")]
    records.append(make("2d/rings", "gaussian", 0, -3.0))
    records.append(make("2d/rings", "nce", 0, -2.01).model_copy(update={"contended": True}))
    text = (build_site(records, tmp_path).parent / "cost.html").read_text(encoding="utf-8")
    seconds, evaluations = (
        text[text.index(f'data-name="by-{kind}-2d"') :].partition("</table>")[0]
        for kind in ("seconds", "evaluations")
    )
    assert "no part" in seconds
    assert "incomplete" in seconds
    assert "no part" not in evaluations


def test_a_picture_stored_beside_a_record_is_shown(grid: list[Record], tmp_path: Path) -> None:
    stored = tmp_path / "runs" / "2d" / "rings" / "ssm"
    stored.mkdir(parents=True)
    (stored / "seed-0.sample-sheet.png").write_bytes(b"a picture")
    site = build_site(grid, tmp_path).parent
    name = "pictures/2d.rings.ssm.0.sample-sheet.png"
    assert (site / name).read_bytes() == b"a picture"
    for page in ("runs/2d.rings.ssm.0.html", "tasks/2d.rings.html"):
        assert f"../{name}" in (site / page).read_text(encoding="utf-8")


def test_a_folder_that_is_not_ours_is_left_alone(grid: list[Record], tmp_path: Path) -> None:
    (tmp_path / "site").mkdir()
    (tmp_path / "site" / "thesis.txt").write_text("mine")
    with pytest.raises(EbmbenchError, match="is not a site that ebmbench wrote"):
        build_site(grid, tmp_path)
    assert (tmp_path / "site" / "thesis.txt").read_text() == "mine"


def test_asv_history_is_drawn(grid: list[Record], tmp_path: Path) -> None:
    site = build_site(grid, tmp_path, ASV).parent
    page = Elements((site / "history.html").read_text(encoding="utf-8"))
    figures = [figure for script in page.scripts for _, figure in json.loads(script)]
    stored = len([path for path in ASV.glob("*/*.json") if path.name != "machine.json"])
    longest = max(len(trace["x"]) for figure in figures for trace in figure["data"])
    assert longest == stored > 1


@pytest.mark.parametrize(
    ("content", "words"), [("{", "is not JSON"), ('{"results": 1}', "is not a result of asv")]
)
def test_bad_asv_results_are_named(
    grid: list[Record], tmp_path: Path, content: str, words: str
) -> None:
    (tmp_path / "asv" / "vm").mkdir(parents=True)
    (tmp_path / "asv" / "benchmarks.json").write_text("{}")
    (tmp_path / "asv" / "vm" / "abc.json").write_text(content)
    with pytest.raises(EbmbenchError, match=words):
        build_site(grid, tmp_path, tmp_path / "asv")


def test_missing_asv_results_are_named(grid: list[Record], tmp_path: Path) -> None:
    with pytest.raises(EbmbenchError, match=r"benchmarks\.json' cannot be read"):
        build_site(grid, tmp_path, tmp_path / "nowhere")


def test_a_method_loses_where_the_best_is_told_apart_from_it(make: Make, tmp_path: Path) -> None:
    values = {"nce": (-2.01, -2.02), "dsm": (-2.4, -2.39), "ssm": (-2.02, -2.01)}
    tasks = ("2d/rings", "2d/two-moons", "2d/pinwheel")
    records = [
        make(task, method, seed, value)
        for task in tasks
        for method, of_seed in values.items()
        for seed, value in enumerate(of_seed)
    ]
    site = build_site(records, tmp_path).parent
    cards = {
        method: (site / "methods" / f"{method}.html").read_text(encoding="utf-8")
        for method in values
    }
    assert "level with the best objective, on 3 of 3 tasks" in cards["nce"]
    assert "by more than the interval on 3 of 3 tasks" in cards["dsm"]
    assert "(0.380 nats, last)" in cards["dsm"]
    assert "3 of 3, mean rank 3.0" in cards["dsm"]
    assert "<h2>Loses</h2><p>On no task here." in cards["ssm"]


def test_what_a_run_shows_is_whole_on_every_screen(site: Path) -> None:
    text = (site / "tasks" / "2d.rings.html").read_text(encoding="utf-8")
    assert '<span class="pm"> (1 of 2' not in text
    assert '<span class="pm"> ± ' in text


def test_a_run_that_left_every_range_is_shown_as_diverged(make: Make, tmp_path: Path) -> None:
    records = [make("2d/rings", method, 0, -2.1) for method in ("dsm", "ssm", "gaussian")]
    lost = make("2d/rings", "pcd", 0, -5314.0)
    curve = [
        point.model_copy(update={"log_likelihood": value})
        for point, value in zip(lost.curve, (-3.0, -5300.0), strict=True)
    ]
    site = build_site([*records, lost.model_copy(update={"curve": Curve(curve)})], tmp_path).parent
    run = (site / "runs" / "2d.rings.pcd.0.html").read_text(encoding="utf-8")
    assert "5297.0 below its best" in run
    assert '<span class="badge failed">diverged</span>' in run
    assert ">diverged<" in (site / "index.html").read_text(encoding="utf-8")


def test_a_family_that_nobody_knows_has_its_board_and_pages(make: Make, tmp_path: Path) -> None:
    records = [
        make("uci/wine", m, 0, -13.0 - k, optimum=None) for k, m in enumerate(["dsm", "nce"])
    ]
    records = [
        record.model_copy(
            update={
                "task": "spectra",
                "task_card": record.task_card.model_copy(
                    update={"name": "spectra", "family": "chemistry of stars"}
                ),
            }
        )
        for record in records
    ]
    site = build_site(records, tmp_path).parent
    assert "Chemistry of stars" in (site / "index.html").read_text(encoding="utf-8")
    assert "spectra" in (site / "tasks" / "spectra.html").read_text(encoding="utf-8")


def test_a_benchmark_that_failed_leaves_the_others_their_history(tmp_path: Path) -> None:
    (tmp_path / "vm").mkdir()
    (tmp_path / "benchmarks.json").write_text("{}")
    results = {"failed": None, "failed_too": [None, []], "good": [[1.0], []]}
    commit = {
        "params": {"cpu": "c", "os": "o"},
        "result_columns": ["result", "params"],
        "results": results,
        "date": 1,
        "commit_hash": "abc",
    }
    (tmp_path / "vm" / "abc.json").write_text(json.dumps(commit))
    assert [plot.title for plot in history_page(tmp_path).values["plots"]] == ["good"]


def test_seconds_per_estimate_are_the_median_of_those_that_say_them(make: Make) -> None:
    took = [None, 3.0, 1.0, 2.0]
    runs = [
        make("uci/wine", "dsm", seed, -13.0).model_copy(
            update={"log_z": LogZRecord(value=0.0, stderr=0.1, cpu_seconds=seconds)}
        )
        for seed, seconds in enumerate(took)
    ]
    assert seconds_per_estimate(runs) == 2.0
    assert seconds_per_estimate(runs[:1]) is None
