"""Command lines: valid ones that train nothing, and how a spoiled one is run."""

from __future__ import annotations

import contextlib
import io
import shlex
from pathlib import Path
from typing import Any
from unittest import mock

import click

from ebmbench.cli import app
from ebmbench.cli.ends import shown
from ebmbench.errors import EbmbenchError

COMMANDS = (
    "list tasks", "list methods --json", "list metrics",
    "run --methods dsm,nce --tasks 2d/rings --preset smoke --seeds 2 --plan --out x",
    "run --methods tag:score --tasks '2d/*' --set dsm.sigma=0.1,0.2 --plan --json",
    "run --methods './*.toml' --tasks all --steps 10 --timeout 5 --cost alone --plan",
    "report x --no-site", "compare x y", "check x", "check ./card.toml", "cite x",
    "score x --metrics log_likelihood", "merge x y --to z", "publish x --to y", "data list",
    "new method my-method", "new task rows --from rows.csv",
)  # fmt: skip
STOPPED = ("ebmbench.harness.grid.execute", "ebmbench.datasets.store.download")
"""What trains and what fetches: here they end in a sentence."""


def run_line(content: bytes, folder: Path) -> None:
    """Run a command line in a folder.

    Raises:
        EbmbenchError: of the same words, for all that the command line says in a sentence.
    """
    try:
        words = shlex.split(content.decode("utf-8", "surrogateescape"))
    except ValueError:
        return
    if words[:1] in (["study"], ["tune"]) or any("\0" in word for word in words):
        return
    with contextlib.ExitStack() as stack:
        stack.enter_context(contextlib.chdir(folder))
        for name in STOPPED:
            stack.enter_context(mock.patch(name, _stop))
        for stream in (contextlib.redirect_stdout, contextlib.redirect_stderr):
            stack.enter_context(stream(io.StringIO()))
        try:
            app(words, standalone_mode=False)
        except click.exceptions.NoArgsIsHelpError:
            return
        except click.ClickException as error:
            # As `ends.say` shows it.
            raise EbmbenchError(shown(" ".join(error.format_message().split()))) from None
        except EbmbenchError as error:
            raise EbmbenchError(shown(str(error))) from None
        except (OSError, MemoryError, KeyboardInterrupt) as error:
            # What is said of these has no more than the file's name in it.
            raise EbmbenchError(f"{type(error).__name__}") from None
        except (click.exceptions.Exit, click.exceptions.Abort):
            return


def _stop(*_: Any, **__: Any) -> None:
    raise EbmbenchError("nothing is run here")
