"""The checks: each asks a library one question, of which the answer is known."""

from __future__ import annotations

import math
import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from ebmbench.errors import cut, first_line
from ebmbench.studies.peers import truths
from ebmbench.studies.peers.library import Library, Named
from ebmbench.studies.peers.setting import IMAGE, ROWS, Quadratic, wide_rows

REPEATS = 40
"""Of a loss with noise of its own."""
EXACT = 1e-3
"""Relative difference that counts as none."""
SPREAD = 4.0
"""Standard errors of the repeats that count as none."""
FAR = 5.0
"""Mean of the rows by which it is seen where chains start."""
DIM = 10
DISTANCE = 12.0
"""Between two modes of weights 0.2 and 0.8."""
TRUE_WEIGHTS = (0.2, 0.8)


@dataclass(frozen=True)
class Finding:
    """What a library does in one check."""

    check: str
    name: str
    """Of what was asked, as the library calls it."""
    found: str
    holds: bool | None
    """``None``: there is no right answer, and the finding is for information."""
    library: str = ""
    version: str = ""


@dataclass(frozen=True)
class Check:
    """One question."""

    title: str
    expected: str
    ask: Callable[[Library], list[Finding]]


def run_checks(libraries: Sequence[Library]) -> list[Finding]:
    """Ask all that are installed everything; what a library has not is left out."""
    found = []
    for check in CHECKS:
        for library in libraries:
            installed = library.version()
            if installed is None:
                continue
            with warnings.catch_warnings():
                # Libraries warn of what they deprecate.
                warnings.simplefilter("ignore")
                answers = check.ask(library)
            found += [
                Finding(check.title, each.name, each.found, each.holds, library.name, installed)
                for each in answers
            ]
    return found


def compare(
    measured: Sequence[float], expected: Sequence[float], errors: Sequence[float]
) -> tuple[str, bool]:
    """Say whether numbers are the expected ones, up to one positive factor.

    Arguments:
        measured: derivatives at several parameters.
        expected: in closed form.
        errors: standard errors of ``measured``.
    """
    squares = sum(e * e for e in expected)
    factor = sum(m * e for m, e in zip(measured, expected, strict=True)) / squares
    scale = max(abs(factor * e) for e in expected)
    same = all(
        abs(m - factor * e) <= EXACT * scale + SPREAD * error
        for m, e, error in zip(measured, expected, errors, strict=True)
    )
    if not same:
        pairs = zip(measured, expected, strict=True)
        shown = ", ".join(f"{m:.4g} for {e:.4g}" for m, e in pairs)
        return f"another function: derivatives {shown}", False
    if factor < 0:
        return f"the opposite sign (times {factor:.3g})", False
    slack = EXACT + SPREAD * max(errors) / max(abs(e) for e in expected)
    if abs(factor - 1) <= slack:
        return "as defined", True
    return f"as defined, times {factor:.3g}", True


def _losses(
    which: Callable[[Library], list[Named]],
    truth: Callable[[float, Tensor], float],
    image: bool = False,
) -> Callable[[Library], list[Finding]]:
    """Return the question for the derivatives of losses."""

    def ask(library: Library) -> list[Finding]:
        x = wide_rows(math.prod(IMAGE) if image else 3)
        x = x.view(ROWS, *IMAGE) if image else x
        expected = [truth(a, x) for a in truths.PRECISIONS]
        found = []
        for each in which(library):
            try:
                pairs = [_derivative(each, a, x, image) for a in truths.PRECISIONS]
            except Exception as error:
                # Whatever a library raises is what it does.
                words = (
                    f"raises {type(error).__name__}: {cut(first_line(error, 'no message'), 90)}"
                )
                found.append(Finding("", each.name, words, False))
                continue
            words, holds = compare([m for m, _ in pairs], expected, [e for _, e in pairs])
            found.append(Finding("", each.name, words, holds))
        return found

    return ask


def _derivative(loss: Named, a: float, x: Tensor, image: bool) -> tuple[float, float]:
    """Return the mean of the derivative in ``a`` over repeats, and its standard error."""
    slopes = []
    for seed in range(REPEATS):
        model = Quadratic(a, image)
        (slope,) = torch.autograd.grad(loss.loss(model, x, seed), model.a)
        slopes.append(float(slope))
        if slopes[:2] == [slopes[0]] * 2:
            # it draws nothing
            return slopes[0], 0.0
    found = torch.tensor(slopes, dtype=torch.float64)
    return float(found.mean()), float(found.std()) / math.sqrt(REPEATS)


def _contrast(library: Library) -> list[Finding]:
    expected = [truths.contrast(shift) for shift in truths.SHIFTS]
    found = []
    for name, derivative in library.contrast().items():
        measured = [derivative(shift) for shift in truths.SHIFTS]
        words, holds = compare(measured, expected, [0.0] * len(expected))
        found.append(Finding("", name, words, holds))
    return found


def _starts(library: Library) -> list[Finding]:
    x = wide_rows(2) + FAR
    found = []
    for each in library.chains():
        model = Quadratic(1e-3)
        each.loss(model, x, 0)
        ends = model.seen[-len(x) :]
        near = bool(torch.cdist(ends, x).amin(1).median() < 0.05)
        where = "at rows of the batch" if near else "elsewhere"
        words = f"{where}: mean {float(ends.mean()):.2f}, deviation {float(ends.std()):.2f}"
        persistent = "ersistent" in each.name or "Buffer" in each.name or each.name == "pcd"
        found.append(Finding("", each.name, words, None if persistent else near))
    return found


def _penalty(library: Library) -> list[Finding]:
    x = wide_rows(2)
    found = []
    for each in library.chains():
        model = Quadratic(1.0)
        loss = float(each.loss(model, x, 0).detach())
        negatives = model.seen[-len(x) :]
        plain = float((model(x).mean() - model(negatives).mean()).detach())
        holds = abs(loss - plain) < 1e-5
        words = "nothing" if holds else f"{loss - plain:.4f}, of a term that is on by default"
        found.append(Finding("", each.name, words, holds))
    return found


def _not_a_number(library: Library) -> list[Finding]:
    x = wide_rows(2)
    found = []
    for each in [*library.chains()[:1], *library.denoising()]:
        value = float(each.loss(Quadratic(1.0, value=math.nan), x, 0).detach())
        words = "not a number, too" if math.isnan(value) else f"{value:.3g}"
        found.append(Finding("", each.name, words, math.isnan(value)))
    return found


def two_modes(x: Tensor, first: float) -> Tensor:
    """Return the energy of a normalised mixture of two Gaussians, so that ``log Z`` is zero.

    Arguments:
        x: points, ``(n, d)``.
        first: coordinate of the lighter one; the other lies :data:`DISTANCE` further.
    """
    parts = []
    for weight, place in zip(TRUE_WEIGHTS, (first, first + DISTANCE), strict=True):
        centre = torch.zeros(x.shape[1], dtype=x.dtype)
        centre[0] = place
        parts.append(math.log(weight) - 0.5 * (x - centre).square().sum(1))
    constant = 0.5 * x.shape[1] * math.log(2 * math.pi)
    return constant - torch.logsumexp(torch.stack(parts), 0)


def _log_z(first: float) -> Callable[[Library], list[Finding]]:
    """Return the question for ``log Z`` of two modes."""
    random = torch.Generator().manual_seed(0)
    rows = torch.randn(1000, DIM, generator=random)
    lighter = torch.rand(1000, generator=random) < TRUE_WEIGHTS[0]
    rows[:, 0] += torch.where(lighter, first, first + DISTANCE)

    def ask(library: Library) -> list[Finding]:
        found = []
        for each in library.log_z(lambda x: two_modes(x, first), rows):
            words = f"{each.value:z.3f}, bracket {each.low:z.3f} to {each.high:z.3f}"
            words += ", refused" if each.refused else ""
            holds = each.refused or each.low <= 0.0 <= each.high
            found.append(Finding("", each.name, words, holds))
        return found

    return ask


SM = "d/da = a m − d"
DSM = "d/da = a m − d + a d σ²"
MODES = "0 in the bracket, or the number is refused"
UP_TO = "up to a positive factor"
CHECKS = (
    Check(
        "score matching, vectors",
        f"{SM}, {UP_TO}",
        _losses(lambda library: library.score_matching(), truths.score_matching),
    ),
    Check(
        "score matching, images",
        f"{SM}, {UP_TO}",
        _losses(lambda library: library.score_matching(), truths.score_matching, image=True),
    ),
    Check(
        "denoising score matching, vectors",
        f"{DSM}, {UP_TO}",
        _losses(lambda library: library.denoising(), truths.denoising),
    ),
    Check(
        "denoising score matching, images",
        f"{DSM}, {UP_TO}",
        _losses(lambda library: library.denoising(), truths.denoising, image=True),
    ),
    Check(
        "energy discrepancy, vectors",
        f"a simulation, {UP_TO}",
        _losses(lambda library: library.discrepancy(), truths.discrepancy),
    ),
    Check("noise-contrastive estimation", f"d/dc = tanh(δ/2), {UP_TO}", _contrast),
    Check("where chains of contrastive divergence start", "at rows of the batch", _starts),
    Check("what is added to E(data) − E(negatives)", "nothing", _penalty),
    Check("the loss where the energy is not a number", "not a number, too", _not_a_number),
    Check("log Z of two modes, the origin between them", MODES, _log_z(-DISTANCE / 2)),
    Check("log Z of two modes, the lighter one at the origin", MODES, _log_z(0.0)),
)
