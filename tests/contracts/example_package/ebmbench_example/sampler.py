"""Random-walk Metropolis."""

import torch

from ebmbench.options import options
from ebmbench.samplers.base import ChainState, Sampler
from ebmbench.samplers.metropolis import accept


@options
class RandomWalk(Sampler):
    def init(self, x, target):
        return ChainState(x, *target(x))

    def step(self, state, target, step_size, generator):
        z = torch.empty_like(state.x).normal_(generator=generator)
        x = state.x + step_size * z
        proposal = ChainState(x, *target(x))
        return accept(state, proposal, proposal.log_density - state.log_density, generator)
