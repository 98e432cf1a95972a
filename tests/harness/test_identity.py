"""What a record stands on: classes, files beside cards, rows, and the files beside itself."""

from __future__ import annotations

import os
import textwrap
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from ebmbench import catalog
from ebmbench.cards import MethodCard, TaskCard, card_by_path
from ebmbench.errors import EbmbenchError
from ebmbench.harness import store
from ebmbench.harness.grid import execute, plan
from ebmbench.harness.identity import files_hash, source_hash
from ebmbench.harness.job import Job, requested_id
from ebmbench.harness.progress import Reporter
from ebmbench.harness.run import run_job
from ebmbench.harness.store import Artifacts, write_run
from ebmbench.records import Record, Status, beside, files_beside, read_record
from ebmbench.report.audit import record_problems

LOADER = """
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch

from ebmbench.datasets.base import Dataset, Loader
from ebmbench.options import options
from near.scale import SCALE

@options
class Table(Loader):
    path: Path

    def files(self):
        return (self.path,)

    def load(self, sizes, seed, data_dir):
        rows = torch.tensor(SCALE * np.loadtxt(self.path, delimiter=","), dtype=torch.float32)
        return Dataset(train=rows[:40], validation=rows[40:50], test=rows[50:])
"""


@pytest.fixture
def own_task(small_task: TaskCard, tmp_path: Path) -> TaskCard:
    """A task whose loader, and a file of rows that it reads, lie beside its card."""
    folder = tmp_path / "mine"
    (folder / "near").mkdir(parents=True)
    (folder / "my_rows.py").write_text(LOADER)
    (folder / "near/scale.py").write_text("SCALE = 1.0\n")
    write_rows(folder, 0)
    data = small_task.data.model_copy(
        update={"loader": "my_rows:Table", "options": {"path": "rows.csv"}}
    )
    metrics = small_task.metrics.model_copy(update={"names": ["log_likelihood"]})
    card = small_task.model_copy(update={"name": "mine", "data": data, "metrics": metrics})
    return card.placed(folder)


def write_rows(folder: Path, seed: int) -> None:
    import numpy as np

    np.savetxt(
        folder / "rows.csv", np.random.default_rng(seed).normal(size=(60, 2)), delimiter=","
    )


def run(methods: list[str], task: TaskCard, out: Path) -> list[Record]:
    cards = [catalog.methods()[name] for name in methods]
    return execute(plan([task], cards, out, preset="smoke"), out, Reporter(), workers=1)


def test_new_rows_in_the_file_of_a_card_are_seen(own_task: TaskCard, tmp_path: Path) -> None:
    out, gaussian = tmp_path / "out", catalog.methods()["gaussian"]
    (before,) = run(["gaussian"], own_task, out)
    assert before.status is Status.OK
    assert before.hashes["files"] == files_hash(own_task)
    assert plan([own_task], [gaussian], out, preset="smoke").run == []
    assert own_task.folder is not None
    write_rows(own_task.folder, 1)
    with pytest.raises(EbmbenchError, match=r"runs of mine on other rows \(gaussian seed 0\)"):
        plan([own_task], [catalog.methods()["gmm"]], out, preset="smoke")
    request = plan([own_task], [gaussian], out, preset="smoke")
    assert request.again == ["1 run again: a file beside the task's card has changed"]
    (after,) = execute(request, out, Reporter(), workers=1)
    assert after.hashes["data"] != before.hashes["data"]
    assert [j.run_id for j in plan([own_task], [gaussian], out, preset="smoke").done] == [
        after.run_id
    ]


def test_rows_that_changed_unseen_are_not_mixed_into_a_folder(
    own_task: TaskCard, tmp_path: Path
) -> None:
    first = run_job(Job(own_task, catalog.methods()["gaussian"], 0, "smoke"), tmp_path, False)
    other = replace(Job(own_task, catalog.methods()["kde"], 0, "smoke"), rows=first.hashes["data"])
    assert run_job(other, tmp_path, False).status is Status.OK
    assert own_task.folder is not None
    write_rows(own_task.folder, 1)
    refused = run_job(other, tmp_path, False)
    assert refused.status is Status.FAILED
    assert "rows of mine at seed 0 are not those of the other records" in refused.message
    assert record_problems(tmp_path, requested_id) == []
    run_job(replace(other, rows=None), tmp_path, False)
    assert record_problems(tmp_path, requested_id) == [
        "mine seed 0: gaussian and kde were run on different rows"
    ]


@pytest.mark.parametrize("changed", ["my_rows.py", "near/scale.py"])
def test_the_source_of_a_class_and_of_what_it_imports_is_hashed(
    changed: str, own_task: TaskCard
) -> None:
    method = catalog.methods()["gaussian"]
    assert own_task.folder is not None
    before = source_hash(own_task, method)
    assert before == source_hash(own_task, catalog.methods()["dsm"])
    path = own_task.folder / changed
    path.write_text(path.read_text() + "# more\n")
    assert source_hash(own_task, method) != before
    (own_task.folder / "not_imported.py").write_text("")
    path.write_text(path.read_text().removesuffix("# more\n"))
    assert source_hash(own_task, method) == before


def test_the_classes_of_this_package_have_no_hash_of_their_own(small_job: Job) -> None:
    assert source_hash(small_job.task, small_job.method) == ""
    assert files_hash(small_job.task) == ""


def test_an_objective_that_was_edited_is_run_again(
    small_task: TaskCard, sabotage: Callable[[str], MethodCard], tmp_path: Path
) -> None:
    card = sabotage("Works")
    assert card.folder is not None
    path = card.folder / "sabotage_objectives.py"
    path.write_text(
        path.read_text()
        + textwrap.dedent(
            """
            @options
            class Works(_Base):
                def act(self):
                    pass
            """
        )
    )
    request = plan([small_task], [card], tmp_path / "out", preset="smoke")
    (record,) = execute(request, tmp_path / "out", Reporter(), workers=1)
    assert record.status is Status.OK, record.message
    assert plan([small_task], [card], tmp_path / "out", preset="smoke").run == []
    path.write_text(path.read_text().replace("pass", "return None"))
    again = plan([small_task], [card], tmp_path / "out", preset="smoke")
    assert again.again == ["1 run again: the source of a class that a card names has changed"]


@pytest.mark.parametrize("killed_at", range(4))
def test_a_kill_while_a_run_is_written_leaves_the_old_one_whole(
    killed_at: int, small_job: Job, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    old = run_job(small_job, tmp_path, False)
    weights = beside(old, tmp_path, old.weights)
    assert weights is not None
    before = weights.read_bytes()
    calls = iter(range(9))
    real = store.write_bytes_atomically

    def dies(path: Path, content: bytes) -> None:
        if next(calls) == killed_at:
            raise KeyboardInterrupt
        real(path, content)

    monkeypatch.setattr(store, "write_bytes_atomically", dies)
    monkeypatch.setattr(store, "write_atomically", lambda path, text: dies(path, text.encode()))
    import torch

    other = Artifacts(b"other weights", torch.zeros(3, dtype=torch.float64), b"picture")
    with pytest.raises(KeyboardInterrupt):
        write_run(old, other, tmp_path)
    assert read_record(small_job.path(tmp_path)) == old
    assert weights.read_bytes() == before
    assert record_problems(tmp_path, requested_id) == []
    # What was left behind goes with the next write.
    monkeypatch.undo()
    new = write_run(old, other, tmp_path)
    folder = small_job.path(tmp_path).parent
    assert sorted(path.name for path in folder.iterdir()) == sorted([*new.files, "seed-0.json"])
    assert len(new.files) == 3


def test_a_file_that_is_not_the_one_of_its_record_is_not_believed(
    small_job: Job, tmp_path: Path
) -> None:
    record = run_job(small_job, tmp_path, False)
    paths = files_beside(record, tmp_path)
    assert len(paths) == 2
    for path in paths:
        honest = path.read_bytes()
        path.write_bytes(honest[:-1] + bytes([honest[-1] ^ 1]))
        with pytest.raises(EbmbenchError, match="is not the one that its record was written with"):
            beside(record, tmp_path, path.name)
        (problem,) = record_problems(tmp_path, requested_id)
        assert path.name in problem
        path.write_bytes(honest)
        os.utime(path)
    assert record_problems(tmp_path, requested_id) == []


def test_a_link_is_no_file_beside_a_record(small_job: Job, tmp_path: Path) -> None:
    record = run_job(small_job, tmp_path, False)
    path = beside(record, tmp_path, record.weights)
    assert path is not None
    path.rename(tmp_path / "elsewhere")
    path.symlink_to(tmp_path / "elsewhere")
    assert beside(record, tmp_path, record.weights) is None


def test_a_card_given_by_path_keeps_its_folder_through_tuning(own_task: TaskCard) -> None:
    assert own_task.folder is not None
    text = (Path("baselines") / "dsm.toml").read_text()
    (own_task.folder / "dsm.toml").write_text(text)
    card = card_by_path(MethodCard, own_task.folder / "dsm.toml")
    assert card.for_task("mine").folder == own_task.folder.resolve()
