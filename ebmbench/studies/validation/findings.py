"""The validation as Markdown and as pictures."""

from __future__ import annotations

import math
import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from matplotlib.figure import Figure

from ebmbench.studies.validation.exchange import REPEATS, SAMPLES, Mixing
from ebmbench.studies.validation.paths import CHAINS, LAWS, SPACINGS, Gap
from ebmbench.studies.validation.refusals import RefusalOutcome
from ebmbench.studies.validation.runs import METHOD, TARGET, Bracket
from ebmbench.studies.validation.trials import QUANTILE, Row, problems

COLORS = {
    "quadrature": "C7",
    "importance": "C1",
    "smc": "C2",
    "ais": "C0",
    "bdmc": "C3",
    "bdmc-1024": "C3",
    "raise": "C4",
    "mbar": "C5",
}
ESTIMATES = """\
Errors are estimate minus truth, in nats. *Claimed* is the mean standard error; *covers* counts the
repeats whose 95 % interval holds the truth: the estimate, or the bracket where there is one, and
1.96 standard errors to each side. *Ends* count the repeats in which the lower end is not
above, the upper end not below the truth; a stochastic bound holds in the mean and, by Markov's
inequality, never fails by much, so that where the bias is smaller than the noise about half is
right. Of `ais` and `bdmc` the estimate is the conservative end, so its error leans upwards by
design; *point* is Bennett's estimate from the same chains, with its own interval. The bracket is
the median width. Seconds are the median of one estimate."""


@dataclass(frozen=True)
class Findings:
    """Everything that was measured."""

    rows: Sequence[Row]
    refusals: Sequence[RefusalOutcome]
    gaps: Sequence[Gap]
    mixing: Sequence[Mixing]
    brackets: Sequence[Bracket]

    @property
    def problems(self) -> list[str]:
        """Return what contradicts a promise, a sentence each."""
        found = [f"{r.case}, {r.estimator}: {text}" for r in self.rows for text in problems(r)]
        found += [f"{o.name}, {o.estimator}: not refused" for o in self.refusals if not o.refused]
        return found


def table(titles: Sequence[str], rows: Sequence[Sequence[str]]) -> list[str]:
    """Return the lines of a Markdown table."""
    return [
        f"| {' | '.join(titles)} |",
        f"|{' --- |' * len(titles)}",
        *(f"| {' | '.join(cells)} |" for cells in rows),
    ]


def to_markdown(found: Findings, words: Mapping[str, str], when: str) -> str:
    """Return the page.

    Arguments:
        found: what was measured.
        words: the machine and the versions.
        when: the time.
    """
    verdict = "\n".join(f"- {text}" for text in found.problems)
    return "\n".join(
        [
            "# Validation of the estimators",
            "",
            "By `make validate`: the estimators of `log Z` on models whose `log Z` is known, hard "
            "cases that must be refused, the evaluation sampler, and the brackets of trained "
            "models.",
            "",
            f"{words['processor']}, {words['cores']} cores, one thread an estimate; torch "
            f"{words['torch']}, Python {words['python']}; {when}. Other work may have shared the "
            "cores, so the seconds are an upper bound.",
            "",
            verdict
            or "Every promise holds: no certified number is wrong, every interval covers "
            "as often as it claims, every bound holds in the mean, every hard case is refused.",
            "",
            "## Estimates",
            "",
            ESTIMATES,
            "",
            *table(
                (
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
                ),
                [_estimate(row) for row in found.rows],
            ),
            "",
            "![errors](errors.png)",
            "",
            *_reasons(found.rows),
            "## Hard cases",
            "",
            "The error is that of the number that is refused.",
            "",
            *table(
                ("case", "estimator", "error", "outcome", "reason given"),
                [_hard(outcome) for outcome in found.refusals],
            ),
            "",
            "## Trained models",
            "",
            f"Trained by `{METHOD}` at the preset `standard`, seed 0; the law is that of the "
            "training rows. The effort is that of the preset named; both are held to the target "
            f"of {TARGET:g} nats here, while runs under `standard` accept five times a task's "
            "tolerance.",
            "",
            *table(
                (
                    "task",
                    "d",
                    "effort",
                    "bracket",
                    "standard error",
                    "certified",
                    "seconds",
                    "note",
                ),
                [_trained(bracket) for bracket in found.brackets],
            ),
            "",
            "## The evaluation sampler",
            "",
            f"{SAMPLES} samples of two separated modes, {REPEATS} repeats: root mean square error "
            "of the heavier mode's share. *One temperature* makes as many transitions as parallel "
            "tempering; exact samples show the floor.",
            "",
            *table(
                (
                    "model",
                    "sampler",
                    "error of share",
                    "least swap rate",
                    "restarts",
                    "seconds",
                ),
                [_sampler(mixing) for mixing in found.mixing],
            ),
            "",
            "## Spacing of the temperatures",
            "",
            f"Mean log-weight of {CHAINS} reverse chains from exact samples minus that of as many "
            "forward chains, in nats, at equal cost: *learned* spaces the inverse temperatures by "
            "the thermodynamic length of the pilot run, which makes the variance of the "
            "increments equal; the runs use it. *Wide* is a law three times too wide, where the "
            "spacing matters most; on the funnel none helps there.",
            "",
            *table(
                ("model", "initial law", "temperatures", *SPACINGS),
                _spacings(found.gaps),
            ),
            "",
            "![brackets](brackets.png)",
            "",
        ]
    )


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


def _reasons(rows: Sequence[Row]) -> list[str]:
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


def _hard(outcome: RefusalOutcome) -> list[str]:
    verdict = "refused" if outcome.refused else "NOT REFUSED"
    return [outcome.name, outcome.estimator, f"{outcome.error:+.3g}", verdict, outcome.note]


def _trained(bracket: Bracket) -> list[str]:
    return [
        bracket.task,
        str(bracket.dim),
        bracket.effort,
        "–" if bracket.bracket is None else f"{bracket.bracket:.2g}",
        "–" if bracket.stderr is None else f"{bracket.stderr:.2g}",
        "yes" if bracket.certified else "no",
        "–" if bracket.seconds is None else f"{bracket.seconds:.3g}",
        bracket.note,
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


def _spacings(gaps: Sequence[Gap]) -> list[list[str]]:
    widths = {(g.model, g.law, g.temperatures, g.spacing): g.width for g in gaps}
    keys = dict.fromkeys((g.model, g.law, g.temperatures) for g in gaps)
    return [
        [model, law, str(count), *(f"{widths[model, law, count, s]:.3g}" for s in SPACINGS)]
        for model, law, count in keys
    ]


def draw_errors(rows: Sequence[Row]) -> Figure:
    """Draw the mean error of every row with the mean claimed interval, and each repeat."""
    figure = Figure(figsize=(9, 0.2 * len(rows) + 1.2), layout="constrained")
    ax = figure.subplots()
    ax.axvline(0.0, color="0.6", lw=0.8)
    for k, row in enumerate(rows):
        errors = [trial.error for trial in row.trials]
        half = QUANTILE * statistics.fmean(trial.stderr for trial in row.trials)
        color = COLORS[row.estimator]
        ax.plot(errors, [k] * len(errors), "|", c=color, ms=5, alpha=0.5)
        ax.errorbar([statistics.fmean(errors)], [k], xerr=[half], fmt="o", c=color, ms=3, lw=1)
    ax.set_xscale("symlog", linthresh=0.01)
    ax.set_yticks(range(len(rows)), [f"{r.case}: {r.estimator}" for r in rows], fontsize=6)
    ax.set_ylim(len(rows), -1)
    ax.set_xlabel("error in nats: repeats, and their mean ± 1.96 claimed standard errors")
    ax.spines[["top", "right"]].set_visible(False)
    return figure


def draw_brackets(gaps: Sequence[Gap]) -> Figure:
    """Draw the bracket of single chains against the number of temperatures."""
    models = list(dict.fromkeys(gap.model for gap in gaps))
    figure = Figure(figsize=(3.2 * len(models), 5.6), layout="constrained")
    axes = figure.subplots(len(LAWS), len(models), squeeze=False, sharex=True)
    for i, law in enumerate(LAWS):
        for ax, model in zip(axes[i], models, strict=True):
            for k, spacing in enumerate(SPACINGS):
                line = [g for g in gaps if (g.model, g.law, g.spacing) == (model, law, spacing)]
                x, y = [g.temperatures for g in line], [g.width for g in line]
                ax.semilogx(x, y, "osD"[k] + "-", label=spacing, ms=4, lw=1.2)
                # near zero the difference is noise of either sign
                ax.set_yscale("symlog", linthresh=0.1)
                ax.set_xticks(x, [str(n) for n in x])
            ax.minorticks_off()
            ax.set_title(f"{model}, law: {law}", fontsize=8)
            ax.spines[["top", "right"]].set_visible(False)
    for ax in axes[-1]:
        ax.set_xlabel("temperatures")
    for row in axes:
        row[0].set_ylabel("reverse minus forward, nats")
    axes[0, 0].legend(frameon=False, fontsize=8)
    return figure
