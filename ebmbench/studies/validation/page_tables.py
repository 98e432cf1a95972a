"""The tables of the validation's page, as lines of Markdown."""

from __future__ import annotations

import math
import statistics
from collections.abc import Sequence

from ebmbench.studies.validation.exchange import Mixing
from ebmbench.studies.validation.paths import SPACINGS, Gap
from ebmbench.studies.validation.refusals import RefusalOutcome
from ebmbench.studies.validation.trained import TrainedModel
from ebmbench.studies.validation.trials import Row


def estimates_table(rows: Sequence[Row]) -> list[str]:
    """Return one line for each estimator on each case."""
    titles = (
        "case",
        "d",
        "log Z",
        "estimator",
        "repeats",
        "mean error",
        "rms error",
        "claimed",
        "covers",
        "point: rms, covers",
        "lower end",
        "upper end",
        "bracket",
        "target",
        "certified",
        "seconds",
    )
    return _table(titles, [_estimate(row) for row in rows])


def refusal_reasons(rows: Sequence[Row]) -> list[str]:
    """Return one line for each row with refused repeats: how many, and the first reason."""
    refused = [row for row in rows if row.certified < len(row.trials)]
    if not refused:
        return []
    lines = [
        f"- {row.case}, {row.estimator}: {len(row.trials) - row.certified} of {len(row.trials)}; "
        f"{row.refusals[0]}."
        for row in refused
    ]
    return ["Refused, with the first reason given:", "", *lines, ""]


def hard_cases_table(outcomes: Sequence[RefusalOutcome]) -> list[str]:
    """Return one line for each case that must be refused."""
    titles = ("case", "estimator", "error", "outcome", "reason given")
    return _table(titles, [_hard(outcome) for outcome in outcomes])


def trained_table(models: Sequence[TrainedModel]) -> list[str]:
    """Return one line for each trained model."""
    titles = (
        "model",
        "d",
        "log Z",
        "k",
        "repeats",
        "mean error",
        "rms error",
        "covers",
        "bracket",
        "tolerance",
        "certified",
        "CPU",
    )
    return _table(titles, [_trained(model) for model in models])


def samplers_table(mixing: Sequence[Mixing]) -> list[str]:
    """Return one line for each sampler on each model of separated modes."""
    titles = ("model", "sampler", "error of share", "least swap rate", "restarts", "seconds")
    return _table(titles, [_sampler(each) for each in mixing])


def spacings_table(gaps: Sequence[Gap]) -> list[str]:
    """Return one line for each model, initial law and number of temperatures."""
    widths = {(g.model, g.law, g.temperatures, g.spacing): g.width for g in gaps}
    keys = dict.fromkeys((g.model, g.law, g.temperatures) for g in gaps)
    rows = [
        [model, law, str(count), *(f"{widths[model, law, count, s]:.3g}" for s in SPACINGS)]
        for model, law, count in keys
    ]
    return _table(("model", "initial law", "temperatures", *SPACINGS), rows)


def _table(titles: Sequence[str], rows: Sequence[Sequence[str]]) -> list[str]:
    """Return the lines of a Markdown table."""
    return [
        f"| {' | '.join(titles)} |",
        f"|{' --- |' * len(titles)}",
        *(f"| {' | '.join(cells)} |" for cells in rows),
    ]


def _estimate(row: Row) -> list[str]:
    errors = [trial.error for trial in row.trials]
    points = [trial.point for trial in row.trials if trial.point is not None]
    n = len(row.trials)
    point = f"{_rms(points):.2g}, {row.point_covered}/{n}" if points else "–"
    return [
        row.case,
        str(row.dim),
        f"{row.log_z:.3f}",
        row.estimator,
        str(n),
        f"{statistics.fmean(errors):+.2g}",
        f"{_rms(errors):.2g}",
        f"{statistics.fmean(trial.stderr for trial in row.trials):.2g}",
        f"{row.covered}/{n}",
        point,
        "–" if row.below is None else f"{row.below}/{n}",
        "–" if row.above is None else f"{row.above}/{n}",
        "–" if row.bracket is None else f"{row.bracket:.2g}",
        f"{row.target:g}",
        f"{row.certified}/{n}",
        f"{statistics.median(trial.seconds for trial in row.trials):.2g}",
    ]


def _rms(errors: Sequence[float]) -> float:
    return math.sqrt(statistics.fmean(error**2 for error in errors))


def _hard(outcome: RefusalOutcome) -> list[str]:
    verdict = "refused" if outcome.refused else "NOT REFUSED"
    return [outcome.name, outcome.estimator, f"{outcome.error:+.3g}", verdict, outcome.note]


def _trained(model: TrainedModel) -> list[str]:
    row, n = model.row, len(model.row.trials)
    errors = [trial.error for trial in row.trials]
    stderr = model.truth_stderr
    return [
        row.case,
        str(row.dim),
        f"({row.log_z:.3f})" if stderr is None else f"{row.log_z:.3f} ± {stderr:.2g}",
        f"{model.pareto_k:.2f}",
        str(n),
        f"{statistics.fmean(errors):+.2g}",
        f"{_rms(errors):.2g}",
        f"{row.covered}/{n}",
        "–" if row.bracket is None else f"{row.bracket:.2g}",
        f"{row.target:g}",
        f"{row.certified}/{n}",
        f"{model.cpu_seconds:.2g}",
    ]


def _sampler(mixing: Mixing) -> list[str]:
    return [
        mixing.model,
        mixing.sampler,
        f"{mixing.weight_error:.2g}",
        "–" if mixing.swap_rate is None else f"{mixing.swap_rate:.2f}",
        "–" if mixing.restarts is None else f"{mixing.restarts:.1f}",
        f"{mixing.seconds:.2g}",
    ]
