"""Estimators of the partition function; each takes any energy and returns a :class:`LogZ`."""

from ebmbench.partition.ais import ais
from ebmbench.partition.base import LogZ
from ebmbench.partition.bdmc import bdmc
from ebmbench.partition.importance import importance_sampling
from ebmbench.partition.law import GaussianLaw
from ebmbench.partition.quadrature import quadrature
from ebmbench.partition.smc import smc

__all__ = ["GaussianLaw", "LogZ", "ais", "bdmc", "importance_sampling", "quadrature", "smc"]
