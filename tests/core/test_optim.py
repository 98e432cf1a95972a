import math

import pytest
import torch

from ebmbench import optim
from ebmbench.optim import FlatAdam


def problem() -> tuple[list[torch.Tensor], torch.Tensor]:
    generator = torch.Generator().manual_seed(0)
    parameters = [
        torch.randn(shape, generator=generator).requires_grad_() for shape in ((3, 2), (2,), ())
    ]
    return parameters, torch.randn(20, 3, generator=generator)


def loss(parameters: list[torch.Tensor], x: torch.Tensor) -> torch.Tensor:
    weight, bias, shift = parameters
    return ((torch.tanh(x @ weight + bias) + shift) ** 2).mean()


@pytest.mark.parametrize("schedule", ["constant", "cosine"])
def test_makes_the_steps_of_torch_adam(schedule: str) -> None:
    ours, x = problem()
    theirs, _ = problem()
    flat = FlatAdam(ours, 0.03, (0.8, 0.95), schedule, total_steps=30)  # type: ignore[arg-type]
    adam = torch.optim.Adam(theirs, lr=0.03, betas=(0.8, 0.95))
    for step in range(30):
        flat.zero_grad()
        loss(ours, x).backward()
        rate = flat.learning_rate
        flat.step()
        if schedule == "cosine":
            assert rate == pytest.approx(0.015 * (1 + math.cos(math.pi * step / 30)))
        adam.param_groups[0]["lr"] = rate
        adam.zero_grad()
        loss(theirs, x).backward()
        adam.step()
    for a, b in zip(ours, theirs, strict=True):
        torch.testing.assert_close(a, b, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize(("dtype", "rounding"), [(torch.float32, 1e-6), (torch.float64, 1e-14)])
def test_without_the_fused_kernel_the_steps_are_the_same_to_rounding(
    dtype: torch.dtype, rounding: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert optim.FUSED is not None
    ends = []
    for kernel in (optim.FUSED, None):
        monkeypatch.setattr(optim, "FUSED", kernel)
        first, x = problem()
        parameters = [p.detach().to(dtype).requires_grad_() for p in first]
        adam = FlatAdam(
            parameters, 0.03, (0.8, 0.95), "cosine", total_steps=100, weight_average=0.9
        )
        for _ in range(100):
            adam.zero_grad()
            loss(parameters, x.to(dtype)).backward()
            adam.step()
        adam.adopt_average()
        ends.append(adam.flat)
    torch.testing.assert_close(ends[1], ends[0], rtol=0, atol=10 * rounding)


def test_the_average_of_the_weights_is_put_in_place_and_taken_out() -> None:
    parameters, x = problem()
    adam = FlatAdam(parameters, 0.1, weight_average=0.5)
    mean = adam.flat.clone()
    for done in range(1, 11):
        adam.zero_grad()
        loss(parameters, x).backward()
        adam.step()
        decay = min(0.5, (1 + done) / (10 + done))
        mean = decay * mean + (1 - decay) * adam.flat
    current = adam.flat.clone()
    with adam.averaged():
        torch.testing.assert_close(adam.flat, mean)
        assert parameters[0].flatten()[0] == adam.flat[0]
    assert torch.equal(adam.flat, current)
    adam.adopt_average()
    torch.testing.assert_close(adam.flat, mean)


def test_without_an_average_nothing_is_replaced() -> None:
    parameters, _ = problem()
    adam = FlatAdam(parameters, 0.1)
    before = adam.flat.clone()
    with adam.averaged():
        assert torch.equal(adam.flat, before)
    adam.adopt_average()
    assert torch.equal(adam.flat, before)


@pytest.mark.parametrize("fused", [True, False])
def test_decay_and_clipping_are_those_of_torch(
    fused: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    if not fused:
        monkeypatch.setattr(optim, "FUSED", None)
    ours, x = problem()
    theirs, _ = problem()
    flat = FlatAdam(
        ours, 0.03, (0.8, 0.95), "cosine", total_steps=30, weight_decay=0.7, clip_norm=0.5
    )
    adam = torch.optim.AdamW(theirs, lr=0.03, betas=(0.8, 0.95), weight_decay=0.7)
    clipped = 0
    for _ in range(30):
        flat.zero_grad()
        loss(ours, x).backward()
        adam.param_groups[0]["lr"] = flat.learning_rate
        flat.step()
        adam.zero_grad()
        loss(theirs, x).backward()
        norm = torch.nn.utils.clip_grad_norm_(theirs, 0.5)
        clipped += int(norm > 0.5)
        adam.step()
        for a, b in zip(ours, theirs, strict=True):
            torch.testing.assert_close(a.grad, b.grad, rtol=1e-5, atol=1e-7)
    assert 5 < clipped < 30
    for a, b in zip(ours, theirs, strict=True):
        torch.testing.assert_close(a, b, rtol=1e-5, atol=1e-6)


def test_what_is_learned_beside_the_energy_is_trained_and_not_decayed() -> None:
    weight, log_z = (torch.full((3,), 2.0).requires_grad_() for _ in range(2))
    adam = FlatAdam([weight], 0.1, weight_decay=0.5, learned=[log_z])
    adam.zero_grad()
    adam.step()
    # Without a gradient Adam itself does not move.
    torch.testing.assert_close(weight.detach(), torch.full((3,), 2.0 * (1 - 0.1 * 0.5)))
    assert torch.equal(log_z.detach(), torch.full((3,), 2.0))
    log_z.sum().backward()
    adam.step()
    torch.testing.assert_close(log_z.detach(), torch.full((3,), 1.9), atol=0.05, rtol=0)
