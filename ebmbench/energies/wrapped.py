"""A model of somebody else as an energy: a callable, and a Gaussian fitted to rows beside it."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

from ebmbench.energies.gaussian import Gaussian
from ebmbench.energies.referenced import ReferencedEnergy
from ebmbench.errors import EbmbenchError, cut, first_line

Model = Callable[[Tensor], Tensor]
"""From points ``(n, d)`` to energies or log-densities, ``(n,)`` or ``(n, 1)``."""
PRECISIONS = (torch.float32, torch.float64)
"""In which a model may compute; in fewer digits no step of a chain can be judged."""


class WrappedEnergy(ReferencedEnergy):
    """A callable as an energy, with derivatives by autograd and an unknown ``log Z``.

    Points come in any precision and are handed to the model in its own, which is that of the
    reference. A torch module is a part of this one, so that training changes it; nothing here
    reads or sets its mode.

    Arguments:
        model: the callable.
        reference: where annealing starts; in the precision and on the device of the model.
        log_density: whether the model returns log-densities, and not energies.
        smooth: whether it is twice differentiable in ``x``.
    """

    def __init__(
        self, model: Model, reference: Gaussian, log_density: bool, smooth: bool = True
    ) -> None:
        super().__init__(reference.mean, reference.std)
        self.start_at(reference)
        self.model = model
        self.log_density = log_density
        self._smooth = smooth

    @property
    def smooth(self) -> bool:
        return self._smooth

    def log_z(self) -> None:
        return None

    def chain(self) -> None:
        return None

    def forward(self, x: Tensor) -> Tensor:
        """See :class:`~ebmbench.energies.base.Energy`.

        Raises:
            EbmbenchError: the model cannot take the points, or returns another thing than a
                number for each.
        """
        try:
            value: object = self.model(x.to(self.mean.dtype))
        except Exception as error:
            # A stranger's model may raise anything.
            words = f"{type(error).__name__}: {cut(first_line(error, 'no message'), 200)}"
            raise EbmbenchError(
                f"the model cannot take points of shape {tuple(x.shape)} ({words}), allowed: a "
                "callable from (n, d) to (n,)"
            ) from error
        if not isinstance(value, Tensor):
            raise EbmbenchError(
                f"the model returned a {type(value).__name__}, allowed: a tensor of shape (n,)"
            )
        n = len(x)
        if value.shape not in ((n,), (n, 1)) and not (n == 1 and value.dim() == 0):
            raise EbmbenchError(
                f"the model returned shape {tuple(value.shape)} for points of shape "
                f"{tuple(x.shape)}, allowed: ({n},) or ({n}, 1), a number for each"
            )
        if value.dtype not in PRECISIONS:
            raise EbmbenchError(
                f"the model returned {value.dtype}, allowed: torch.float32 or torch.float64; "
                "a copy of a module computes so after `.float()`"
            )
        value = value.reshape(n)
        return -value if self.log_density else value
