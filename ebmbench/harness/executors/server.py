"""The fork server that processes come from: it has torch loaded, and loads it while others work.

Nothing heavy is imported here, so that it can be started before a command loads torch itself.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from multiprocessing import forkserver, get_context
from multiprocessing.context import ForkServerContext
from types import ModuleType

THREAD_VARIABLES = ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS")


def fork_server() -> ForkServerContext:
    """Return the context that processes come from; they have one thread each."""
    for name in THREAD_VARIABLES:
        os.environ[name] = "1"
    context = get_context("forkserver")
    context.set_forkserver_preload(["ebmbench.harness.run"])
    return context


def start_server() -> None:
    """Start the server now; it loads what runs need, two seconds, beside what comes next."""
    fork_server()
    with without_main():
        forkserver.ensure_running()


@contextmanager
def without_main() -> Iterator[None]:
    """Hide the user's script, which a process would import again and thereby run again.

    A run needs nothing from it.
    """
    script = sys.modules["__main__"]
    sys.modules["__main__"] = ModuleType("__main__")
    try:
        yield
    finally:
        sys.modules["__main__"] = script
