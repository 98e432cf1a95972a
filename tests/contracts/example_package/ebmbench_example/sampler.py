"""Random-walk Metropolis."""

from typing import ClassVar

import torch

from ebmbench.options import options
from ebmbench.samplers.base import Sampler
from ebmbench.samplers.metropolis import accept


@options
class RandomWalk(Sampler):
    target_acceptance: ClassVar[float | None] = 0.3

    def step(self, state, target, step_size, generator):
        z = torch.empty_like(state.x).normal_(generator=generator)
        proposal = target.evaluate(state.x + step_size * z)
        log_ratio = target.log_density(proposal) - target.log_density(state)
        return accept(state, proposal, log_ratio, generator)
