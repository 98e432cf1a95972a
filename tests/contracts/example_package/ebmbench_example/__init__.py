"""One contribution of every kind, as an installed package brings them."""

from pathlib import Path

TASKS = Path(__file__).parent / "tasks"
METHODS = Path(__file__).parent / "methods"
