"""Estimators of the partition function that take any energy.

Most return a :class:`LogZ`; Bennett's ratio works on the weights of annealed chains, and RAISE
returns likelihoods of points.
"""

from ebmbench.partition.adaptive import adaptive
from ebmbench.partition.ais import ais
from ebmbench.partition.base import LogZ
from ebmbench.partition.bdmc import bdmc
from ebmbench.partition.bennett import bennett
from ebmbench.partition.importance import importance_sampling
from ebmbench.partition.initial import InitialGaussian, InitialLaw, InitialMixture
from ebmbench.partition.mbar import mbar
from ebmbench.partition.quadrature import quadrature
from ebmbench.partition.reverse import raise_log_likelihood
from ebmbench.partition.smc import smc

__all__ = [
    "InitialGaussian",
    "InitialLaw",
    "InitialMixture",
    "LogZ",
    "adaptive",
    "ais",
    "bdmc",
    "bennett",
    "importance_sampling",
    "mbar",
    "quadrature",
    "raise_log_likelihood",
    "smc",
]
