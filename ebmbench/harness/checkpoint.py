"""What a killed run goes on from: the state of its training, in one file beside the records.

The file begins with the hash of the rest, which is safetensors with the shape of the state as
JSON in it: nothing in it can run. It is written whole or not at all, names the run that it is of
(what was asked, the rows, the source of foreign classes, the code, the version of torch), and goes
when the record of that run stands. One that is damaged, or of another run, is dropped.
"""

from __future__ import annotations

import hashlib
import json
import math
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from safetensors.torch import load, save
from torch import Tensor

from ebmbench.errors import EbmbenchError
from ebmbench.files import write_bytes_atomically
from ebmbench.harness.job import Job
from ebmbench.harness.packing import Packed, pack, unpack
from ebmbench.harness.provenance import code_hash

FOLDER = ".checkpoints"
FORMAT = 1
SHAPE = "shape"
"""Name of the tensor that holds the JSON, as bytes."""
DIGITS = 64
READING = (
    EbmbenchError, OSError, KeyError, TypeError, ValueError, AttributeError, RecursionError,
)  # fmt: skip
"""What a file of any bytes may raise when it is read."""


def checkpoint_path(job: Job, out: Path) -> Path:
    """Return where the state of a run lies while it is being trained."""
    words = json.dumps([job.task.name, job.method.name, job.seed])
    return out / FOLDER / f"{hashlib.sha256(words.encode()).hexdigest()[:24]}.state"


def drop_checkpoint(job: Job, out: Path) -> None:
    """Take the state of a run away, whose record stands, and the folder if it was the last."""
    path = checkpoint_path(job, out)
    # Of another machine's disk perhaps, which may be read-only or gone by now.
    with suppress(OSError):
        path.unlink(missing_ok=True)
        # A state that a kill cut short lies under a temporary name.
        for torn in path.parent.glob(f".{path.name}.*"):
            torn.unlink(missing_ok=True)
        path.parent.rmdir()


def identity(job: Job, hashes: Mapping[str, str]) -> dict[str, str]:
    """Return in words which run a state is of.

    Arguments:
        job: what was asked.
        hashes: ``data``, and what :func:`ebmbench.harness.identity.named_hashes` found.
    """
    return {
        "format": str(FORMAT),
        "run": job.run_id,
        "code": code_hash(),
        "torch": torch.__version__,
        **{f"hash of {name}": value for name, value in hashes.items()},
    }


class Checkpoint:
    """The state of one run.

    Arguments:
        path: of the file; ``None``: it is neither written nor read.
        identity: which run it is of.
        seconds: between two of them.
        note: told in a sentence why one was dropped, or cannot be written.
    """

    def __init__(
        self,
        path: Path | None = None,
        identity: Mapping[str, str] | None = None,
        seconds: float = math.inf,
        note: Callable[[str], None] = lambda text: None,
    ) -> None:
        self._path = path
        self._identity = dict(identity or {})
        self._seconds = seconds
        self._note = note
        self._last = time.monotonic()
        self.parts = 0
        """Times that the training was taken up again."""
        self.written = False
        """Whether there is one, so that the end of the training is kept too."""

    @property
    def due(self) -> bool:
        """Whether it is time to write one."""
        return self._path is not None and time.monotonic() - self._last >= self._seconds

    def write(self, state: object, kept: Sequence[Tensor] = ()) -> None:
        """Write a state; where that cannot be done, say so and go on without."""
        assert self._path is not None
        try:
            packed = pack(state, kept)
            words = {"of": self._identity, "parts": self.parts, "tree": packed.tree}
            shape = torch.frombuffer(bytearray(json.dumps(words).encode()), dtype=torch.uint8)
            content = bytes(save({SHAPE: shape, **packed.tensors}))
            digest = hashlib.sha256(content).hexdigest()
            write_bytes_atomically(self._path, digest.encode() + content)
            self.written = True
        except (EbmbenchError, OSError) as error:
            words_of = error.strerror if isinstance(error, OSError) else str(error)
            self._note(f"the state of a run cannot be kept, and it goes on without: {words_of}")
            self._path = None
        self._last = time.monotonic()

    def read(self, template: object, kept: Sequence[Tensor] = ()) -> Any:
        """Return the state that was written; ``None``: there is none to go on from.

        Arguments:
            template: a state of the same run at its start; its generators and modules change.
            kept: as for :meth:`write`.
        """
        if self._path is None or not self._path.is_file():
            return None
        try:
            words, tensors = _read(self._path)
            of, parts, tree = words["of"], int(words["parts"]), words["tree"]
            if of != self._identity:
                other = [name for name in self._identity if of.get(name) != self._identity[name]]
                raise EbmbenchError(f"it is of another {' and '.join(other) or 'run'}")
            state = unpack(Packed(tree, tensors), template, kept)
        except READING as error:
            why = str(error) if isinstance(error, EbmbenchError) else "it is damaged"
            self._note(f"the state of a killed run is dropped, and it begins anew: {why}")
            self._path.unlink(missing_ok=True)
            return None
        self.parts = parts + 1
        self.written = True
        return state


def _read(path: Path) -> tuple[dict[str, Any], dict[str, Tensor]]:
    content = path.read_bytes()
    digest, rest = content[:DIGITS], content[DIGITS:]
    if hashlib.sha256(rest).hexdigest().encode() != digest:
        raise EbmbenchError("it is damaged")
    try:
        tensors = load(rest)
    except SafetensorError:
        raise EbmbenchError("it is damaged") from None
    words = json.loads(bytes(tensors.pop(SHAPE).numpy()))
    if not isinstance(words, dict):
        raise EbmbenchError("it is damaged")
    return words, tensors
