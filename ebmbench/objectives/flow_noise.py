r"""A normalising flow as noise: fitted to the rows, or trained along.

A neural spline flow of coupling layers (Durkan, Bekasov, Murray & Papamakarios 2019,
arXiv:1906.04032; zuko's) in coordinates in which the training rows have mean zero and identity
covariance. It starts as the identity, so its density starts as the Gaussian of the rows.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from ebmbench.objectives.auxiliary import Auxiliary, Network
from ebmbench.objectives.noise import GaussianMixtureNoise

HIDDEN = (64, 64)
TRANSFORMS = 2
BATCH = 256
CHECK_EVERY = 50
"""Steps between two looks at the rows that are held out of a fit."""
HELD_OUT = 0.1
MOST_HELD_OUT = 2000


class CouplingFlow(nn.Module):
    """The flow as a module: density in one direction, draws in the other.

    Arguments:
        gaussian: of one component; its coordinates are those of the flow.
        generator: the source of the weights.
    """

    mean: Tensor
    factor: Tensor
    whitener: Tensor

    def __init__(self, gaussian: GaussianMixtureNoise, generator: torch.Generator) -> None:
        super().__init__()
        # It takes seconds to import, and is there only where the extra is installed.
        import zuko

        mean = gaussian.means[0]
        seed = int(torch.randint(2**31, (1,), generator=generator, device=generator.device))
        # zuko draws its weights from the global random state, which is put back.
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            flow = zuko.flows.NSF(
                len(mean), transforms=TRANSFORMS, hidden_features=HIDDEN, passes=2
            )
        for module in flow.modules():
            if isinstance(module, zuko.flows.MaskedAutoregressiveTransform):
                nn.init.zeros_(module.hyper[-1].weight)
                nn.init.zeros_(module.hyper[-1].bias)
        self.flow: nn.Module = flow.to(mean)
        self.register_buffer("mean", mean)
        self.register_buffer("factor", gaussian.factors[0])
        self.register_buffer("whitener", gaussian.whiteners[0])

    def forward(self, x: Tensor, draw: bool = False) -> tuple[Tensor, Tensor]:
        """Return the points that ``x``, ``(n, d)``, goes to, and ``log q``, ``(n,)``.

        Arguments:
            x: points of the data's space; with ``draw``, standard normal ones.
            draw: whether the points are draws of the flow with their density, or ``x`` taken back
                to the base with the density at ``x``.
        """
        transform = self.flow().transform
        scale = self.whitener.diagonal().log().sum()
        if draw:
            u, ladj = transform.inv.call_and_ladj(x)
            return self.mean + u @ self.factor.T, _standard_normal(x) - ladj + scale
        z, ladj = transform.call_and_ladj((x - self.mean) @ self.whitener.T)
        return z, _standard_normal(z) + ladj + scale


@dataclass(frozen=True)
class FlowNoise:
    """A flow in the role of noise."""

    network: Auxiliary
    """A :class:`CouplingFlow`."""

    @classmethod
    def start(cls, data: Tensor, generator: torch.Generator) -> FlowNoise:
        """Return the untrained flow of training rows, ``(n, d)``: their Gaussian."""
        gaussian = GaussianMixtureNoise.fit(data, 1, 1.0, generator)
        return cls(Auxiliary.of(CouplingFlow(gaussian, generator)))

    @classmethod
    def fit(
        cls, data: Tensor, steps: int, learning_rate: float, generator: torch.Generator
    ) -> FlowNoise:
        """Return a flow fitted by maximum likelihood.

        A tenth of the rows, at most 2,000, is held out; kept is the flow that was best on them.

        Arguments:
            data: training rows, ``(n, d)``.
            steps: of Adam, on 256 rows each.
            learning_rate: constant.
            generator: the source of weights, splits and batches.
        """
        start = cls.start(data, generator)
        order = torch.randperm(len(data), generator=generator, device=data.device)
        held = max(1, min(MOST_HELD_OUT, int(HELD_OUT * len(data))))
        test, train = data[order[:held]], data[order[held:]]
        best = network = start.network
        lowest = -float(start.log_prob(test).mean())
        for step in range(1, steps + 1):
            rows = torch.randint(len(train), (BATCH,), generator=generator, device=data.device)
            batch = train[rows]

            def loss(flow: Network, batch: Tensor = batch) -> Tensor:
                found: Tensor = -flow(batch)[1].mean()
                return found

            network, _ = network.descend(loss, learning_rate)
            if step % CHECK_EVERY == 0 or step == steps:
                found = -float(cls(network).log_prob(test).mean())
                if found < lowest:
                    best, lowest = network, found
        return cls(best)

    def sample(self, n: int, generator: torch.Generator) -> Tensor:
        """Draw ``n`` points, ``(n, d)``."""
        drawn: Tensor = self.network(self.base(n, generator), True)[0]
        return drawn

    def log_prob(self, x: Tensor) -> Tensor:
        """Return the log-density, ``(n,)``, at points ``x``, ``(n, d)``."""
        found: Tensor = self.network(x)[1]
        return found

    def base(self, n: int, generator: torch.Generator) -> Tensor:
        """Draw ``n`` standard normal points, ``(n, d)``, which the flow makes draws of."""
        mean = self.network.module.get_buffer("mean")
        return mean.new_empty(n, len(mean)).normal_(generator=generator)


def _standard_normal(z: Tensor) -> Tensor:
    return -0.5 * (z * z).sum(-1) - 0.5 * z.shape[1] * math.log(2 * math.pi)
