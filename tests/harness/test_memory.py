"""The allocator's peak: exact, and the same without what is not part of torch's interface."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import torch

from ebmbench.harness import memory
from ebmbench.harness.memory import allocator_peak

KIB = 1024


def steps(*sizes: int) -> Callable[[], None]:
    """Return a step that holds buffers of so many bytes one after another, all but the last."""

    def step() -> None:
        held = [torch.empty(size, dtype=torch.uint8) for size in sizes[:-1]]
        held.clear()
        torch.empty(sizes[-1], dtype=torch.uint8)

    return step


@pytest.fixture(params=["the profiler's list", "the exported trace"])
def way(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    if request.param == "the exported trace":
        monkeypatch.setattr(memory, "_memory_events", memory._exported_memory_events)
    return str(request.param)


@pytest.mark.usefixtures("way")
@pytest.mark.parametrize(
    ("sizes", "peak"),
    [((64 * KIB, 32 * KIB, 8 * KIB), 96 * KIB), ((8 * KIB, 8 * KIB, 64 * KIB), 64 * KIB)],
)
def test_the_peak_is_what_is_held_at_once(sizes: tuple[int, ...], peak: int) -> None:
    assert allocator_peak(steps(*sizes), "cpu") == peak


def test_a_profiler_without_the_list_is_asked_for_its_trace(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    weight = torch.randn(60, 60, generator=torch.Generator().manual_seed(0)).requires_grad_()

    def step() -> None:
        (weight @ weight).tanh().square().sum().backward()

    step()
    expected = allocator_peak(step, "cpu")
    # a product, its tanh and what the backward pass holds beside the gradient
    assert expected >= 3 * 60 * 60 * 4

    asked = []

    class Without:
        """A recording as a later release might give it: no list, an export."""

        kineto_results = None

        def __init__(self, recorded: memory.profile) -> None:
            self.recorded = recorded

        def export_chrome_trace(self, path: str) -> None:
            asked.append(path)
            self.recorded.export_chrome_trace(path)

    honest = memory._memory_events
    monkeypatch.setattr(memory, "_memory_events", lambda recorded: honest(Without(recorded)))
    assert allocator_peak(step, "cpu") == expected
    assert len(asked) == 1
