"""Training objectives, one per file."""

from ebmbench.objectives.base import Cost, Objective, State, Step

__all__ = ["Cost", "Objective", "State", "Step"]
