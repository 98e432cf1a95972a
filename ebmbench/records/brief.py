"""What of a record a resumed grid is compared by, read without the numbers."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, ConfigDict

from ebmbench.cards import MethodCard, Preset, Selection, TaskCard
from ebmbench.names import MethodName, Name
from ebmbench.records.model import Record, Seed, Status


class Brief(BaseModel):
    """The fields of a :class:`Record` that say what was asked and how it ended.

    Of a folder of a hundred thousand records they take a third of the time that whole ones do.
    The metrics are not looked into: of interest is whether there are any.
    """

    model_config = ConfigDict(extra="ignore", frozen=True)

    run_id: str
    task: Name
    method: MethodName
    seed: Seed
    preset: Preset
    status: Status
    message: str = ""
    selected_by: Selection = "own-loss"
    task_card: TaskCard
    method_card: MethodCard
    metrics: dict[str, Any] = {}
    hashes: dict[str, str]
    machine: dict[str, str]


Outline = Brief | Record
"""Either will do where only those fields count."""
