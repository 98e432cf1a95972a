"""Names of tasks and methods; they become paths and links, so they are checked when read."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import Field

from ebmbench.errors import EbmbenchError

_PATH = r"[a-z0-9][a-z0-9-]*(/[a-z0-9][a-z0-9-]*)*"
_SETTING = r"[a-z][a-z0-9_]*=[A-Za-z0-9.+-]+"

Name = Annotated[str, Field(pattern=rf"^{_PATH}$", max_length=100)]
MethodName = Annotated[
    str, Field(pattern=rf"^{_PATH}(\[{_SETTING}(,{_SETTING})*\])?$", max_length=200)
]
"""A name, and in brackets what ``--set`` put in: ``dsm[sigma=0.05]``."""


def method_label(name: str, settings: Mapping[str, Any]) -> str:
    """Return the name of a method with what was set by hand, ``dsm[sigma=0.05]``.

    Raises:
        EbmbenchError: a value that cannot be shown in a name.
    """
    if not settings:
        return name
    return f"{name}[{','.join(f'{k}={_shown(k, settings[k])}' for k in sorted(settings))}]"


def _shown(key: str, value: object) -> str:
    if isinstance(value, list):
        return "+".join(_shown(key, each) for each in value)
    text = str(value).lower() if isinstance(value, bool) else str(value)
    if isinstance(value, float):
        short = f"{value:g}"
        text = short if float(short) == value else repr(value)
    if not re.fullmatch(r"[A-Za-z0-9.+-]+", text):
        raise EbmbenchError(
            f"{key} is set to {value!r}, allowed in the name of a method: numbers and words of "
            "letters, digits, '.', '+' and '-'; write it into a card of your own"
        )
    return text
