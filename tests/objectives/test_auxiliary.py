"""Networks beside the energy: values with an optimiser of their own, and the flows among them."""

import math
from collections.abc import Callable

import pytest
import torch
from torch import Tensor, nn

from ebmbench.calculus import count_evaluations
from ebmbench.cards import MethodCard, TaskCard
from ebmbench.energies.base import Energy
from ebmbench.objectives.auxiliary import Auxiliary, Network

Make = Callable[..., Energy]


def network() -> nn.Module:
    generator = torch.Generator().manual_seed(1)
    layers = nn.Sequential(nn.Linear(2, 5), nn.Tanh(), nn.Linear(5, 1)).double()
    with torch.no_grad():
        for parameter in layers.parameters():
            parameter.normal_(generator=generator)
    return layers


@pytest.mark.parametrize("betas", [(0.9, 0.999), (0.0, 0.9)])
def test_its_steps_are_those_of_torch(betas: tuple[float, float], rows: Tensor) -> None:
    module, target = network(), rows[:, :1] ** 2
    auxiliary = Auxiliary.of(module)
    adam = torch.optim.Adam(module.parameters(), lr=0.03, betas=betas)
    for _ in range(20):
        auxiliary, value = auxiliary.descend(
            lambda f: (f(rows) - target).square().mean(), 0.03, betas
        )
        adam.zero_grad()
        loss = (module(rows) - target).square().mean()
        loss.backward()
        adam.step()
        torch.testing.assert_close(value, loss.detach())
    torch.testing.assert_close(
        auxiliary.weights, nn.utils.parameters_to_vector(module.parameters()).detach()
    )


def test_a_step_leaves_the_old_value_as_it_was(rows: Tensor) -> None:
    auxiliary = Auxiliary.of(network())
    before, weights = auxiliary(rows), auxiliary.weights.clone()
    after, _ = auxiliary.descend(lambda f: f(rows).mean(), 0.1)
    assert torch.equal(auxiliary.weights, weights)
    assert torch.equal(auxiliary(rows), before)
    assert not torch.equal(after(rows), before)
    assert not after.weights.requires_grad


def test_its_derivative_in_the_rows_needs_no_step(rows: Tensor) -> None:
    module, x = network(), rows[:5].clone().requires_grad_()
    auxiliary = Auxiliary.of(module)
    with torch.no_grad():
        found = auxiliary.through(x)
    (mine,) = torch.autograd.grad(found.sum(), x)
    (theirs,) = torch.autograd.grad(module(x).sum(), x)
    torch.testing.assert_close(mine, theirs)
    assert not auxiliary.through(rows).requires_grad


def test_its_rows_are_counted(rows: Tensor) -> None:
    auxiliary = Auxiliary.of(network())
    with count_evaluations() as counts:
        auxiliary(rows[:7])
        auxiliary.descend(lambda f: f(rows[:3]).mean(), 0.1)
    assert counts.auxiliary == 10
    assert counts.energy == counts.score == 0


def moons(n: int, generator: torch.Generator) -> Tensor:
    """Two clusters that no Gaussian fits."""
    z = torch.empty(n, 2, dtype=torch.float64).normal_(generator=generator)
    z = z * torch.tensor([0.3, 0.8]).double()
    z[: n // 2, 0] += 2.5
    return z


def gaussian_log_prob(data: Tensor, x: Tensor) -> Tensor:
    law = torch.distributions.MultivariateNormal(data.mean(0), torch.cov(data.T))
    found: Tensor = law.log_prob(x)
    return found


def test_a_flow_starts_as_the_gaussian_of_the_rows(generator: torch.Generator) -> None:
    pytest.importorskip("zuko")
    from ebmbench.objectives.flow_noise import FlowNoise

    data = moons(500, generator)
    start = FlowNoise.start(data, generator)
    torch.testing.assert_close(
        start.log_prob(data), gaussian_log_prob(data, data), rtol=1e-4, atol=1e-4
    )


def test_a_fitted_flow_is_a_density_with_its_draws(generator: torch.Generator) -> None:
    pytest.importorskip("zuko")
    from ebmbench.objectives.flow_noise import FlowNoise

    data = moons(4000, generator)
    state = torch.get_rng_state()
    noise = FlowNoise.fit(data, 60, 1e-2, generator)
    assert torch.equal(torch.get_rng_state(), state)
    fresh = moons(4000, generator)
    gain = noise.log_prob(fresh) - gaussian_log_prob(data, fresh)
    assert float(gain.mean()) > 0.3
    axis = torch.linspace(-8, 10, 300, dtype=torch.float64)
    mass = noise.log_prob(torch.cartesian_prod(axis, axis)).exp().sum() * (axis[1] - axis[0]) ** 2
    assert float(mass) == pytest.approx(1, abs=1e-3)
    drawn, log_q = noise.network(noise.base(2000, generator), True)
    torch.testing.assert_close(log_q, noise.log_prob(drawn), rtol=1e-3, atol=1e-3)
    # Draws have the moments that the density has.
    x = torch.cartesian_prod(axis, axis)
    weights = noise.log_prob(x).softmax(0)
    mean = weights @ x
    error = (noise.sample(20_000, generator).mean(0) - mean) / (data.std(0) / math.sqrt(20_000))
    assert float(error.abs().max()) < 4


def test_the_flow_gets_the_gradient_of_the_contrast_through_its_draws(
    gaussian_energy: Make, generator: torch.Generator
) -> None:
    """Against differences of the loss, with energies looked up where the moved draws are."""
    pytest.importorskip("zuko")
    from ebmbench.objectives.fce import contrast
    from ebmbench.objectives.flow_noise import FlowNoise
    from ebmbench.objectives.nce import logistic_loss

    data, energy = moons(60, generator), gaussian_energy([0.7, 0.1], [0.6, 1.8])
    flow = FlowNoise.fit(data, 5, 1e-2, generator).network
    z = FlowNoise(flow).base(60, generator)
    c = 1.3

    def honest(f: Network) -> Tensor:
        drawn, log_q = f(z, True)
        loss, _ = logistic_loss(-energy(data) - c - f(data)[1], -energy(drawn) - c - log_q)
        return loss

    drawn = flow(z, True)[0]
    log_model = (-energy(torch.cat([data, drawn])) - c).detach()

    def ours(f: Network) -> Tensor:
        return contrast(energy, data, log_model, z, network=f)

    # The first moment after one step is a tenth of the gradient.
    (mine, value), (theirs, expected) = (flow.descend(f, 0.0) for f in (ours, honest))
    torch.testing.assert_close(value, expected)
    torch.testing.assert_close(mine.first, theirs.first, rtol=1e-5, atol=1e-9)
    assert float(mine.first.norm()) > 1e-4


def test_the_flow_of_the_contrast_comes_to_the_data(generator: torch.Generator) -> None:
    """With the energy of the data held fixed the flow lowers its divergence to them."""
    pytest.importorskip("zuko")
    from ebmbench.energies.mixture import GaussianMixtureEnergy
    from ebmbench.objectives.fce import FlowContrastiveEstimation, MovingFlow
    from ebmbench.objectives.flow_noise import FlowNoise

    half = torch.tensor([0.5, 0.5], dtype=torch.float64)
    means = torch.tensor([[-1.5, 0.0], [1.5, 0.0]], dtype=torch.float64)
    truth = GaussianMixtureEnergy(half, means, 0.5 * half)
    data = truth.sample(4000, generator)
    objective = FlowContrastiveEstimation(flow_rate=1e-2)
    zero = torch.zeros((), dtype=torch.float64, requires_grad=True)
    state = MovingFlow(FlowNoise.start(data, generator), zero)

    def divergence() -> float:
        return float((-truth(data) - state.noise.log_prob(data)).mean())

    before = divergence()
    for k in range(50):
        batch = data[200 * (k % 20) : 200 * (k % 20) + 200]
        state = objective.loss(truth, batch, state, generator).state
    assert before > 0.2
    assert divergence() < 0.4 * before


def test_without_the_package_a_run_is_skipped_with_the_reason(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    from ebmbench import catalog
    from ebmbench.harness import compatibility

    monkeypatch.setattr(compatibility, "find_spec", lambda name: None)
    task: TaskCard = catalog.tasks()["2d/rings"]
    methods: dict[str, MethodCard] = dict(catalog.methods())
    assert (
        compatibility._misfit(task, methods["fce"])
        == "fce needs the package zuko, which is not installed"
    )
    assert compatibility._misfit(task, methods["nce"]) is None
