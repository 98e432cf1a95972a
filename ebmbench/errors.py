"""The one exception that users are meant to see."""

from __future__ import annotations

import difflib
from collections.abc import Iterable

from ebmbench.plain import plain

QUOTED = 160
"""Characters of what a library says of an input; it may repeat all of it."""


class EbmbenchError(Exception):
    """A request that cannot be met: one sentence that names the thing, what was found and allowed.

    The command line prints the sentence and exits with :attr:`status`.
    """

    status = 2


class RunStopped(EbmbenchError):
    """A run that began and cannot go on, such as on a full disk; what was finished is kept."""

    status = 1


def first_line(error: BaseException, otherwise: str | None = None) -> str:
    r"""Return the first line of what an error says, as long as a sentence can hold.

    Arguments:
        error: any; a stranger's class may raise anything.
        otherwise: what stands for no message; the name of the error's type when absent.

    Example:
        >>> first_line(ValueError("one\ntwo")), first_line(KeyError())
        ('one', 'KeyError')
    """
    lines = str(error).strip().splitlines()
    if lines:
        return cut(plain(lines[0]), QUOTED)
    return type(error).__name__ if otherwise is None else otherwise


def cut(text: str, longest: int = 80) -> str:
    """Return a text as long as a sentence can hold; what is longer ends with dots.

    Example:
        >>> cut("a" * 100, 5)
        'aaaa…'
    """
    return text if len(text) <= longest else text[: longest - 1] + "…"


def did_you_mean(found: str, allowed: Iterable[str], limit: int = 12) -> str:
    """Return ``"; did you mean 'x'?"``, or the allowed names when none is near.

    Arguments:
        found: what the user wrote.
        allowed: the names that exist.
        limit: how many names to print when nothing is near.
    """
    names = sorted(allowed)
    near = difflib.get_close_matches(cut(found), names, n=3, cutoff=0.6)
    if near:
        return "; did you mean " + " or ".join(repr(name) for name in near) + "?"
    shown = ", ".join(names[:limit]) + (", …" if len(names) > limit else "")
    return f"; allowed: {shown or 'nothing'}"
