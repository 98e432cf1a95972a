"""Markov chain Monte Carlo kernels, batched over chains."""

from ebmbench.samplers.base import ChainInfo, ChainState, LogDensityAndScore, Sampler

__all__ = ["ChainInfo", "ChainState", "LogDensityAndScore", "Sampler"]
