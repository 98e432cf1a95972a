"""Signals that wait for a block of code that must not be left in its midst."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

SIGNALS = ("SIGINT", "SIGTERM", "SIGHUP")


@contextmanager
def signals_held_up() -> Iterator[None]:
    """Let the handlers of signals that end a command wait for the block.

    A fork server that is left with half a request complains of it with a traceback. Blocking the
    signals in this thread would not do: the kernel then gives them to another one, and Python runs
    the handler in the main thread all the same.

    A program that this block starts does not inherit the handlers. Outside the main thread, where
    no handler runs, nothing is done.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    waiting: list[tuple[int, FrameType | None]] = []
    before = {}
    for name in SIGNALS:
        number = getattr(signal, name, None)
        handler = number and signal.getsignal(number)
        # What is ignored stays so; a handler that is not Python's cannot be put back.
        if number is not None and handler not in (signal.SIG_IGN, None):
            before[number] = handler
            signal.signal(number, lambda number, frame: waiting.append((number, frame)))
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
    for number, frame in waiting[:1]:
        handler = before[number]
        if callable(handler):
            handler(number, frame)
        else:
            signal.raise_signal(number)
