"""How a command ends: with one sentence for whatever stopped it, and a status."""

from __future__ import annotations

import io
import os
import signal
import sys
from types import FrameType

import click

from ebmbench.errors import EbmbenchError, cut
from ebmbench.plain import plain

LONGEST = 300
"""Characters of a sentence; what is quoted in one may be a stranger's, and of any length."""
SIGNALS = ("SIGTERM", "SIGHUP")


class Stopped(BaseException):
    """A signal asked the command to end; it does so as for Ctrl-C, and says which.

    It is no ``KeyboardInterrupt``, of which click would leave nothing but that there was one.
    """

    def __init__(self, number: int) -> None:
        super().__init__()
        self.number = number


def listen_to_signals() -> None:
    """Let a signal that ends a command do so in order: workers stopped, what is done kept."""
    for name in SIGNALS:
        number = getattr(signal, name, None)
        # Under nohup it is ignored, and stays so.
        if number is not None and signal.getsignal(number) is signal.SIG_DFL:
            signal.signal(number, _stop)


def _stop(number: int, _frame: FrameType | None) -> None:
    # A second one ends it at once.
    signal.signal(number, signal.SIG_DFL)
    raise Stopped(number)


def show_any_text() -> None:
    """Let output show a question mark where the locale has no × or ∇."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")


def say(error: BaseException) -> int:
    """Say in one sentence why a command ends, and return its status.

    Raises:
        BaseException: one that is a fault of ours and needs its traceback.
    """
    if isinstance(error, click.exceptions.Exit):
        return error.exit_code
    if isinstance(error, click.exceptions.NoArgsIsHelpError):
        # Its message is the help, and no sentence.
        error.show()
        return error.exit_code
    if isinstance(error, click.ClickException):
        context = error.ctx if isinstance(error, click.UsageError) else None
        if context is not None:
            click.echo(f"{context.get_usage()}\nTry '{context.command_path} --help'.\n", err=True)
        # Click puts every choice on a line of its own.
        sentence = " ".join(error.format_message().split())
        click.echo(f"Error: {shown(sentence)}", err=True)
        return error.exit_code
    if isinstance(error, Stopped):
        _say(f"stopped by {signal.Signals(error.number).name}; finished runs are kept")
        return 128 + error.number
    if isinstance(error, KeyboardInterrupt | click.exceptions.Abort):
        _say("interrupted; finished runs are kept")
        return 130
    if isinstance(error, EbmbenchError):
        _say(str(error))
        return error.status
    if isinstance(error, BrokenPipeError):
        # Whoever read the output has had enough; nothing is flushed into the closed pipe.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    if isinstance(error, OSError):
        where = f": {str(error.filename)!r}" if error.filename else ""
        _say(f"{error.strerror or error}{where}")
        return 1
    if isinstance(error, MemoryError):
        _say("not enough memory")
        return 1
    raise error


def _say(sentence: str) -> None:
    click.echo(f"ebmbench: {shown(sentence)}", err=True)


def shown(sentence: str) -> str:
    """Return a sentence as it goes to the terminal: of bounded length, and steering nothing."""
    return cut(plain(sentence), LONGEST)
