"""Calls in processes of one thread each, whose outcomes come as they end."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterator, Mapping
from concurrent.futures import Future, ProcessPoolExecutor, as_completed
from typing import Any, TypeVar

from ebmbench.harness.executors.child import end_with_the_parent
from ebmbench.harness.executors.server import fork_server
from ebmbench.numerics import configure

K = TypeVar("K", bound=Hashable)
Call = tuple[Callable[..., Any], tuple[Any, ...]]
"""A function of a module, so that another process can call it, and its arguments."""


def as_they_end(calls: Mapping[K, Call], workers: int) -> Iterator[tuple[K, Future[Any]]]:
    """Yield the key and the finished future of every call; what waits is given up on an error.

    The processes end with this one.

    Arguments:
        calls: by key, in the order in which they start.
        workers: processes at a time.
    """
    if not calls:
        return
    with ProcessPoolExecutor(workers, mp_context=fork_server(), initializer=_start) as pool:
        waiting = {pool.submit(call, *rest): key for key, (call, rest) in calls.items()}
        try:
            for future in as_completed(waiting):
                yield waiting[future], future
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            raise


def _start() -> None:
    configure(threads=1)
    end_with_the_parent()
