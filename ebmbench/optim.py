"""Adam on one flat buffer, with decoupled weight decay and clipping of the gradient.

All parameters become views of a single vector, so that a step is one fused kernel, whatever the
number of tensors, and ``torch.optim`` (which imports the compiler) is never loaded. The kernel is
the one behind ``torch.optim.Adam(fused=True)`` but not part of torch's interface; where a release
no longer has it under its name, six plain operations on the vector do the same to rounding.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, Literal

import torch
from torch import Tensor

EPSILON = 1e-8
CLIP_EPSILON = 1e-6
FUSED: Callable[..., None] | None = getattr(torch, "_fused_adam_", None)
"""torch's kernel, or ``None`` where there is none."""


class FlatAdam:
    """Adam (Kingma & Ba 2015) with a learning-rate schedule and an average of the weights.

    Weight decay is decoupled (Loshchilov & Hutter 2019, Algorithm 2; arXiv:1711.05101): before
    every step the weights shrink by ``1 − learning rate × decay``, whatever the gradient. It pulls
    a network over a reference towards the reference. What an objective learns beside the energy is
    not decayed: an estimate of ``log Z`` has no reason to be near zero.

    Clipping (Pascanu et al. 2013, Algorithm 1; arXiv:1211.5063) scales the gradient of all
    parameters together, learned ones too, to a norm of at most ``clip_norm``.

    Arguments:
        parameters: leaf tensors of one dtype and device; they are re-pointed into the buffer.
        learning_rate: the peak learning rate.
        betas: decay of the first and second moment.
        schedule: ``constant``, or ``cosine`` from the peak to zero over ``total_steps``.
        total_steps: the number of calls of :meth:`step` that the schedule spans.
        weight_average: decay of an exponential moving average of the weights; 0: none.
        weight_decay: decoupled, per unit of the learning rate; 0: none.
        clip_norm: largest Euclidean norm of the gradient; ``None``: no clipping.
        learned: parameters beside those of the energy, trained with them and never decayed.
    """

    def __init__(
        self,
        parameters: Sequence[Tensor],
        learning_rate: float,
        betas: Sequence[float] = (0.9, 0.999),
        schedule: Literal["constant", "cosine"] = "constant",
        *,
        total_steps: int = 1,
        weight_average: float = 0.0,
        weight_decay: float = 0.0,
        clip_norm: float | None = None,
        learned: Sequence[Tensor] = (),
    ) -> None:
        self._parameters = [*parameters, *learned]
        sizes = [parameter.numel() for parameter in self._parameters]
        first = self._parameters[0]
        self._flat = torch.empty(sum(sizes), dtype=first.dtype, device=first.device)
        self._gradient = torch.zeros_like(self._flat)
        for parameter, values, slot in zip(
            self._parameters,
            torch.split(self._flat, sizes),
            torch.split(self._gradient, sizes),
            strict=True,
        ):
            values.copy_(parameter.detach().flatten())
            parameter.data = values.view(parameter.shape)
            parameter.grad = slot.view(parameter.shape)
        self._first = torch.zeros_like(self._flat)
        self._second = torch.zeros_like(self._flat)
        self._step = torch.zeros((), dtype=torch.float32, device=first.device)
        self._steps_done = 0
        self._learning_rate = learning_rate
        self._betas = tuple(betas)
        self._schedule = schedule
        self._total_steps = total_steps
        self._weight_decay = weight_decay
        self._decayed = self._flat[: sum(sizes[: len(parameters)])]
        self._clip_norm = clip_norm
        self._average_decay = weight_average
        self._average = self._flat.clone() if weight_average else None

    @property
    def flat(self) -> Tensor:
        """All parameters as one vector."""
        return self._flat

    @property
    def learning_rate(self) -> float:
        """The learning rate of the next step."""
        if self._schedule == "constant":
            return self._learning_rate
        progress = min(self._steps_done / self._total_steps, 1.0)
        return 0.5 * self._learning_rate * (1 + math.cos(math.pi * progress))

    def zero_grad(self) -> None:
        """Set the gradient buffer to zero; the views in ``parameter.grad`` stay."""
        self._gradient.zero_()

    @torch.no_grad()
    def step(self) -> None:
        """Make one step with the gradient that ``backward`` accumulated."""
        if self._clip_norm is not None:
            # The constant is that of torch, so that both give the same bits.
            norm = torch.linalg.vector_norm(self._gradient)
            self._gradient.mul_((self._clip_norm / (norm + CLIP_EPSILON)).clamp(max=1.0))
        if self._weight_decay:
            self._decayed.mul_(1 - self.learning_rate * self._weight_decay)
        if FUSED is not None:
            self._fused_step(FUSED)
        else:
            self._plain_step()
        self._steps_done += 1
        if self._average is not None:
            # The usual warm-up: a young average forgets the initial weights quickly.
            decay = min(self._average_decay, (1 + self._steps_done) / (10 + self._steps_done))
            self._average.lerp_(self._flat, 1 - decay)

    def _fused_step(self, kernel: Callable[..., None]) -> None:
        self._step += 1
        kernel(
            [self._flat],
            [self._gradient],
            [self._first],
            [self._second],
            [],
            [self._step],
            lr=self.learning_rate,
            beta1=self._betas[0],
            beta2=self._betas[1],
            weight_decay=0.0,
            eps=EPSILON,
            amsgrad=False,
            maximize=False,
        )

    def _plain_step(self) -> None:
        beta1, beta2 = self._betas
        count = self._steps_done + 1
        self._first.lerp_(self._gradient, 1 - beta1)
        self._second.mul_(beta2).addcmul_(self._gradient, self._gradient, value=1 - beta2)
        root = self._second.sqrt().div_(math.sqrt(1 - beta2**count)).add_(EPSILON)
        self._flat.addcdiv_(self._first, root, value=-self.learning_rate / (1 - beta1**count))

    @contextmanager
    def averaged(self) -> Iterator[None]:
        """Put the averaged weights in place for the block; without an average, do nothing."""
        if self._average is None:
            yield
            return
        current = self._flat.clone()
        self._flat.copy_(self._average)
        try:
            yield
        finally:
            self._flat.copy_(current)

    def carried(self) -> dict[str, object]:
        """Return all that the next steps depend on, the weights among it."""
        return {
            "flat": self._flat,
            "first": self._first,
            "second": self._second,
            "step": self._step,
            "steps_done": self._steps_done,
            "average": self._average,
        }

    def carry_on(self, carried: Mapping[str, Any]) -> None:
        """Go on from what :meth:`carried` gave, of the same parameters."""
        self._flat.copy_(carried["flat"])
        self._first.copy_(carried["first"])
        self._second.copy_(carried["second"])
        self._step.copy_(carried["step"])
        self._steps_done = carried["steps_done"]
        if self._average is not None:
            self._average.copy_(carried["average"])

    def adopt_average(self) -> None:
        """Replace the weights by their average for good; without an average, do nothing."""
        if self._average is not None:
            self._flat.copy_(self._average)
