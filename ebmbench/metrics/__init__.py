"""What is measured on a trained energy."""

from ebmbench.metrics.base import Evaluation, Measurement, Metric, MetricInfo

__all__ = ["Evaluation", "Measurement", "Metric", "MetricInfo"]
