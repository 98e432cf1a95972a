import os
import re
from typing import Annotated, Any

import pytest
from pydantic import Field

from ebmbench.errors import EbmbenchError, did_you_mean
from ebmbench.options import build, options


@options
class Noise:
    sigma: Annotated[float, Field(gt=0)]
    scales: list[int] = Field(default_factory=list)


def test_build_fills_defaults_and_is_frozen() -> None:
    noise = build(Noise, {"sigma": 1}, "card")
    assert noise == Noise(sigma=1.0)
    with pytest.raises(Exception, match=r"frozen|cannot assign"):
        noise.sigma = 2.0


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"sigma": -1.0}, "card: key 'sigma' is -1.0, allowed: greater than 0"),
        ({"sigma": 1.0, "scale": 3}, "card: unknown key 'scale'; did you mean 'scales'?"),
        ({"sigma": 1.0, "scales": [1.5]}, "card: key 'scales.0' is 1.5"),
        ({}, "key 'sigma' is missing"),
        ({"sigma": "wide"}, "key 'sigma' is 'wide', allowed: a valid number"),
    ],
)
def test_bad_options_are_refused(values: dict[str, object], message: str) -> None:
    with pytest.raises(EbmbenchError) as error:
        build(Noise, values, "card")
    assert message in str(error.value)


def test_did_you_mean_lists_names_when_nothing_is_near() -> None:
    assert did_you_mean("zzz", ["a", "b"]) == "; allowed: a, b"
    assert did_you_mean("zzz", []) == "; allowed: nothing"
    assert did_you_mean("zzz", [str(k) for k in range(20)]).endswith(", …")


class Needy:
    """A class of one's own that takes more than options."""

    def __init__(self, size: int) -> None:
        self.size = size


@pytest.mark.parametrize(
    ("named", "message"),
    [
        (os.system, "card.toml: <built-in function system> is no class, allowed: one"),
        (7, "card.toml: 7 is no class, allowed: one"),
        (Needy, "class 'Needy' cannot be made of these options: missing a required argument"),
    ],
)
def test_what_a_card_names_must_be_a_class_of_options(named: Any, message: str) -> None:
    with pytest.raises(EbmbenchError, match=re.escape(message)):
        build(named, {}, "card.toml")
