"""Where cards lie, and their TOML as it stands; light, so that listing them takes no time."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Literal

from ebmbench.errors import EbmbenchError, first_line
from ebmbench.plain import cleaned
from ebmbench.registry import installed

Kind = Literal["tasks", "methods"]
FOLDERS: dict[Kind, str] = {"tasks": "tasks", "methods": "baselines"}


def shipped(kind: Kind) -> Path:
    """Return the folder of the cards that come with the package."""
    package = Path(__file__).parent
    packed = package / "_cards" / FOLDERS[kind]
    return packed if packed.is_dir() else package.parent / FOLDERS[kind]


def card_files(kind: Kind) -> Iterator[tuple[str, Path]]:
    """Yield the name that each card must have, which is its path, and the file.

    The entry points ``ebmbench.tasks`` and ``ebmbench.methods`` add folders of cards (an object
    that is a path).

    Raises:
        EbmbenchError: a plug-in failed.
    """
    roots = [shipped(kind)]
    for point in installed(f"ebmbench.{kind}"):
        try:
            roots.append(Path(point.load()))
        except Exception as error:
            raise EbmbenchError(
                f"plug-in {point.name!r} ({point.value}) failed: {first_line(error)}"
            ) from error
    for root in roots:
        for path in sorted(root.rglob("*.toml")):
            yield path.relative_to(root).with_suffix("").as_posix(), path


def read_toml(path: Path) -> dict[str, Any]:
    """Read a card without looking at what it says.

    Raises:
        EbmbenchError: the file cannot be read or is not TOML.
    """
    try:
        # Some editors begin a file with a byte-order mark.
        found: dict[str, Any] = cleaned(tomllib.loads(path.read_text(encoding="utf-8-sig")))
        return found
    except OSError as error:
        raise EbmbenchError(f"card {str(path)!r} cannot be read: {error.strerror}") from None
    except RecursionError:
        raise EbmbenchError(
            f"card {str(path)!r} has too many lists or tables within each other"
        ) from None
    except ValueError as error:
        # Not only of TOML: bytes that are no UTF-8, or a number of thousands of digits.
        words = first_line(error)
        raise EbmbenchError(f"card {str(path)!r} is not valid TOML: {words}") from None
