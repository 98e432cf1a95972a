"""Our own answers hold in every check; those of peers are facts, looked at where they are."""

from __future__ import annotations

import math
from pathlib import Path

import pandas as pd
import pytest
import torch
from click.testing import CliRunner

from ebmbench.cli import app
from ebmbench.errors import EbmbenchError
from ebmbench.studies.peers import CHECKS, LIBRARIES, checks, truths
from ebmbench.studies.peers.checks import DISTANCE, Check, compare, two_modes
from ebmbench.studies.peers.ebmkit import Ebmkit
from ebmbench.studies.peers.library import Library
from ebmbench.studies.peers.ours import Ours
from ebmbench.studies.peers.setting import SIGMA, Quadratic, white_rows, wide_rows
from ebmbench.studies.peers.table import findings_frame, findings_markdown
from ebmbench.studies.peers.torchebm import Torchebm

QUICK = [check for check in CHECKS if not check.title.startswith("log Z")]
SLOW = [check for check in CHECKS if check.title.startswith("log Z")]


@pytest.mark.parametrize("check", QUICK, ids=lambda check: check.title)
def test_our_own_answers_hold(check: Check) -> None:
    answers = check.ask(Ours())
    assert answers
    assert all(each.holds is not False for each in answers), answers


@pytest.mark.slow
@pytest.mark.parametrize("check", SLOW, ids=lambda check: check.title)
def test_our_own_log_z_holds(check: Check) -> None:
    blind, seeing = check.ask(Ours())
    assert blind.holds
    assert seeing.holds
    assert "refused" not in seeing.found


@pytest.mark.parametrize("library", [Ebmkit(), Torchebm()], ids=lambda library: library.name)
def test_what_is_told_of_peers_is_what_they_do(library: Library) -> None:
    """Of the versions that the published page names; of others the page says nothing."""
    published = {"ebmkit": "0.16.0", "torchebm": "0.8.9"}
    if library.version() != published[library.name]:
        pytest.skip(f"{library.name} {published[library.name]} is not installed")
    table = pd.read_csv(Path(__file__).parents[3] / "results/peers/peers.csv")
    told = table[table["library"] == library.name].set_index(["check", "name"])["verdict"]
    for title in ("score matching, vectors", "denoising score matching, images",
                  "what is added to E(data) − E(negatives)",
                  "the loss where the energy is not a number"):  # fmt: skip
        check = next(each for each in CHECKS if each.title == title)
        for answer in check.ask(library):
            assert told[title, answer.name] == ("holds" if answer.holds else "differs")


def test_a_library_that_is_not_installed_is_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(checks, "CHECKS", QUICK[-1:])
    for peer in (Ebmkit, Torchebm):
        monkeypatch.setattr(peer, "distribution", "no-such-distribution")
    found = checks.run_checks(LIBRARIES)
    assert {each.library for each in found} == {"ebmbench"}
    assert "torchebm not installed" in findings_markdown(found, LIBRARIES)
    assert set(findings_frame(found)["verdict"]) == {"holds"}


def test_closed_forms_are_those_of_differences() -> None:
    x, step = wide_rows(3), 1e-3

    def score_matching(a: float) -> float:
        return float((0.5 * a**2 * x.double().square().sum(1) - a * 3).mean())

    z = torch.randn(200_000, 3, generator=torch.Generator().manual_seed(2), dtype=torch.float64)
    rows = x.double().repeat(200_000 // len(x) + 1, 1)[: len(z)]

    def denoising(a: float) -> float:
        return float((-a * (rows + SIGMA * z) + z / SIGMA).square().sum(1).mean() / 2)

    for a in truths.PRECISIONS:
        slope = (score_matching(a + step) - score_matching(a - step)) / (2 * step)
        assert truths.score_matching(a, x) == pytest.approx(slope, rel=1e-4)
        slope = (denoising(a + step) - denoising(a - step)) / (2 * step)
        assert truths.denoising(a, x) == pytest.approx(slope, abs=0.05)


def test_rows_are_white() -> None:
    rows = white_rows(3).double()
    assert torch.allclose(rows.mean(0), torch.zeros(3, dtype=torch.float64), atol=1e-6)
    assert torch.allclose(rows.T @ rows / len(rows), torch.eye(3, dtype=torch.float64), atol=1e-5)


def test_two_modes_have_a_log_z_of_zero() -> None:
    x = torch.linspace(-20, 40, 20_001, dtype=torch.float64)[:, None]
    for first in (0.0, -DISTANCE / 2):
        mass = torch.trapezoid((-two_modes(x, first)).exp(), x[:, 0])
        assert math.log(float(mass)) == pytest.approx(0, abs=1e-9)


@pytest.mark.parametrize(
    ("measured", "words", "holds"),
    [
        ([1.0, -2.0, 3.0], "as defined", True),
        ([0.5, -1.0, 1.5], "as defined, times 0.5", True),
        ([-1.0, 2.0, -3.0], "the opposite sign", False),
        ([1.0, -2.0, 4.0], "another function", False),
    ],
)
def test_a_factor_is_told_from_another_function(
    measured: list[float], words: str, holds: bool
) -> None:
    found, verdict = compare(measured, [1.0, -2.0, 3.0], [0.0] * 3)
    assert found.startswith(words)
    assert verdict is holds
    # what the noise of the draws may explain is no difference
    assert compare([1.0, -2.0, 4.0], [1.0, -2.0, 3.0], [1.0] * 3)[1]


def test_a_check_that_should_fail_fails() -> None:
    class Wrong(Ours):
        def denoising(self) -> list[checks.Named]:
            (right,) = super().denoising()
            return [
                checks.Named("inverted", lambda m, x, s: -right.loss(m, x, s)),
                checks.Named("broken", lambda m, x, s: m.no_such_thing),  # type: ignore[arg-type]
                checks.Named("other", lambda m, x, s: m.a**3),
            ]

    check = next(each for each in CHECKS if each.title == "denoising score matching, vectors")
    found = {each.name: each for each in check.ask(Wrong())}
    assert found["inverted"].found.startswith("the opposite sign")
    assert found["broken"].found.startswith("raises AttributeError")
    assert found["other"].found.startswith("another function")
    assert not any(each.holds for each in found.values())
    nan = float(Quadratic(1.0, value=math.nan)(wide_rows(2)).mean().detach())
    assert math.isnan(nan)


def test_the_command_writes_both_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(checks, "CHECKS", QUICK[-1:])
    done = CliRunner().invoke(
        app,
        ["study", "peers", "--out", str(tmp_path / "o")],
        catch_exceptions=False,
        standalone_mode=False,
    )
    assert done.return_value == 0
    table = pd.read_csv(tmp_path / "o/peers.csv")
    assert {"check", "library", "version", "name", "found", "verdict"} <= set(table.columns)
    assert "ebmbench" in (tmp_path / "o/peers.md").read_text(encoding="utf-8")


def test_two_moons_without_ebmkit_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Ebmkit, "distribution", "no-such-distribution")
    with pytest.raises(EbmbenchError, match="--two-moons needs ebmkit: `pip install"):
        CliRunner().invoke(
            app,
            ["study", "peers", "--two-moons", "--out", str(tmp_path / "o")],
            catch_exceptions=False,
            standalone_mode=False,
        )


@pytest.mark.slow
def test_two_moons_of_a_few_steps_are_measured_on_both_sides(tmp_path: Path) -> None:
    pytest.importorskip("ebm")
    done = CliRunner().invoke(
        app,
        ["study", "peers", "--two-moons", "--steps", "5", "--out", str(tmp_path / "o")],
        catch_exceptions=False,
        standalone_mode=False,
    )
    assert done.return_value == 0
    table = pd.read_csv(tmp_path / "o/two-moons.csv")
    # A part of the plane holds no more mass than the whole.
    assert (table["near"] >= table["log_likelihood"] - 1e-3).all()
    assert set(table["library"]) == {"ebmkit", "ebmbench"}
    assert (table["steps"] == 5).all()
