"""Chains annealed from the reference to a model of separated modes."""

import pytest
import torch

from ebmbench.energies.mixture import GaussianMixtureEnergy
from ebmbench.samplers.anneal import anneal_chains
from ebmbench.samplers.bridge import Bridge, ReferenceGaussian
from ebmbench.samplers.hmc import HMC
from ebmbench.samplers.step_sizes import StepSizes
from ebmbench.samplers.target import target_of


@pytest.mark.parametrize("resample", [False, True])
def test_only_resampling_gives_each_mode_its_share(
    resample: bool, generator: torch.Generator
) -> None:
    means = torch.tensor([[-6.0, 0.0], [4.0, 0.0]]).double()
    energy = GaussianMixtureEnergy(
        torch.tensor([0.2, 0.8]).double(), means, torch.full((2,), 0.04).double()
    )
    reference = ReferenceGaussian.of(energy)
    trace = anneal_chains(
        HMC(2, reference.std),
        Bridge(reference, target_of(energy)),
        reference.draw(1500, generator),
        steps=40,
        rise=20,
        resample=resample,
        step_sizes=StepSizes.start(0.3, 0.75, means),
        generator=generator,
        target_acceptance=0.75,
    )
    right = trace.state.x[:, 0] > 0
    assert float(trace.divergent) == 0
    assert float(trace.dead) < 0.01
    assert bool(torch.isclose(trace.state.log_density, -energy(trace.state.x)).all())
    # The right mode is also the nearer one: by capture alone it gets more than its share.
    share = float(right.double().mean())
    assert (abs(share - 0.8) < 0.05) == resample
    torch.testing.assert_close(trace.state.x[right].mean(0), means[1], atol=0.05, rtol=0)
