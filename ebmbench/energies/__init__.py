"""Energies: networks over a Gaussian reference measure, and models with a known ``Z``."""

from ebmbench.energies.base import Energy

__all__ = ["Energy"]
