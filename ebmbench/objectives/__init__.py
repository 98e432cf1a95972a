"""Training objectives, one per file."""

from ebmbench.objectives.base import Objective, State, Step, StepCost

__all__ = ["Objective", "State", "Step", "StepCost"]
