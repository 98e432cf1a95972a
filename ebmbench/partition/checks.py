"""The checks that an estimate by annealing must pass to be certified."""

from __future__ import annotations

import math

from ebmbench.partition.missed import Missed

LEAST_ACCEPTANCE = 0.4
LEAST_SIZE = 0.1
"""Smallest effective share of the chains."""


def disagreements(
    ends: dict[str, float], stderr: float, tolerance: float, size: float
) -> list[str]:
    """Say in words and numbers where the runs are not good enough; more temperatures may help.

    Arguments:
        ends: ``log Z`` of the runs ``half``, ``forward``, ``wide`` and ``reverse``.
        stderr: of the headline.
        tolerance: nats within which all must agree.
        size: the effective size of forward chains as a share of their number.
    """
    if not all(math.isfinite(value) for value in [*ends.values(), stderr]):
        return ["an estimate is not finite"]
    failures = []
    pairs = {
        "K and K/2 temperatures": abs(ends["forward"] - ends["half"]),
        "the two initial laws": abs(ends["forward"] - ends["wide"]),
        "forward and reverse chains": abs(ends["forward"] - ends["reverse"]),
    }
    for what, gap in pairs.items():
        if gap > tolerance:
            failures.append(f"{what} differ by {gap:.2g} nats, more than {tolerance:g}")
    if 2 * stderr > tolerance:
        failures.append(f"two standard errors are {2 * stderr:.2g} nats, more than {tolerance:g}")
    if size < LEAST_SIZE:
        failures.append(f"the effective size is {size:.1%} of the chains, below {LEAST_SIZE:.0%}")
    return failures


def failures_of(
    apart: list[str], tolerance: float, *, acceptance: float, missed: Missed
) -> list[str]:
    """Say in words and numbers which checks failed.

    Arguments:
        apart: the :func:`disagreements` of the runs.
        tolerance: nats within which all must agree.
        acceptance: of the forward chains.
        missed: what the search for minima found.
    """
    failures = list(apart)
    if acceptance < LEAST_ACCEPTANCE:
        failures.append(f"acceptance is {acceptance:.2f}, below {LEAST_ACCEPTANCE}")
    unvisited = missed.failure(tolerance)
    return failures if unvisited is None else [*failures, unvisited]
