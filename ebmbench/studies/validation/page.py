"""The validation as a page of Markdown."""

from __future__ import annotations

from collections.abc import Mapping

from ebmbench.studies.validation.exchange import REPEATS, SAMPLES
from ebmbench.studies.validation.findings import Findings
from ebmbench.studies.validation.page_tables import (
    estimates_table,
    hard_cases_table,
    refusal_reasons,
    samplers_table,
    spacings_table,
    trained_table,
)
from ebmbench.studies.validation.paths import CHAINS
from ebmbench.studies.validation.trained import DRAWS

ESTIMATES = """\
Errors are estimate minus truth, in nats. *Claimed* is the mean standard error; *covers* counts the
repeats whose 95 % interval holds the truth: the estimate, or the bracket where there is one, and
1.96 standard errors to each side; of `ais` and `adaptive` it is the bracket alone, of certified
and of refused numbers alike. `adaptive` is what runs use; `ais` starts at a given law, here the
moments of exact samples. *Ends* count the repeats in which the lower end is not above, the upper
end not below the truth; a stochastic bound holds in the mean and, by Markov's inequality, never
fails by much, so that where the bias is smaller than the noise about half is right. Of `ais`,
`adaptive` and `bdmc` the estimate is the conservative end, so its error leans upwards by design;
*point* is Bennett's estimate from the same chains, with its own interval. The bracket is
the median width. Seconds are those of one estimate, the median."""


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
            "cases that must be refused, models that objectives trained, and the evaluation "
            "sampler.",
            "",
            f"{words['processor']}, {words['cores']} cores, one thread an estimate; torch "
            f"{words['torch']}, Python {words['python']}; {when}. Seconds are of the processor.",
            "",
            verdict
            or "Every promise holds: no certified number is wrong, every interval covers "
            "as often as it claims, every bound holds in the mean, every hard case is refused.",
            "",
            "## Estimates",
            "",
            ESTIMATES,
            "",
            *estimates_table(found.rows),
            "",
            "![errors](errors.png)",
            "",
            *refusal_reasons(found.rows),
            "## Hard cases",
            "",
            "The error is that of the number that is refused.",
            "",
            *hard_cases_table(found.refusals),
            "",
            "## Trained models",
            "",
            "Trained at the preset `standard`, seed 0, and estimated as a run does, at that "
            "preset's effort and slack. *log Z* is importance sampling with "
            f"{DRAWS:,} draws from a law that other chains adapted, where the Pareto index *k* of "
            "its weights is below one half; elsewhere (in brackets) it is the median of the "
            "estimates, and *covers* says only how far they agree. *CPU* is the processor time of "
            "one estimate. Models whose data are not here are left out.",
            "",
            *trained_table(found.trained),
            "",
            "## The evaluation sampler",
            "",
            f"{SAMPLES} samples of two separated modes, {REPEATS} repeats: root mean square error "
            "of the heavier mode's share. *One temperature* makes as many transitions as parallel "
            "tempering; exact samples show the floor.",
            "",
            *samplers_table(found.mixing),
            "",
            "## Spacing of the temperatures",
            "",
            f"Mean log-weight of {CHAINS} reverse chains from exact samples minus that of as many "
            "forward chains, in nats, at equal cost: *learned* spaces the inverse temperatures by "
            "the thermodynamic length of the pilot run, which makes the variance of the "
            "increments equal; the runs use it. *Wide* is a law three times too wide, where the "
            "spacing matters most; on the funnel none helps there.",
            "",
            *spacings_table(found.gaps),
            "",
            "![brackets](brackets.png)",
            "",
        ]
    )
