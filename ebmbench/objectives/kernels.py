"""The kernels that move the chains of likelihood objectives, by name."""

from __future__ import annotations

from typing import Annotated

from pydantic import AfterValidator

from ebmbench.errors import EbmbenchError
from ebmbench.registry import SAMPLERS
from ebmbench.samplers.base import Sampler


def make_kernel(name: str) -> Sampler:
    """Return a kernel with its default options.

    Arguments:
        name: of :data:`ebmbench.registry.SAMPLERS`, or ``module:Class``.

    Raises:
        EbmbenchError: there is none of that name, or it is no sampler.
    """
    # Who builds an objective from a card has looked at the names in it.
    kernel = SAMPLERS.get(name, vouched=True)
    if not (isinstance(kernel, type) and issubclass(kernel, Sampler)):
        raise EbmbenchError(
            f"sampler {name!r} is no subclass of ebmbench.samplers.base.Sampler, the contract"
        )
    return kernel()


def _known(name: str) -> str:
    make_kernel(name)
    return name


KernelName = Annotated[str, AfterValidator(_known)]
"""The name of a kernel, checked when the hyper-parameters are."""


def chain_scores(kernel: Sampler, transitions: int) -> float:
    """Return the score evaluations of a chain of which only the last position is wanted."""
    moving = transitions - 1 if kernel.leaves_unseen else transitions
    return float(1 + moving * kernel.scores)
