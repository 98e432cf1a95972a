"""Jinja templates: one environment, with the few filters that pages need."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from ebmbench.report.site.links import method_link, run_link, slug, task_link
from ebmbench.report.site.mathematics import to_mathml, to_mathml_lines
from ebmbench.report.tables.words import number_text

TEMPLATES = Path(__file__).parent / "templates"


@dataclass(frozen=True)
class Page:
    """A page before it is written."""

    path: str
    """Below the root of the site."""
    template: str
    values: Mapping[str, Any]

    @property
    def root(self) -> str:
        """The way from the page to the root of the site."""
        return "../" * self.path.count("/")


def render(page: Page, common: Mapping[str, Any]) -> str:
    """Return the HTML of a page.

    Arguments:
        page: what is on it.
        common: what every page shows, such as the preset.
    """
    template = _environment().get_template(page.template)
    return template.render(page=page, root=page.root, **common, **page.values)


def embed(value: Any) -> Markup:
    r"""Return a value as JSON that is safe inside a ``<script>``.

    Example:
        >>> str(embed({"x": [1.0, None], "y": "</script>"}))
        '{"x":[1.0,null],"y":"\\u003c/script>"}'

    Raises:
        ValueError: a number is not finite.
    """
    text = json.dumps(value, separators=(",", ":"), allow_nan=False)
    return Markup(text.replace("<", "\\u003c"))


def to_number(value: float | None, digits: int = 4) -> str:
    """Return a number with so many significant digits, or a dash.

    Example:
        >>> to_number(1234.5678), to_number(0.00012345), to_number(None)
        ('1235', '0.0001234', '–')
    """
    if value is None or math.isnan(value):
        return "–"
    if math.isinf(value):
        return "∞" if value > 0 else "−∞"
    if abs(value) >= 10**digits and value == int(value):
        return f"{value:,.0f}"
    return f"{value:.{digits}g}"


def in_two(text: str) -> tuple[str, str]:
    """Return a cell's number and what tells how sure it is, which narrow screens leave out.

    Example:
        >>> in_two("0.5 ± 0.1"), in_two("3.3 (3.1 to 3.6)"), in_two("refused 1/2")
        (('0.5', ' ± 0.1'), ('3.3', ' (3.1 to 3.6)'), ('refused 1/2', ''))
    """
    for sign in (" ± ", " ("):
        number, found, rest = text.partition(sign)
        if found:
            mark = rest[rest.index(" ") :] if sign == " ± " and " " in rest else ""
            return number + mark, sign + rest.removesuffix(mark)
    return text, ""


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=True,
        auto_reload=False,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {
        "embed": embed,
        "mathml": to_mathml,
        "mathml_lines": to_mathml_lines,
        "number": to_number,
        "in_two": in_two,
        "nats": number_text,
        "slug": slug,
        "task_link": task_link,
        "method_link": method_link,
        "run_link": run_link,
    }
    # A card may name any scheme, and that of a script would run.
    environment.tests["web_address"] = lambda url: url.startswith(("https://", "http://"))
    return environment
