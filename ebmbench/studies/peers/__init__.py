"""What installed libraries of energy-based models compute, against closed forms."""

from ebmbench.studies.peers.checks import CHECKS, Check, Finding, run_checks
from ebmbench.studies.peers.ebmkit import Ebmkit
from ebmbench.studies.peers.library import Library
from ebmbench.studies.peers.ours import Ours
from ebmbench.studies.peers.torchebm import Torchebm

__all__ = ["CHECKS", "LIBRARIES", "Check", "Finding", "Library", "run_checks"]

LIBRARIES: tuple[Library, ...] = (Ours(), Ebmkit(), Torchebm())
"""Ours first, so that whoever reads the table sees that the same checks are asked of it."""
