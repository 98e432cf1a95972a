"""What every registered sampler promises."""

import pytest
import torch

from ebmbench.energies.mlp import MLPEnergy
from ebmbench.registry import SAMPLERS
from ebmbench.samplers.run import run_chains
from ebmbench.samplers.step_sizes import StepSizes
from ebmbench.samplers.target import target_of


def energy(dtype: torch.dtype) -> MLPEnergy:
    generator = torch.Generator().manual_seed(1)
    model = MLPEnergy(torch.zeros(3), torch.ones(3), [8], generator=generator).to(dtype)
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.add_(torch.empty_like(parameter).normal_(generator=generator))
    return model


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("name", list(SAMPLERS))
def test_shapes_dtypes_and_bits(name: str, dtype: torch.dtype) -> None:
    sampler, target = SAMPLERS.get(name)(), target_of(energy(dtype))
    x = torch.linspace(-1, 1, 12, dtype=dtype).reshape(4, 3)
    before = x.clone()
    torch.manual_seed(5)
    outside = torch.get_rng_state()
    ends = []
    for seed in (7, 7, 8):
        state = target.evaluate(x)
        for _ in range(3):
            generator = torch.Generator().manual_seed(seed)
            state, info = sampler.step(state, target, torch.tensor(0.2, dtype=dtype), generator)
        ends.append(state)
        assert state.x.shape == state.score.shape == (4, 3)
        assert state.log_density.shape == info.acceptance.shape == info.divergent.shape == (4,)
        assert {state.x.dtype, state.score.dtype, state.log_density.dtype} == {dtype}
        assert info.divergent.dtype == torch.bool
        assert not any(t.requires_grad for t in (state.x, state.score, state.log_density))
        again = target.evaluate(state.x)
        torch.testing.assert_close(state.log_density, again.log_density)
        torch.testing.assert_close(state.score, again.score)
    assert torch.equal(ends[0].x, ends[1].x)
    assert not torch.equal(ends[0].x, ends[2].x)
    assert torch.equal(x, before)
    assert torch.equal(torch.get_rng_state(), outside)


@pytest.mark.parametrize("name", list(SAMPLERS))
def test_positions_are_the_same_when_they_alone_are_wanted(name: str) -> None:
    sampler, target = SAMPLERS.get(name)(), target_of(energy(torch.float64))
    x = torch.linspace(-1, 1, 12, dtype=torch.float64).reshape(4, 3)
    sizes = StepSizes.start(0.2, None, x)
    whole, ends = (
        run_chains(
            sampler,
            target.evaluate(x),
            target,
            3,
            step_sizes=sizes,
            generator=torch.Generator().manual_seed(7),
            positions_only=positions_only,
        )
        for positions_only in (False, True)
    )
    assert torch.equal(whole.state.x, ends.state.x)
    assert torch.equal(whole.acceptance, ends.acceptance)


@pytest.mark.parametrize("name", list(SAMPLERS))
def test_each_chain_may_have_its_own_step_size(name: str) -> None:
    """Chains of a vanishing step stay, the others move as if all had their step."""
    sampler, target = SAMPLERS.get(name)(), target_of(energy(torch.float64))
    x = torch.linspace(-1, 1, 12, dtype=torch.float64).reshape(4, 3)
    own = torch.tensor([0.2, 1e-12, 0.2, 1e-12], dtype=torch.float64)[:, None]
    mixed, common = (
        sampler.step(target.evaluate(x), target, size, torch.Generator().manual_seed(7))[0].x
        for size in (own, 0.2)
    )
    torch.testing.assert_close(mixed[::2], common[::2])
    torch.testing.assert_close(mixed[1::2], x[1::2], rtol=0, atol=1e-9)
