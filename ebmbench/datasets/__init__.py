"""Data: densities with known truth, ICA sources, UCI tables and images."""

from ebmbench.datasets.base import Dataset, Density, Loader, Modes, Sizes

__all__ = ["Dataset", "Density", "Loader", "Modes", "Sizes"]
