"""The section "What won" of a README, from published records.

python -m ebmbench.report.what_won            # writes it into README.md
python -m ebmbench.report.what_won --check    # exit status 1 if it is not what the records say
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

from ebmbench.errors import EbmbenchError
from ebmbench.records import read_records
from ebmbench.report.stats.boards import Board, Boards, Row
from ebmbench.report.tables.verdict import verdict_of
from ebmbench.report.tables.words import seeds_text
from ebmbench.report.write import read_boards

BEGIN = "<!-- what won: written by `make what-won`, checked against results/ by the tests -->"
END = "<!-- what won: end -->"
QUALITY = ("2026-12-standard",)
"""Published folders whose boards are told of."""
COST = "2026-11-cost"
"""The published folder of costs measured alone."""


def what_won(results: Path) -> str:
    """Return the section, without its marks.

    Boards of a single task are left out: no order over tasks follows from one.

    Arguments:
        results: the folder that holds the published ones.

    Raises:
        EbmbenchError: a folder is not there.
    """
    lines = []
    for name in QUALITY:
        boards = read_boards(read_records(results / name), results / name)
        lines += [f"{_intro(name, boards)}:", ""]
        lines += [_line(board) for board in boards.boards if len(board.tasks) > 1]
        lines.append("")
    boards = read_boards(read_records(results / COST), results / COST)
    lines += ["What a step costs at the settings of 0.1, one run at a time:", ""]
    lines += [_cost_line(board) for board in boards.boards]
    lines += ["", f"All costs: [results/{COST}](results/{COST}/leaderboard.md)."]
    return "\n".join(lines)


def _intro(name: str, boards: Boards) -> str:
    return (
        f"With the `{boards.preset}` budget and {seeds_text(boards.boards)} "
        f"([all numbers](results/{name}/leaderboard.md))"
    )


def _line(board: Board) -> str:
    verdict = verdict_of(board)
    parts = (verdict.leader, verdict.level, verdict.reference)
    return f"- **{verdict.title}.** {' '.join(parts)}"


def _cost_line(board: Board) -> str:
    def step(row: Row) -> float:
        return row.step_ms or 0.0

    rows = sorted(
        (r for r in board.rows if not r.kind and r.step_ms), key=lambda r: (step(r), r.method)
    )
    words = [f"`{row.method}` {row.step_ms:.2f} ms" for row in rows]
    return f"- {', '.join(board.tasks)}: {', '.join(words)}."


def put_into(text: str, section: str) -> str:
    """Return a README with the section between its marks replaced.

    Raises:
        EbmbenchError: the marks are not there, once each and in order.
    """
    if text.count(BEGIN) != 1 or text.count(END) != 1 or text.index(BEGIN) > text.index(END):
        raise EbmbenchError(
            f"the README needs the lines {BEGIN!r} and {END!r}, once each in order"
        )
    before, _, rest = text.partition(BEGIN)
    _, _, after = rest.partition(END)
    return f"{before}{BEGIN}\n{section}\n{END}{after}"


def main(arguments: Sequence[str]) -> int:
    """Write or check the README of the current folder; return the exit status."""
    path = Path("README.md")
    try:
        text = path.read_text(encoding="utf-8")
        fresh = put_into(text, what_won(Path("results")))
    except (OSError, EbmbenchError) as error:
        print(f"what-won: {error}", file=sys.stderr)
        return 2
    if list(arguments) == ["--check"]:
        if fresh != text:
            print(
                "README.md is not what results/ give; `make what-won` writes it", file=sys.stderr
            )
        return int(fresh != text)
    path.write_text(fresh, encoding="utf-8", newline="")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
