"""A training that is cut in two by a kill ends at the same bits as one that is not."""

from __future__ import annotations

import errno
import hashlib
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load, save

from ebmbench import catalog
from ebmbench.cards import MethodCard
from ebmbench.cardtables import Budget, EnergyTable
from ebmbench.harness import checkpoint as checkpoint_module
from ebmbench.harness.build import load_data
from ebmbench.harness.checkpoint import Checkpoint, checkpoint_path, drop_checkpoint, identity
from ebmbench.harness.compatibility import reason_to_skip
from ebmbench.harness.executors.remote import Home, run_here
from ebmbench.harness.fitting import Fitted, fit
from ebmbench.harness.job import Job
from ebmbench.harness.run import run_job
from ebmbench.records import Record, Status, read_record
from ebmbench.registry import OBJECTIVES

STEPS = 9
STOP = 5
"""A mark of so few steps, at which progress is told, and before which the state was kept."""


class Killed(BaseException):
    """What a kill leaves behind is what was written before it."""


def kill_at(step: int) -> Callable[[int, int], None]:
    def progress(done: int, total: int) -> None:
        if done >= step:
            raise Killed

    return progress


def fitted(
    job: Job,
    path: Path | None,
    notes: list[str] | None = None,
    *,
    stop: int | None = None,
    seconds: float = 0.0,
) -> Fitted:
    """Fit a job, keeping its state after every step, up to its end or to a kill."""
    said: list[str] = [] if notes is None else notes
    checkpoint = Checkpoint(path, identity(job, {"data": "rows"}), seconds, said.append)
    progress = (lambda step, total: None) if stop is None else kill_at(stop)
    return fit(job, load_data(job.task, job.seed, None), 0.0, progress, checkpoint=checkpoint)


def untimed(found: Fitted) -> dict[str, Any]:
    """All that a fit gave but for what its clock said."""
    return {
        "weights": {name: t.clone() for name, t in found.energy.state_dict().items()},
        "learned": {name: t.detach().clone() for name, t in found.learned.items()},
        "last": {} if found.last is None else dict(found.last.tensors),
        "curve": [point.model_copy(update={"seconds": 0.0}) for point in found.curve],
        "counts": found.cost.model_dump(include={"energy_evaluations", "score_evaluations",
                                                 "hvp_evaluations", "auxiliary_evaluations",
                                                 "steps"}),
        "log_z": found.log_z,
        "selection": found.selection,
    }  # fmt: skip


def assert_same_bits(one: Fitted, other: Fitted) -> None:
    first, second = untimed(one), untimed(other)
    for name in ("weights", "learned", "last"):
        left, right = first.pop(name), second.pop(name)
        assert left.keys() == right.keys()
        for key, tensor in left.items():
            assert torch.equal(tensor, right[key]), f"{name} {key}"
    assert first == second


def jobs_of(method: MethodCard) -> Iterator[Job]:
    """Yield tiny jobs on each kind of energy, in four dimensions: no quadrature takes time."""
    base = catalog.tasks()["ica/laplace-4"]
    energies = (
        EnergyTable(kind="mlp", options={"hidden": [8], "activation": "silu"}),
        base.energy,
        EnergyTable(kind="mlp-levels", options={"hidden": [8], "levels": [1.0, 0.3, 0.1]}),
    )
    for energy in energies:
        task = base.model_copy(
            update={
                "data": base.data.model_copy(update={"train": 120, "validation": 40, "test": 20}),
                "budget": base.budget.model_copy(update={"smoke": Budget(steps=STEPS, batch=16)}),
                "energy": energy,
            }
        )
        yield Job(task, quick(method.for_task(base.name)), 0, "smoke")


def quick(method: MethodCard) -> MethodCard:
    """Return a method that prepares no flow at length before its first step."""
    if method.objective != "nce-flow":
        return method
    few = {**method.hyperparameters, "flow_steps": 3}
    return method.model_copy(update={"hyperparameters": few})


def job_of(method: MethodCard) -> Job:
    """Return the first of them that a method can do."""
    return next(job for job in jobs_of(method) if reason_to_skip(job) is None)


TRAINED = sorted(name for name, card in catalog.methods().items() if card.objective)


@pytest.mark.parametrize("name", TRAINED)
def test_a_killed_training_goes_on_to_the_same_bits(name: str, tmp_path: Path) -> None:
    job = job_of(catalog.methods()[name])
    whole = fitted(job, None)
    path = tmp_path / "state"
    with pytest.raises(Killed):
        fitted(job, path, stop=STOP)
    notes: list[str] = []
    resumed = fitted(job, path, notes, seconds=1e9)
    assert notes == []
    assert resumed.cost.resumed == 1
    assert len(resumed.curve) == len(whole.curve)
    assert_same_bits(resumed, whole)


def test_every_objective_is_tried() -> None:
    assert {str(catalog.methods()[name].objective) for name in TRAINED} >= set(OBJECTIVES)


@pytest.fixture
def job() -> Job:
    return job_of(catalog.methods()["pcd"])


@pytest.fixture
def killed(job: Job, tmp_path: Path) -> Path:
    """The state that a killed training leaves."""
    path = tmp_path / "state"
    with pytest.raises(Killed):
        fitted(job, path, stop=STOP)
    return path


def test_what_comes_after_a_kill_may_be_killed_too(job: Job, killed: Path) -> None:
    with pytest.raises(Killed):
        fitted(job, killed, stop=STOP + 2)
    resumed = fitted(job, killed)
    assert resumed.cost.resumed == 2
    assert_same_bits(resumed, fitted(job, None))


def test_a_training_that_was_kept_is_not_made_again_for_its_evaluation(
    job: Job, killed: Path
) -> None:
    first = fitted(job, killed, seconds=1e9)
    told: list[int] = []
    checkpoint = Checkpoint(killed, identity(job, {"data": "rows"}), 1e9)
    again = fit(
        job, load_data(job.task, job.seed, None), 0.0,
        lambda step, total: told.append(step), checkpoint=checkpoint,
    )  # fmt: skip
    assert told == []
    assert_same_bits(again, first)


@pytest.mark.parametrize(
    ("spoil", "why"),
    [
        (lambda content: content[:-7], "it is damaged"),
        (lambda content: content[:100] + b"\0" + content[101:], "it is damaged"),
        (lambda content: b"", "it is damaged"),
        (lambda content: signed(b"no safetensors"), "it is damaged"),
        (lambda content: signed(save({"shape": torch.zeros(3)})), "it is damaged"),
        (lambda content: reshaped(content, {"plain": 1}), "it has another shape"),
        (lambda content: reshaped(content, {"parts": {}}), "it has another shape"),
        (lambda content: reshaped(content, {"module:Class": 1}), "it has another shape"),
    ],
)
def test_a_state_that_cannot_be_read_is_dropped(
    spoil: Callable[[bytes], bytes], why: str, job: Job, killed: Path
) -> None:
    killed.write_bytes(spoil(killed.read_bytes()))
    notes: list[str] = []
    anew = fitted(job, killed, notes, seconds=1e9)
    assert notes == [f"the state of a killed run is dropped, and it begins anew: {why}"]
    assert anew.cost.resumed == 0
    assert not killed.exists()
    assert_same_bits(anew, fitted(job, None))


def signed(rest: bytes) -> bytes:
    return hashlib.sha256(rest).hexdigest().encode() + rest


def reshaped(content: bytes, tree: dict[str, Any]) -> bytes:
    """Return a whole state file of the right run whose shape says something else."""
    tensors = load(content[64:])
    words = json.loads(bytes(tensors.pop("shape").numpy()))
    text = json.dumps({**words, "tree": tree}).encode()
    return signed(save({"shape": torch.frombuffer(bytearray(text), dtype=torch.uint8), **tensors}))


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"data": "others"}, "hash of data"),
        ({"data": "rows", "source": "other"}, "hash of source"),
    ],
)
def test_a_state_of_another_run_is_dropped(
    changed: dict[str, str], words: str, job: Job, killed: Path
) -> None:
    notes: list[str] = []
    checkpoint = Checkpoint(killed, identity(job, changed), 1e9, notes.append)
    assert checkpoint.read({}) is None
    assert notes == [
        f"the state of a killed run is dropped, and it begins anew: it is of another {words}"
    ]


def test_a_state_of_another_request_or_version_is_dropped(
    job: Job, killed: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    content = killed.read_bytes()
    monkeypatch.setattr(torch, "__version__", "1.0")
    notes: list[str] = []
    fitted(replace(job, seed=1), killed, notes, seconds=1e9)
    assert notes[0].endswith("it is of another run and torch")
    killed.write_bytes(content)
    fitted(job, killed, notes, seconds=1e9)
    assert notes[1].endswith("it is of another torch")


def test_a_full_disk_takes_the_state_and_not_the_run(
    job: Job, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(path: Path, content: bytes) -> None:
        raise OSError(errno.ENOSPC, "No space left on device", str(path))

    monkeypatch.setattr(checkpoint_module, "write_bytes_atomically", full)
    notes: list[str] = []
    found = fitted(job, tmp_path / "state", notes)
    assert notes == [
        "the state of a run cannot be kept, and it goes on without: No space left on device"
    ]
    assert_same_bits(found, fitted(job, None))


def measured(job: Job) -> Job:
    """Return a job whose state is kept after every step, and whose evaluation takes no time."""
    metrics = job.task.metrics.model_copy(update={"names": ["fisher_divergence"]})
    return replace(job, checkpoint=0.0, task=job.task.model_copy(update={"metrics": metrics}))


def test_a_record_says_that_its_run_was_resumed(job: Job, tmp_path: Path) -> None:
    job = measured(job)
    with pytest.raises(Killed):
        run_job(job, tmp_path / "cut", False, kill_at(STOP))
    kept = checkpoint_path(job, tmp_path / "cut")
    assert kept.is_file()
    cut = run_job(job, tmp_path / "cut", False)
    whole = run_job(job, tmp_path / "whole", False)
    assert (cut.status, cut.cost.resumed, cut.contended) == (Status.OK, 1, True)  # type: ignore[union-attr]
    assert whole.cost is not None
    assert whole.cost.resumed == 0
    assert cut.metrics == whole.metrics
    assert cut.files == whole.files
    assert not kept.parent.exists()


@pytest.mark.slow
def test_a_remote_run_whose_process_dies_goes_on(
    job: Job, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    job = measured(job)
    out = tmp_path / "out"
    home = Home(out, out / "sign")
    out.mkdir()
    home.sign.touch()
    with pytest.raises(Killed):
        run_job(job, out, False, kill_at(STOP))
    shipment = run_here(job, None, home)
    assert shipment.over
    assert shipment.record.cost is not None
    assert shipment.record.cost.resumed == 1
    # It goes when the client has the record.
    assert checkpoint_path(job, out).is_file()
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    home.sign.unlink()
    assert home.here() == (tmp_path / "home/.cache/ebmbench", False)
    elsewhere = run_here(job, None, home)
    assert elsewhere.record.files == shipment.record.files
    assert not checkpoint_path(job, tmp_path / "home/.cache/ebmbench").exists()


def test_a_state_that_a_kill_cut_short_goes_with_its_run(job: Job, tmp_path: Path) -> None:
    torn, other = (
        checkpoint_path(each, tmp_path) for each in (job, replace(job, seed=job.seed + 1))
    )
    torn = torn.with_name(f".{torn.name}.k3x9")
    other = other.with_name(f".{other.name}.k3x9")
    torn.parent.mkdir(parents=True)
    for path in (torn, other):
        path.write_bytes(b"half of a sta")
    drop_checkpoint(job, tmp_path)
    assert not torn.exists()
    assert other.exists()
    drop_checkpoint(replace(job, seed=job.seed + 1), tmp_path)
    assert not torn.parent.exists()


COMMAND = [
    sys.executable, "-m", "ebmbench", "run", "--methods", "pcd", "--tasks", "2d/two-moons",
    "--preset", "smoke", "--steps", "300", "--checkpoint", "0.05", "--jobs", "1", "--json",
    "--out",
]  # fmt: skip


@pytest.mark.slow
def test_a_command_that_is_killed_goes_on_to_the_same_files(tmp_path: Path) -> None:
    with subprocess.Popen(
        [*COMMAND, str(tmp_path / "cut")], stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as run:
        states = tmp_path / "cut/.checkpoints"
        deadline = time.monotonic() + 100
        while not (states.is_dir() and list(states.glob("*.state"))):
            assert time.monotonic() < deadline
            time.sleep(0.02)
        os.kill(run.pid, signal.SIGKILL)
    for name in ("cut", "whole"):
        subprocess.run([*COMMAND, str(tmp_path / name)], check=True, capture_output=True)
    cut, whole = (one_record(tmp_path / name) for name in ("cut", "whole"))
    assert cut.cost is not None
    assert cut.cost.resumed == 1
    assert cut.files == whole.files
    assert cut.metrics == whole.metrics
    assert not states.exists()


def one_record(out: Path) -> Record:
    (path,) = (out / "runs").rglob("seed-0.json")
    return read_record(path)
