"""The progress bar of a download, on the standard error stream of a terminal."""

from __future__ import annotations

from types import TracebackType

from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TransferSpeedColumn


class DownloadBar:
    """A bar for one file, as :func:`ebmbench.datasets.store.download` takes it.

    Arguments:
        name: of the file.
        console: where it is drawn; nothing is, unless that is a terminal.
    """

    def __init__(self, name: str, console: Console) -> None:
        columns = TextColumn("{task.description}"), BarColumn(), DownloadColumn()
        self._progress = Progress(
            *columns,
            TransferSpeedColumn(),
            console=console,
            disable=not console.is_terminal,
            transient=True,
        )
        self._task = self._progress.add_task(name, total=None)

    def __enter__(self) -> DownloadBar:
        """Begin to draw."""
        self._progress.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Take the bar away."""
        self._progress.stop()

    @property
    def total(self) -> float:
        """Bytes of the file, 0 while they are not known; setting them begins anew."""
        return self._progress.tasks[0].total or 0.0

    @total.setter
    def total(self, value: float) -> None:
        self._progress.reset(self._task, total=value or None)

    @property
    def done(self) -> float:
        """Bytes that have come."""
        return self._progress.tasks[0].completed

    def update(self, count: float) -> None:
        """Count so many more bytes."""
        self._progress.advance(self._task, count)

    def reset(self) -> None:
        """Count from zero again."""
        self._progress.reset(self._task)

    def close(self) -> None:
        """Nothing: the bar goes when its block ends."""
