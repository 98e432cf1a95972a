"""How the gradients of the objectives relate to that of the likelihood, along a training run."""

from ebmbench.studies.gradients.measure import Comparison, compare_gradients

__all__ = ["Comparison", "compare_gradients"]
