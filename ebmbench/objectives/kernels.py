"""The kernels that move the chains of likelihood objectives, by name, and what they report."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated

from pydantic import AfterValidator
from torch import Tensor

from ebmbench.errors import EbmbenchError
from ebmbench.registry import SAMPLERS
from ebmbench.samplers.base import Sampler
from ebmbench.samplers.run import Trace


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


def chain_info(trace: Trace) -> Mapping[str, Tensor]:
    """Return the diagnostics of every chain objective: scalars by name.

    ``dead_chains`` is the share of chains of which no proposal of this training step was
    accepted; of ``k`` independent proposals accepted with probability ``a`` it would be
    ``(1 - a)^k``.
    """
    return {
        "acceptance": trace.acceptance,
        "divergent": trace.divergent,
        "dead_chains": trace.dead,
        "step_size": trace.step_sizes.typical,
    }
