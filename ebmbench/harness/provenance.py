"""What a number depends on besides the cards: code, data, versions and the machine."""

from __future__ import annotations

import hashlib
import os
import platform
import subprocess
from datetime import UTC, datetime
from functools import cache
from importlib.metadata import version
from pathlib import Path

import psutil
import torch

from ebmbench import __version__
from ebmbench.datasets.base import Dataset

PACKAGES = ("torch", "numpy", "scipy", "scikit-learn")


@cache
def code_hash() -> str:
    """Return 16 hexadecimal digits of the hash of the package's source files."""
    root = Path(__file__).parent.parent
    digest = hashlib.sha256()
    for path in sorted(root.rglob("*.py")):
        digest.update(path.relative_to(root).as_posix().encode())
        digest.update(path.read_bytes())
    return digest.hexdigest()[:16]


@cache
def commit_here() -> str:
    """Return 12 digits of the commit of the checkout that this package is in, or nothing."""
    root = Path(__file__).parents[2]
    if not (root / ".git").exists():
        return ""
    asked = ["git", "-C", str(root), "rev-parse", "--short=12", "HEAD"]
    found = subprocess.run(asked, capture_output=True, text=True, check=False)
    return found.stdout.strip() if found.returncode == 0 else ""


def data_hash(dataset: Dataset) -> str:
    """Return 16 hexadecimal digits of the hash of all rows, in order."""
    digest = hashlib.sha256()
    for rows in (dataset.train, dataset.validation, dataset.test):
        digest.update(repr(tuple(rows.shape)).encode())
        digest.update(rows.contiguous().numpy().data)
    return digest.hexdigest()[:16]


def now() -> str:
    """Return the time in UTC by ISO 8601, to the second."""
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def versions() -> dict[str, str]:
    """Return the versions of Python, of this package and of what it computes with."""
    found = {"python": platform.python_version(), "ebmbench": __version__}
    return found | {name: _version(name) for name in PACKAGES}


def machine(device: str, numerics: dict[str, str]) -> dict[str, str]:
    """Return the machine in words.

    Arguments:
        device: where training runs.
        numerics: what :func:`ebmbench.numerics.configure` chose.
    """
    words = {
        "processor": _processor(),
        "cores": str(os.cpu_count()),
        "memory_gib": f"{psutil.virtual_memory().total / 2**30:.0f}",
        "system": f"{platform.system()} {platform.machine()}",
        "device": device,
    }
    if device != "cpu":
        words["gpu"] = torch.cuda.get_device_name()
    return words | numerics


_version = cache(version)


@cache
def _processor() -> str:
    try:
        for line in Path("/proc/cpuinfo").read_text().splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    except OSError:
        pass
    return platform.processor() or "unknown"
