"""What is measured on a trained energy.

Only what needs no torch is imported here; the contract is in :mod:`ebmbench.metrics.base`.
"""

from ebmbench.metrics.registration import Metric, metric
from ebmbench.metrics.registry import METRICS, find_metric, find_metrics

__all__ = ["METRICS", "Metric", "find_metric", "find_metrics", "metric"]
