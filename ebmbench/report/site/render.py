"""Jinja templates: one environment, with the few filters that pages need."""

from __future__ import annotations

import html
import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from latex2mathml.converter import convert_to_element
from markupsafe import Markup

from ebmbench.report.site.links import method_link, run_link, slug, task_link

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
    r"""Return a value as JSON that is safe inside a ``<script>``; what is not finite is null.

    Example:
        >>> str(embed({"x": [1.0, float("nan")], "y": "</script>"}))
        '{"x":[1.0,null],"y":"\\u003c/script>"}'
    """
    text = json.dumps(_finite(value), separators=(",", ":"), sort_keys=True, allow_nan=False)
    return Markup(text.replace("<", "\\u003c"))


@cache
def to_mathml(latex: str) -> Markup:
    r"""Return LaTeX as MathML, which browsers draw; as code where it is not understood.

    Example:
        >>> "<script>" in to_mathml(r"\text{<script>}")
        False
    """
    try:
        math_element = convert_to_element(latex, display="block")
    except Exception:
        # The library raises errors of many kinds; a card's typing mistake must not end a report.
        return Markup("<code>{}</code>").format(latex)
    for element in math_element.iter():
        # Signs come as character references, which would be escaped a second time.
        element.text = html.unescape(element.text) if element.text else element.text
    return Markup(ElementTree.tostring(math_element, encoding="unicode"))


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


def _finite(value: Any) -> Any:
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, Mapping):
        return {key: _finite(part) for key, part in value.items()}
    if isinstance(value, list | tuple):
        return [_finite(part) for part in value]
    return value


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
        "number": to_number,
        "slug": slug,
        "task_link": task_link,
        "method_link": method_link,
        "run_link": run_link,
    }
    return environment
