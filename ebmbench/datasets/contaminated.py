r"""Rows of another task, some of them replaced by outliers.

Huber's contamination (1964, *Robust estimation of a location parameter*, Annals of Mathematical
Statistics 35): a share :math:`\varepsilon` of the training and validation rows comes from a broad
Gaussian, as in a table that nobody cleaned. Test rows are clean, and so is the truth.
"""

from __future__ import annotations

from dataclasses import fields, replace
from pathlib import Path
from typing import Annotated

import torch
from pydantic import Field
from torch import Tensor

from ebmbench.datasets.base import Dataset, Loader, Sizes
from ebmbench.errors import EbmbenchError, cut
from ebmbench.options import Values, build, options
from ebmbench.registry import LOADERS
from ebmbench.seeds import generator


@options
class ContaminatedLoader(Loader):
    """Replaces rows of another loader."""

    loader: str
    """A short name of :data:`ebmbench.registry.LOADERS`."""
    options: Values = Field(default_factory=dict)
    """Of that loader; a path in them would have no folder to begin at, and is refused."""
    share: Annotated[float, Field(gt=0, lt=1)] = 0.05
    """``ε``; exactly this share of the rows, rounded down."""
    scale: Annotated[float, Field(gt=0)] = 5.0
    """Standard deviations of the outliers over those of the clean training rows, by column."""

    def files(self) -> tuple[str | Path, ...]:
        """See :class:`~ebmbench.datasets.base.Loader`."""
        return self._inner().files()

    def load(self, sizes: Sizes, seed: int, data_dir: Path | None) -> Dataset:
        """See :class:`~ebmbench.datasets.base.Loader`."""
        clean = self._inner().load(sizes, seed, data_dir)
        mean, std = clean.train.mean(0), clean.train.std(0)

        def replaced(rows: Tensor, split: str) -> Tensor:
            random = generator("contaminated", self.loader, seed, split)
            count = int(self.share * len(rows))
            places = torch.randperm(len(rows), generator=random)[:count]
            noise = torch.randn(count, rows.shape[1], generator=random)
            changed = rows.clone()
            changed[places] = mean + self.scale * std * noise
            return changed

        return replace(
            clean,
            train=replaced(clean.train, "train"),
            validation=replaced(clean.validation, "validation"),
        )

    def _inner(self) -> Loader:
        inner: Loader = build(LOADERS.get(self.loader), dict(self.options), "data.options.options")
        for field in fields(inner):  # type: ignore[arg-type]
            if isinstance(value := getattr(inner, field.name), Path):
                raise EbmbenchError(
                    f"data.options.options: {field.name} is {cut(str(value))!r}, allowed below "
                    "the loader 'contaminated': no file beside a card"
                )
        return inner
