"""The connections between objectives that theory predicts, measured."""

from ebmbench.connections.base import Connection, Outcome, run, run_all
from ebmbench.connections.checks import CONNECTIONS
from ebmbench.connections.setting import Setting, gaussian_setting, network_setting

__all__ = [
    "CONNECTIONS",
    "Connection",
    "Outcome",
    "Setting",
    "gaussian_setting",
    "network_setting",
    "run",
    "run_all",
]
