"""LaTeX of cards as MathML, of which only what draws a formula comes through.

A card may be a stranger's. LaTeX as the converter knows it can style an element, name a class or
link to any address; a list of what is allowed leaves nothing of that to forget.
"""

from __future__ import annotations

import html
import re
from functools import cache
from xml.etree import ElementTree

from latex2mathml.converter import convert_to_element
from markupsafe import Markup

QUAD = re.compile(r"\\q?quad\b")
LONGEST = 4000
"""Characters of an equation that is drawn; a longer one is shown as it is."""
TAGS = frozenset(
    {
        "math", "mrow", "mi", "mo", "mn", "mtext", "mspace", "mstyle", "mfrac", "msqrt", "mroot",
        "msub", "msup", "msubsup", "munder", "mover", "munderover", "mtable", "mtr", "mtd",
    }
)  # fmt: skip
_WORD, _LENGTH = r"[a-z-]{1,20}", r"-?\d?(\.\d{1,4})?em"
ATTRIBUTES = {
    "xmlns": r"http://www\.w3\.org/1998/Math/MathML",
    "display": "block",
    "displaystyle": "true|false",
    "scriptlevel": r"[0-3]",
    "mathvariant": _WORD,
    "stretchy": "true|false",
    "fence": "true|false",
    "separator": "true|false",
    "accent": "true|false",
    "movablelimits": "true|false",
    "form": _WORD,
    "linethickness": r"0(px|em)?",
    "columnalign": _WORD,
    "rowspacing": _LENGTH,
    "columnspacing": _LENGTH,
    "width": _LENGTH,
    "minsize": _LENGTH,
    "maxsize": _LENGTH,
    "lspace": _LENGTH,
    "rspace": _LENGTH,
}
"""Attributes, and the values that each may have."""


@cache
def to_mathml(latex: str) -> Markup:
    r"""Return LaTeX as MathML, which browsers draw; as code where it is not understood.

    Example:
        >>> "<script>" in to_mathml(r"\text{<script>}")
        False
        >>> "style=" in to_mathml(r"\style{position:fixed}{x}")
        False
    """
    code = Markup("<code>{}</code>").format(latex)
    if len(latex) > LONGEST:
        return code
    try:
        math_element = convert_to_element(latex, display="block")
    except Exception:
        # The library raises errors of many kinds; a card's typing mistake must not end a report.
        return code
    for element in math_element.iter():
        if element.tag not in TAGS:
            return code
        for name, value in list(element.attrib.items()):
            if not re.fullmatch(ATTRIBUTES.get(name, "(?!)"), value):
                del element.attrib[name]
        # Signs come as character references, which would be escaped a second time.
        element.text = html.unescape(element.text) if element.text else element.text
    return Markup(ElementTree.tostring(math_element, encoding="unicode"))


def to_mathml_lines(latex: str) -> Markup:
    r"""Return LaTeX as MathML, a line for each part that ``\quad`` sets apart.

    No browser breaks a formula that is wider than its card.

    Example:
        >>> str(to_mathml_lines(r"a, \quad b")).count("<math")
        2
    """
    parts = [part for part in QUAD.split(latex) if part.strip()]
    if any(part.count("{") != part.count("}") for part in parts):
        parts = [latex]
    return Markup("").join(to_mathml(part) for part in parts)
