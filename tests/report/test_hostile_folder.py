"""A stranger's folder of records, loose or packed, does nothing to whoever looks at it."""

from __future__ import annotations

import gzip
import json
import os
import re
import shutil
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from ebmbench import catalog
from ebmbench.cards import TaskCard
from ebmbench.cardtables import Budget
from ebmbench.cli import main
from ebmbench.harness.job import Job
from ebmbench.harness.run import run_job
from ebmbench.records import PACK
from ebmbench.records.identity import written_card_hash, written_run_id
from ebmbench.report.write import write_tables

VERBS = ("report", "compare", "score", "check", "publish", "cite", "merge")
TRAP = "from pathlib import Path\nPath({path!r}).touch()\nE = Loader = m = dict\n"
Content = dict[str, Any]


def small_task() -> TaskCard:
    card = catalog.tasks()["2d/two-moons"]
    budget = Budget(steps=3, batch=16)
    return card.model_copy(
        update={
            "data": card.data.model_copy(update={"train": 60, "validation": 20, "test": 30}),
            "budget": card.budget.model_copy(update={"smoke": budget}),
            "metrics": card.metrics.model_copy(update={"names": ["log_likelihood"]}),
        }
    )


@pytest.fixture(scope="module")
def honest(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An output folder of one run."""
    out = tmp_path_factory.mktemp("honest") / "out"
    run = run_job(Job(small_task(), catalog.methods()["gaussian"], 0, "smoke"), out, False)
    assert run.metrics
    write_tables([run], out)
    return out


@pytest.fixture
def folder(honest: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy, in a working directory with a module that leaves a trace when it is imported."""
    (tmp_path / "trap.py").write_text(TRAP.format(path=str(tmp_path / "sprung")))
    (tmp_path / "victim").mkdir()
    (tmp_path / "victim/secret").write_text("secret")
    monkeypatch.chdir(tmp_path)
    return Path(shutil.copytree(honest, tmp_path / "out"))


def record_in(folder: Path) -> Path:
    return folder / "runs/2d/two-moons/gaussian/seed-0.json"


def seal(content: Content) -> Content:
    """Give a record the hashes that its cards have, as a stranger would."""
    for kind in ("task_card", "method_card"):
        content["hashes"][kind] = written_card_hash(content, kind.removesuffix("_card"))
    content["run_id"] = written_run_id(content)
    return content


def pack(folder: Path, text: str) -> None:
    shutil.rmtree(folder / "runs")
    with gzip.open(folder / PACK, "wb") as file:
        file.write(text.replace("\n", " ").encode("utf-8", "surrogatepass") + b"\n")


def call(
    verb: str,
    folder: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    *more: str,
) -> tuple[int, str]:
    """Return the status of a verb and all that it shows."""
    arguments = {
        "compare": ["compare", str(folder), str(folder)],
        "merge": ["merge", str(folder), str(folder), "--to", "merged"],
        "publish": ["publish", str(folder), "--to", "published"],
        "report": ["report", str(folder), "--format", "md"],
    }
    words = arguments.get(verb, [verb, str(folder)])
    monkeypatch.setattr(sys, "argv", ["ebmbench", *words, *more])
    with pytest.raises(SystemExit) as ended:
        main()
    out, err = capsys.readouterr()
    code = ended.value.code
    assert isinstance(code, int)
    return code, out + err


def set_to(value: object, *path: str) -> Callable[[Content], None]:
    def change(content: Content) -> None:
        for key in path[:-1]:
            content = content[key]
        content[path[-1]] = value

    return change


UP = "../" * 8 + "tmp/x"
LONG = "a" * 5000
REFUSED: dict[str, tuple[Callable[[Content], None], str]] = {
    "task up": (set_to(UP, "task"), "key 'task' is"),
    "task absolute": (set_to("/etc/x", "task"), "key 'task' is"),
    "task long": (set_to("a" * 300, "task"), "key 'task' is"),
    "method up": (set_to("../../victim", "method"), "key 'method' is"),
    "method markup": (set_to("<img src=x>", "method"), "key 'method' is"),
    "seed": (set_to(-1, "seed"), "key 'seed' is -1"),
    "seed huge": (set_to(10**30, "seed"), "key 'seed' is"),
    "weights": (set_to("../secret", "weights"), "key 'weights' is"),
    "rows": (set_to("/etc/passwd", "rows"), "key 'rows' is"),
    "files": (set_to({"../secret": "0" * 64}, "files"), "files"),
    "metric": (set_to({LONG: {}}, "metrics"), "metrics"),
    "key": (set_to(1, LONG), "aaa…' is 1"),
    "version 0": (set_to(0, "schema_version"), "schema_version 0, known here: 1"),
    "version 999": (set_to(999, "schema_version"), "schema_version 999, known here: 1"),
    "version true": (set_to(True, "schema_version"), "schema_version True, known here: 1"),
    "card name": (set_to("../x", "task_card", "name"), "task_card: key 'name' is"),
}


@pytest.mark.parametrize("packed", [False, True], ids=["loose", "packed"])
@pytest.mark.parametrize("case", REFUSED)
def test_what_a_record_may_not_say_is_refused_by_every_verb(
    case: str,
    packed: bool,
    folder: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    change, words = REFUSED[case]
    content = json.loads(record_in(folder).read_text())
    change(content)
    text = json.dumps(content)
    if packed:
        pack(folder, text)
    else:
        record_in(folder).write_text(text)
    before = everything(folder.parent)
    for verb in VERBS:
        status, shown = call(verb, folder, monkeypatch, capsys)
        assert status == (1 if verb == "check" else 2), shown
        assert words in shown
        assert len(shown) < 900
        assert len(shown.strip().splitlines()) == 1
    assert everything(folder.parent) == before


def everything(folder: Path) -> dict[str, bytes | None]:
    return {
        path.relative_to(folder).as_posix(): path.read_bytes() if path.is_file() else None
        for path in folder.rglob("*")
        if not path.is_symlink()
    }


def no_utf8(folder: Path) -> None:
    record_in(folder).write_bytes(record_in(folder).read_bytes() + b"\xff\xfe")


def nested(folder: Path) -> None:
    record_in(folder).write_text("[" * 100_000)


def huge_number(folder: Path) -> None:
    text = record_in(folder).read_text()
    record_in(folder).write_text(text.replace('"seed": 0', '"seed": ' + "9" * 5000))


def not_a_number(folder: Path) -> None:
    text = record_in(folder).read_text()
    record_in(folder).write_text(text.replace('"seed": 0', '"seed": NaN'))


def half_pack(folder: Path) -> None:
    pack(folder, record_in(folder).read_text())
    (folder / PACK).write_bytes((folder / PACK).read_bytes()[:200])


def a_list(folder: Path) -> None:
    record_in(folder).write_text("[1]")


@pytest.mark.parametrize("spoil", [no_utf8, nested, huge_number, not_a_number, half_pack, a_list])
def test_a_text_that_is_no_record_gets_a_sentence_from_every_verb(
    spoil: Callable[[Path], None],
    folder: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    spoil(folder)
    for verb in VERBS:
        status, shown = call(verb, folder, monkeypatch, capsys)
        assert status == (1 if verb == "check" else 2), shown
        assert "seed-0.json" in shown or PACK in shown
        assert len(shown) < 900


def link_to(path: str) -> Callable[[Path], None]:
    def spoil(folder: Path) -> None:
        place = folder / path
        if place.is_dir():
            shutil.rmtree(place)
        place.unlink(missing_ok=True)
        place.parent.mkdir(parents=True, exist_ok=True)
        target = "victim" if path in ("figures", "runs/2d", ".site.new") else "victim/secret"
        place.symlink_to(folder.parent / target)

    return spoil


def pipe(folder: Path) -> None:
    os.mkfifo(folder / "rows.json.gz")


SPOILERS = {
    "pictures": link_to("figures"),
    "table": link_to("results.csv"),
    "runs": link_to("runs/2d"),
    "weights": link_to("runs/2d/two-moons/gaussian/seed-0.x.safetensors"),
    "site": link_to(".site.new"),
    "pipe": pipe,
}


@pytest.mark.parametrize("spoil", SPOILERS)
def test_links_are_followed_neither_in_nor_out(
    spoil: str,
    folder: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    SPOILERS[spoil](folder)
    for verb in VERBS:
        status, shown = call(verb, folder, monkeypatch, capsys)
        assert status == 2 or (status, verb) == (1, "check"), shown
        assert "allowed: files and folders" in shown
    assert everything(folder.parent / "victim") == {"secret": b"secret"}
    assert not Path("published").exists()


def name_classes(content: Content) -> None:
    card = content["task_card"]
    card["data"]["loader"] = "trap:Loader"
    card["energy"] = {
        "kind": "trap:E",
        "options": {"inner": f"{Path('trap.py').resolve()}:E"},
    }
    card["metrics"]["names"] = ["trap:m"]
    content["method_card"]["estimator"] = "trap:E"


def paint(content: Content) -> None:
    """Put markup and escapes wherever a text is free."""
    evil = "\x1b[31m\x1b]0;gone\x07</script><script>alert(1)</script>\u202e"
    for kind in ("task_card", "method_card"):
        content[kind]["title"] = content[kind]["summary"] = evil
        content[kind]["citation"] |= {"text": evil, "url": "javascript:alert(1)", "bibtex": evil}
    content["method_card"]["equation"] = (
        r"\style{position:fixed;inset:0;background:url(http://evil)}{x} \href{javascript:alert(1)}"
        r"{y} \class{evil}{z}"
    )
    content["metrics"]["log_likelihood"] |= {"note": evil, "unit": evil}
    content["machine"]["processor"] = evil


@pytest.mark.parametrize("packed", [False, True], ids=["loose", "packed"])
def test_a_record_runs_no_code_and_its_words_stay_words(
    packed: bool,
    folder: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    content = json.loads(record_in(folder).read_text())
    name_classes(content)
    paint(content)
    text = json.dumps(seal(content))
    if packed:
        pack(folder, text)
    else:
        record_in(folder).write_text(text)
    shown = {}
    for verb in VERBS:
        status, shown[verb] = call(verb, folder, monkeypatch, capsys)
        assert status in (0, 1, 2)
        assert "\x1b" not in shown[verb]
        assert "\u202e" not in shown[verb]
        assert "Traceback" not in shown[verb]
    call("check", folder, monkeypatch, capsys, "--rescore")
    call("check", folder, monkeypatch, capsys, "--rerun")
    if not packed:
        assert "--cards" in shown["score"]
    assert not Path("sprung").exists()
    pages = list((folder / "site").rglob("*.html"))
    assert len(pages) > 5
    for page in pages:
        html = page.read_text()
        assert not re.search(r"(href|src|action)\s*=\s*[\"']?\s*javascript", html, re.IGNORECASE)
        assert not re.search(r"style\s*=\s*[\"']?[^\"']*(position|url)", html)
        assert "<script>alert" not in html
        assert "\x1b" not in html


def test_a_stranger_cannot_hide_behind_the_name_of_a_card_that_is_given(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    content = json.loads(record_in(folder).read_text())
    name_classes(content)
    record_in(folder).write_text(json.dumps(seal(content)))
    shutil.copyfile(Path(str(catalog.shipped("tasks"))) / "2d/two-moons.toml", "mine.toml")
    status, shown = call("score", folder, monkeypatch, capsys, "--cards", "mine.toml")
    assert status == 2
    assert "would be imported" in shown
    assert not Path("sprung").exists()


def test_spoilt_weights_leave_pictures_out_and_nothing_else(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    content = json.loads(record_in(folder).read_text())
    weights = record_in(folder).parent / content["weights"]
    honest = weights.read_bytes()
    header = b'{"__metadata__":{"dim":"99999999"}}'
    for spoilt in (honest[:-9], b"", b"\0" * 100, len(header).to_bytes(8, "little") + header):
        weights.write_bytes(spoilt)
        for believed in (True, False):
            # With its hash in the record, and without, as a stranger would have it.
            found = content if believed else content | {"files": {}}
            record_in(folder).write_text(json.dumps(found))
            status, shown = call("report", folder, monkeypatch, capsys, "--no-site")
            assert status == 0, shown
            assert "Traceback" not in shown
            status, shown = call("score", folder, monkeypatch, capsys)
            assert status == 2, shown
            assert "Traceback" not in shown


def test_what_check_finds_is_not_published(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    text = record_in(folder).read_text()
    record_in(folder).write_text(text.replace('"run_id": "', '"run_id": "0'))
    status, shown = call("publish", folder, monkeypatch, capsys)
    assert status == 2
    assert "is not published: runs/2d/two-moons/gaussian/seed-0.json: run_id is not" in shown
    assert not Path("published").exists()
