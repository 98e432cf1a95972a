"""The sampling core: paths to a model, Markov kernels along them, batched over chains."""

from ebmbench.samplers.base import ChainInfo, ChainState, Sampler, Target
from ebmbench.samplers.bridge import Bridge

__all__ = ["Bridge", "ChainInfo", "ChainState", "Sampler", "Target"]
