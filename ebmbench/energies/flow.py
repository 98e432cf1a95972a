r"""A normalising flow in the form of an energy; needs ``zuko``.

.. math:: E(x) = -\log N(f(u); 0, I) - \log\Big|\det \frac{\partial f}{\partial u}\Big|
    + \log|\det A|, \qquad u = A^{-1}(x - m)

The map ``f`` is a neural spline flow (Durkan, Bekasov, Murray & Papamakarios 2019, NeurIPS,
arXiv:1906.04032), in many dimensions an affine one (Papamakarios, Pavlakou & Murray 2017, NeurIPS,
arXiv:1705.07057). ``m`` and ``A`` make the rows white first.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor, nn

from ebmbench.energies.base import Energy
from ebmbench.energies.gaussian import Gaussian
from ebmbench.energies.own_sampler import EXACT, OwnSampler
from ebmbench.errors import QUOTED, EbmbenchError, cut
from ebmbench.seeds import normal_like

BINS = 8
WIDE = 128
"""Above it maps are affine, and couple two halves of the coordinates: a spline has three numbers a
bin, and the inverse of an autoregressive map takes one pass a coordinate."""
CHUNK_ELEMENTS = 1 << 22
"""Numbers in the largest table of bins that is made at once."""


class FlowEnergy(Energy):
    """The negative log-density of a flow; ``log Z = 0``.

    Arguments:
        mean: ``m``, ``(d,)``.
        factor: ``A``, lower triangular, ``(d, d)``.
        transforms: maps in a row.
        hidden: widths of their networks, ``(layers,)``.
        generator: the source of the initial weights.

    Raises:
        EbmbenchError: ``zuko`` is not installed.
    """

    def __init__(
        self,
        mean: Tensor,
        factor: Tensor,
        transforms: int,
        hidden: list[int],
        *,
        generator: torch.Generator | None = None,
    ) -> None:
        super().__init__()
        self.mean: Tensor
        self.factor: Tensor
        self.register_buffer("mean", mean.clone())
        self.register_buffer("factor", factor.clone())
        self.register_buffer("shape", torch.tensor([transforms, *hidden]))
        self.flow = _flow(len(mean), transforms, hidden, generator or torch.Generator())

    @staticmethod
    def holds(state: Mapping[str, Tensor]) -> bool:
        """Whether ``state`` is the ``state_dict`` of a flow."""
        return {"mean", "factor", "shape"} <= set(state) and any(
            name.startswith("flow.") for name in state
        )

    @classmethod
    def from_state(cls, state: Mapping[str, Tensor]) -> FlowEnergy:
        """Rebuild a flow from its ``state_dict``.

        Raises:
            EbmbenchError: its networks are not those that ``shape`` says.
        """
        transforms, *hidden = state["shape"].tolist()
        energy = cls(state["mean"], state["factor"], transforms, hidden)
        try:
            energy.load_state_dict(state)
        except RuntimeError as error:
            words = cut(" ".join(str(error).split()), QUOTED)
            raise EbmbenchError(f"weights of a flow do not fit its shape: {words}") from None
        return energy

    @property
    def dim(self) -> int:
        return len(self.mean)

    @property
    def smooth(self) -> bool:
        """A spline's slope has a slope with jumps; the affine maps are smooth."""
        return self.dim > WIDE

    @property
    def reference(self) -> Gaussian:
        """The independent Gaussian of the rows that made ``m`` and ``A``."""
        return Gaussian(self.mean, self.factor.square().sum(1).sqrt())

    def log_z(self) -> Tensor:
        return self.mean.new_zeros(())

    def chain(self) -> None:
        return None

    def forward(self, x: Tensor) -> Tensor:
        chunk = max(1, CHUNK_ELEMENTS // (self.dim * 3 * BINS))
        return torch.cat([self._values(rows) for rows in torch.split(x, chunk)])

    def _values(self, x: Tensor) -> Tensor:
        u = torch.linalg.solve_triangular(self.factor, (x - self.mean).T, upper=False).T
        z, log_det = self.flow().transform.call_and_ladj(u.contiguous())
        log_scale = self.factor.diagonal().log().sum()
        constant = 0.5 * self.dim * math.log(2 * math.pi)
        energy: Tensor = 0.5 * z.square().sum(-1) + constant - log_det + log_scale
        return energy

    def sampler(self) -> OwnSampler:
        return OwnSampler(EXACT, self.sample)

    @torch.no_grad()
    def sample(self, n: int, generator: torch.Generator) -> Tensor:
        """Draw ``n`` exact samples, ``(n, d)``."""
        z = normal_like(self.mean.expand(n, -1), generator)
        x: Tensor = self.mean + self.flow().transform.inv(z) @ self.factor.T
        return x


def _flow(dim: int, transforms: int, hidden: list[int], generator: torch.Generator) -> Any:
    try:
        import zuko
    except ImportError:
        raise EbmbenchError(
            "a flow needs zuko; install it with `pip install 'ebmbench[flows]'`"
        ) from None
    seed = int(torch.randint(2**31, (1,), generator=generator))
    with torch.random.fork_rng(devices=[]):  # its layers draw from the global generator
        torch.manual_seed(seed)
        if dim > WIDE:
            return zuko.flows.MAF(
                dim, transforms=transforms, hidden_features=hidden, activation=nn.SiLU, passes=2
            )
        return zuko.flows.NSF(dim, bins=BINS, transforms=transforms, hidden_features=hidden)
