"""What is to be said below the table of a board, the same in every format."""

from __future__ import annotations

from ebmbench.report.stats.boards import Board
from ebmbench.report.stats.room import Room
from ebmbench.report.tables.words import number_text


def board_notes(board: Board) -> list[str]:
    """Return what is to be said below the table of a board."""
    notes = []
    if board.cannot:
        notes.append(f"Cannot run on these tasks: {', '.join(board.cannot)}.")
    if unranked := unranked_words(board):
        notes.append(unranked)
    if board.cost_note:
        notes.append(board.cost_note)
    if tuning := tuning_words(board):
        notes.append(tuning)
    return notes


def unranked_words(board: Board) -> str:
    """Say which tasks have no room for a difference; empty if all have."""
    parts = [
        f"{board.labels[task]} ({_room_text(board.rooms[task])})"
        for task in board.tasks
        if task not in board.ranked_tasks
    ]
    if not parts:
        return ""
    return (
        "Not ranked, since the best is less than ten standard errors of a difference above the "
        f"Gaussian: {'; '.join(parts)}."
    )


def _room_text(room: Room) -> str:
    best = f"the best, {room.best}," if room.best else "the truth"
    if room.gap > 0:
        error = f", the error of a difference {number_text(room.error)}"
        return f"{best} is {number_text(room.gap)} nats above it{error}"
    return (
        f"{best} is {number_text(-room.gap)} nats below it" if room.gap else "nothing is above it"
    )


def tuning_words(board: Board) -> str:
    """Say which objectives were tuned and which were not; empty if none was."""
    objectives = [row for row in board.rows if row.kind != "reference"]
    by_trials: dict[int, list[str]] = {}
    for row in sorted(objectives, key=lambda row: (-row.trials, row.method)):
        by_trials.setdefault(row.trials, []).append(row.method)
    if not any(by_trials):
        return ""
    parts = [
        f"{'tuned, ' + str(trials) + ' trials' if trials else 'default'}: {', '.join(names)}"
        for trials, names in by_trials.items()
    ]
    return f"Settings: {'; '.join(parts)}."
