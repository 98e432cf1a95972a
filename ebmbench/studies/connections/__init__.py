"""The connections between objectives that theory predicts, measured."""

from ebmbench.studies.connections.base import Connection, ConnectionOutcome, run, run_all
from ebmbench.studies.connections.contrast_to_score_matching import CONTRAST_TO_SCORE_MATCHING
from ebmbench.studies.connections.normalisers import NORMALISERS
from ebmbench.studies.connections.of_chains import OF_CHAINS
from ebmbench.studies.connections.setting import Setting, gaussian_setting, network_setting
from ebmbench.studies.connections.to_likelihood import TO_LIKELIHOOD
from ebmbench.studies.connections.within_score_matching import WITHIN_SCORE_MATCHING

CONNECTIONS: tuple[Connection, ...] = tuple(
    sorted(
        WITHIN_SCORE_MATCHING
        + CONTRAST_TO_SCORE_MATCHING
        + TO_LIKELIHOOD
        + NORMALISERS
        + OF_CHAINS,
        key=lambda each: (len(each.id[:3]), each.id),
    )
)
"""All of them, in the order of their numbers."""

__all__ = [
    "CONNECTIONS",
    "Connection",
    "ConnectionOutcome",
    "Setting",
    "gaussian_setting",
    "network_setting",
    "run",
    "run_all",
]
