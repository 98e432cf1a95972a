"""Signals wait for a block that must not be left in its midst."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Iterator
from types import FrameType

import pytest

from ebmbench.harness.held_up import signals_held_up


class Ended(BaseException):
    pass


@pytest.fixture
def heeded() -> Iterator[None]:
    def end(_number: int, _frame: FrameType | None) -> None:
        raise Ended

    before = signal.signal(signal.SIGTERM, end)
    yield
    signal.signal(signal.SIGTERM, before)


def stop_this_process() -> None:
    os.kill(os.getpid(), signal.SIGTERM)


@pytest.mark.usefixtures("heeded")
def test_a_signal_waits_for_the_block_whichever_thread_gets_it() -> None:
    done: list[int] = []

    def block() -> None:
        with signals_held_up():
            other = threading.Thread(target=stop_this_process)
            other.start()
            other.join()
            stop_this_process()
            # Handlers run between two operations of the main thread.
            done.extend(range(1000))
        done.clear()

    with pytest.raises(Ended):
        block()
    assert len(done) == 1000
    with pytest.raises(Ended):
        stop_this_process()


@pytest.mark.usefixtures("heeded")
def test_an_error_in_the_block_comes_before_the_signal() -> None:
    def block() -> None:
        with signals_held_up():
            stop_this_process()
            raise ValueError("of the block")

    with pytest.raises(ValueError, match="of the block"):
        block()


def test_what_is_ignored_stays_ignored_and_other_threads_do_nothing() -> None:
    before = signal.signal(signal.SIGTERM, signal.SIG_IGN)
    try:
        with signals_held_up():
            stop_this_process()
        assert signal.getsignal(signal.SIGTERM) is signal.SIG_IGN
    finally:
        signal.signal(signal.SIGTERM, before)
    entered = []

    def enter() -> None:
        with signals_held_up():
            entered.append(True)

    other = threading.Thread(target=enter)
    other.start()
    other.join()
    assert entered == [True]
