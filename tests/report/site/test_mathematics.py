"""Of a card's LaTeX only what draws a formula reaches a page."""

from __future__ import annotations

from xml.etree import ElementTree

import pytest

from ebmbench import catalog
from ebmbench.report.site.mathematics import LONGEST, TAGS, to_mathml


@pytest.mark.parametrize(
    "latex",
    [
        r"\style{position:fixed;background:url(http://evil)}{x}",
        r"\href{javascript:alert(1)}{x}",
        r"\href{http://evil}{x}",
        r"\class{page}{x}",
        r"\color{url(http://evil)}{x}",
        r"\textcolor{red}{x}",
        r"\fbox{x}",
        r"x\hspace{9999em}y",
        r"\text{<script>alert(1)</script>}",
        r"\operatorname{<img src=x onerror=alert(1)>}",
        "{" * 5000,
        "x" * (LONGEST + 1),
    ],
)
def test_nothing_but_a_formula_comes_through(latex: str) -> None:
    text = str(to_mathml(latex))
    for word in ("style=", "href", "class=", "url(", "color", "<script", "<img", "9999em"):
        inside = text.replace(latex, "") if text.startswith("<code>") else text
        assert word not in inside
    root = ElementTree.fromstring(text)
    tags = {element.tag.rpartition("}")[2] for element in root.iter()}
    assert tags <= TAGS or tags == {"code"}


@pytest.mark.parametrize("name", catalog.methods())
def test_the_formulas_of_our_methods_lose_nothing(name: str) -> None:
    from latex2mathml.converter import convert_to_element

    latex = catalog.methods()[name].equation
    whole = convert_to_element(latex, display="block")
    root = ElementTree.fromstring(str(to_mathml(latex)))
    kept = [
        (each.tag.rpartition("}")[2], {k: v for k, v in each.attrib.items() if k != "xmlns"})
        for each in root.iter()
    ]
    said = [
        (each.tag, {k: v for k, v in each.attrib.items() if k != "xmlns"}) for each in whole.iter()
    ]
    assert kept == said
