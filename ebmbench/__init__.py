"""A benchmark of training objectives for energy-based models."""

__version__ = "0.1.0"
