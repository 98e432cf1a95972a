"""What minibatch gradients say about the gradient that they estimate."""

from __future__ import annotations

import math

import torch
from torch import Tensor


def statistics(gradients: Tensor, exact: Tensor, in_units: bool) -> dict[str, float]:
    """Return cosines, bias and signal to noise; what each is: :mod:`.measure`.

    Arguments:
        gradients: of the minibatches, ``(m, k)``.
        exact: of the likelihood, ``(k,)``.
        in_units: whether the objective's gradient is meant to be that of the likelihood, so that
            its length counts too.
    """
    gradients, exact = gradients.double(), exact.double()
    m = len(gradients)
    mean = gradients.mean(0)
    variance = float((gradients - mean).square().sum() / (m - 1))
    signal = float(mean.square().sum()) - variance / m
    length = float(exact.norm())
    inner = float(mean @ exact)
    cosine = math.nan
    if signal > 0:
        cosine = max(-1.0, min(1.0, inner / (math.sqrt(signal) * length)))
    if in_units:
        square = signal - 2 * inner + length**2
        bias = math.sqrt(max(square, 0.0)) / length
    else:
        bias = math.sqrt(1 - cosine**2)
    one = torch.nn.functional.cosine_similarity(gradients, exact[None], dim=1).mean()
    return {
        "cosine": cosine,
        "cosine_of_one": float(one),
        "bias": bias,
        "signal_to_noise": max(signal, 0.0) / variance if variance > 0 else math.inf,
    }
