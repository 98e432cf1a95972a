"""Bad input gets one clear sentence that names the thing, and exit status 2, never a traceback."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from ebmbench.cli import main

GOOD = ["run", "--methods", "dsm", "--tasks", "2d/two-moons", "--preset", "smoke", "--steps", "1"]


def call(
    arguments: list[str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> tuple[int, str, str]:
    monkeypatch.setattr(sys, "argv", ["ebmbench", *arguments])
    with pytest.raises(SystemExit) as ended:
        main()
    out, err = capsys.readouterr()
    code = ended.value.code
    return code if isinstance(code, int) else 0, out, err


def with_option(name: str, value: str) -> list[str]:
    arguments = list(GOOD)
    if name in arguments:
        arguments[arguments.index(name) + 1] = value
        return arguments
    return [*arguments, name, value]


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (with_option("--tasks", "2d/chekerboard"), "unknown task '2d/chekerboard'; did you mean"),
        (with_option("--tasks", "3d/*"), "no task matches '3d/*'"),
        (with_option("--tasks", "tag:unknown"), "no task has the tag 'unknown'"),
        (with_option("--tasks", "2d/rings,,"), "an empty task name"),
        (with_option("--tasks", "/no/such.toml"), "'/no/such.toml' cannot be read"),
        (with_option("--methods", "dms"), "unknown method 'dms'; did you mean 'dsm'?"),
        (with_option("--steps", "-3"), "--steps is -3, allowed: at least 1"),
        (with_option("--seeds", "0"), "seeds is 0, allowed: at least 1"),
        ([*with_option("--jobs", "2"), "--cost", "alone"], "--cost alone means one run at a time"),
        (with_option("--jobs", "0"), "--jobs is 0, allowed: at least 1"),
        (with_option("--checkpoint", "-1"), "--checkpoint is -1.0, allowed: 0 seconds or more"),
        (with_option("--timeout", "0"), "--timeout is 0.0, allowed: more than 0"),
        (with_option("--data-dir", "/no/such"), "data folder '/no/such' does not exist"),
        (with_option("--out", f"{__file__}/o"), "/o' cannot be written to"),
        (with_option("--device", "cuda"), "torch finds no CUDA device here"),
        (with_option("--methods", "fastica"), "fastica is for ica tasks only"),
        (["report", "/no/such"], "output folder '/no/such' does not exist"),
        (["score", "/no/such"], "output folder '/no/such' does not exist"),
        (["check", "/no/such"], "'/no/such' does not exist"),
        (["compare", "/no/such", "/no/such"], "output folder '/no/such' does not exist"),
        (["data", "fetch", "mnist"], "unknown data file 'mnist'"),
        (["data", "verify", "--data-dir", "/no/such"], "data folder '/no/such'"),
        (["rnu"], "unknown command 'rnu'; did you mean 'run'?"),
        (["leaderboard", "runs"], "unknown command 'leaderboard'; did you mean 'report'?"),
        (["merge", "/no/a", "--to", "/no/c"], "there is 1 folder to merge, allowed: 2 or more"),
        (["merge", "/no/a", "/no/b", "--to", "/no/c"], "output folder '/no/a' does not exist"),
        (["new", "task"], "the name is missing"),
        (["new", "energy", "--from", "my.csv"], "--from is for a task"),
        (["new", "task", "--from", "/no/my.csv"], "table '/no/my.csv' cannot be read"),
        (with_option("--tasks", "/no/my.parquet"), "table '/no/my.parquet' cannot be read"),
        (with_option("--set", "dsm.sgima=1"), "unknown key 'sgima'; did you mean 'sigma'?"),
        (["study", "valdate"], "unknown command 'valdate'; did you mean 'validate'?"),
        (["connections"], "`ebmbench connections` is now `ebmbench study connections`"),
        (["gradients", "--task", "2d/rings"], "is now `ebmbench study gradients`"),
        (["reproduce", "all"], "is now `ebmbench study reproduce`"),
    ],
)
def test_one_sentence_and_status_2(
    arguments: list[str],
    sentence: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("torch.cuda.is_available", lambda: False)
    status, out, err = call(arguments, monkeypatch, capsys)
    assert status == 2
    assert sentence in err
    assert err.startswith("ebmbench: ")
    assert len(err.strip().splitlines()) == 1
    assert out == ""


@pytest.mark.parametrize(
    ("arguments", "word"),
    [
        (with_option("--seeds", "three"), "'three' is not a valid integer"),
        (with_option("--preset", "quick"), "'quick' is not one of"),
        (["run", "--tasks", "all"], "Missing option '--methods'"),
        (["run", "--what"], "No such option"),
        (["list", "task"], "'task' is not one of"),
    ],
)
def test_options_of_a_wrong_type_end_with_status_2(
    arguments: list[str],
    word: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    status, _, err = call(arguments, monkeypatch, capsys)
    assert status == 2
    assert word in err
    assert "Traceback" not in err


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        (("title =", "titel ="), "unknown key 'titel'; did you mean 'title'?"),
        (("steps = 20,", 'steps = "20",'), "budget.smoke.steps"),
        (("steps = 20,", "steps = -20,"), "allowed: greater than 0"),
        (('kind = "mlp"', 'kind = "mpl"'), "'mpl'; did you mean 'mlp'?"),
        (("hidden = [128", "hiden = [128"), "unknown key 'hiden'; did you mean 'hidden'?"),
        (
            ('"log_likelihood"', '"log_likelyhood"'),
            "did you mean 'log_likelihood' or 'ode_log_likelihood'?",
        ),
        (("[data]", "[data"), "is not valid TOML"),
    ],
)
def test_a_wrong_card_is_refused_with_file_key_and_what_is_allowed(
    change: tuple[str, str],
    sentence: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    from ebmbench import cardfiles

    text = (cardfiles.shipped("tasks") / "2d/two-moons.toml").read_text()
    assert change[0] in text
    path = tmp_path / "mine.toml"
    path.write_text(text.replace(*change))
    monkeypatch.chdir(tmp_path)
    status, _, err = call(with_option("--tasks", str(path)), monkeypatch, capsys)
    assert status == 2
    assert sentence in err
    assert "Traceback" not in err


def test_a_request_without_any_data_says_how_to_get_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.delenv("EBMBENCH_DATA", raising=False)
    monkeypatch.setattr("ebmbench.datasets.store.cache_folder", lambda: tmp_path / "cache")
    monkeypatch.chdir(tmp_path)
    status, _, err = call(with_option("--tasks", "uci/magic"), monkeypatch, capsys)
    assert status == 2
    assert "ebmbench data fetch magic/magic04.data" in err


def test_a_locale_that_has_no_such_letter_gets_a_question_mark() -> None:
    command = [sys.executable, "-m", "ebmbench", "list", "tasks"]
    plain = {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}
    done = subprocess.run(command, env=os.environ | plain, capture_output=True, check=False)
    assert done.returncode == 0
    assert done.stderr == b""
    assert done.stdout.isascii()
    assert b"2d/rings" in done.stdout


def test_the_command_starts_without_torch() -> None:
    code = "import sys, ebmbench, ebmbench.cli.list_verb; assert 'torch' not in sys.modules"
    done = subprocess.run([sys.executable, "-c", code], env=os.environ, check=False)
    assert done.returncode == 0


def test_the_choices_of_a_word_stand_in_one_line(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    status, _, err = call(["list"], monkeypatch, capsys)
    assert status == 2
    assert err.endswith("Choose from: tasks, methods, metrics\n")


def test_a_verb_without_its_word_shows_all_of_its_help(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    status, out, err = call(["data"], monkeypatch, capsys)
    assert status == 2
    assert all(word in out + err for word in ("Usage:", "fetch", "list", "verify"))
    assert "Error" not in err
