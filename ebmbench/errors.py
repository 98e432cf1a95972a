"""The one exception that users are meant to see."""

from __future__ import annotations

import difflib
from collections.abc import Iterable


class EbmbenchError(Exception):
    """A request that cannot be met: one sentence that names the thing, what was found and allowed.

    The command line prints the sentence and exits with status 2.
    """


def did_you_mean(found: str, allowed: Iterable[str], limit: int = 12) -> str:
    """Return ``"; did you mean 'x'?"``, or the allowed names when none is near.

    Arguments:
        found: what the user wrote.
        allowed: the names that exist.
        limit: how many names to print when nothing is near.
    """
    names = sorted(allowed)
    near = difflib.get_close_matches(found, names, n=3, cutoff=0.6)
    if near:
        return "; did you mean " + " or ".join(repr(name) for name in near) + "?"
    shown = ", ".join(names[:limit]) + (", …" if len(names) > limit else "")
    return f"; allowed: {shown or 'nothing'}"
