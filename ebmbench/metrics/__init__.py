"""What is measured on a trained energy.

Only what needs no torch is imported here; the contract is in :mod:`ebmbench.metrics.base`.
"""

from ebmbench.metrics.info import METRIC_INFO, MetricInfo

__all__ = ["METRIC_INFO", "MetricInfo"]
