"""The tables that task cards and method cards are made of."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from ebmbench.options import Values

Positive = Annotated[int, Field(gt=0)]
Coordinates = Literal["standardised", "whitened"]
"""In which an energy is trained; see :mod:`ebmbench.energies.coordinates`."""


class Table(BaseModel):
    """A table of a card: no key that it does not know, no value of another type."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


class Citation(Table):
    """Where a task or a method comes from."""

    text: str
    """Authors (year), title, venue, as a reader sees it."""
    url: str = ""
    bibtex: str = ""


class Published(Table):
    """A number that a paper prints for this task."""

    model: str
    metric: str
    value: float
    source: str
    """Paper, table and how the number was read."""


class DataTable(Table):
    """Which rows: the loader, its options and how many rows go where."""

    loader: str
    """A name of :data:`ebmbench.registry.LOADERS` or ``package.module:Class``."""
    options: Values = {}
    train: Positive | None = None
    """Training rows; absent: all that the data set has for it."""
    validation: Positive | None = None
    test: Positive | None = None
    held_out: Literal["test", "validation"] = "test"
    """Which rows the metrics look at; a search for settings never looks at test rows."""


class EnergyTable(Table):
    """The energy network, the same for every method."""

    kind: str
    """A name of :data:`ebmbench.registry.ENERGIES` or ``package.module:Class``."""
    options: Values = {}


class Budget(Table):
    """What every method may spend on one run."""

    steps: Positive
    batch: Positive


class Budgets(Table):
    """One budget per preset."""

    smoke: Budget
    standard: Budget
    full: Budget


class MetricsTable(Table):
    """Which metrics exist for the task, and how the log-likelihood is computed."""

    names: list[str]
    """Names of :data:`ebmbench.metrics.registry.METRICS`, or ``module:attribute``."""
    log_z: Literal["exact", "quadrature", "ais"]
    """How ``log Z`` is found for an energy that does not know its own."""
    tolerance: Annotated[float, Field(gt=0)] = 0.1
    """Nats: the widest bracket of ``log Z`` that the full budget still certifies."""


class Optimiser(Table):
    """Adam and what is done around it; all objectives have the same knobs."""

    learning_rate: Annotated[float, Field(gt=0)] = 1e-3
    betas: list[Annotated[float, Field(ge=0, lt=1)]] = [0.9, 0.999]
    schedule: Literal["constant", "cosine"] = "cosine"
    weight_average: Annotated[float, Field(ge=0, lt=1)] = 0.0
    """Decay of an exponential moving average of the weights, evaluated in their place; 0: none."""
    weight_decay: Annotated[float, Field(ge=0)] = 0.0
    """Decoupled decay of the energy's weights per unit of the learning rate (AdamW); 0: none."""
    clip_norm: Annotated[float, Field(gt=0)] | None = None
    """Largest Euclidean norm of the gradient of all parameters; absent: it is not clipped."""

    @model_validator(mode="after")
    def _two_betas(self) -> Optimiser:
        if len(self.betas) != 2:
            raise ValueError("two numbers, beta1 and beta2")
        return self


class SearchRange(Table):
    """The declared search space of one hyper-parameter or of a setting of the optimiser."""

    low: float | None = None
    high: float | None = None
    log: bool = False
    choices: list[Any] = []

    @model_validator(mode="after")
    def _one_kind(self) -> SearchRange:
        if bool(self.choices) == (self.low is not None and self.high is not None):
            raise ValueError("either low and high, or choices")
        return self


class Tuned(Table):
    """Values that replace the defaults on the tasks that match."""

    tasks: str
    """A task name or a glob (``2d/*``)."""
    found: str
    """How the values were found: the search, its budget and its selection rule."""
    trials: Positive | None = None
    """Settings that ``ebmbench tune`` tried; absent: the values were found in another way."""
    seeds: list[int] = []
    """Of its last round."""
    commit: str = ""
    """Of the code that searched."""
    coordinates: Coordinates | None = None
    hyperparameters: Values = {}
    optimiser: Values = {}
