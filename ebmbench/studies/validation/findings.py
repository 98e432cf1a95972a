"""Everything that a validation measures, and what of it contradicts a promise."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from ebmbench.studies.validation.exchange import Mixing
from ebmbench.studies.validation.paths import Gap
from ebmbench.studies.validation.refusals import RefusalOutcome
from ebmbench.studies.validation.trained import TrainedModel
from ebmbench.studies.validation.trials import Row, problems


@dataclass(frozen=True)
class Findings:
    """Everything that was measured."""

    rows: Sequence[Row]
    refusals: Sequence[RefusalOutcome]
    gaps: Sequence[Gap]
    mixing: Sequence[Mixing]
    trained: Sequence[TrainedModel]

    @property
    def problems(self) -> list[str]:
        """Return what contradicts a promise, a sentence each."""
        found = [f"{r.case}, {r.estimator}: {text}" for r in self.rows for text in problems(r)]
        known = [each.row for each in self.trained if each.truth_stderr is not None]
        found += [f"{r.case}, {r.estimator}: {text}" for r in known for text in problems(r)]
        found += [f"{o.name}, {o.estimator}: not refused" for o in self.refusals if not o.refused]
        return found
