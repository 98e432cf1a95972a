"""What a state is packed as comes back as it lay in memory."""

from __future__ import annotations

import json
import math
from dataclasses import dataclass

import pytest
import torch
from torch import nn

from ebmbench.errors import EbmbenchError
from ebmbench.harness.packing import pack, unpack


@dataclass(frozen=True)
class Inner:
    wide: torch.Tensor
    words: tuple[float, str | None]


def test_a_value_comes_back_as_it_lay_in_memory() -> None:
    square = torch.randn(3, 3)
    network, random = nn.BatchNorm1d(2), torch.Generator().manual_seed(4)
    value = {
        "column-major": square.T,
        "repeated": torch.randn(1, 3).expand(4, 3),
        "every other": torch.randn(6)[::2],
        "nothing": torch.empty(0, 2),
        "infinite": [math.inf, -math.inf, 0.1 + 0.2],
        "inner": Inner(torch.ones(2, dtype=torch.int64), (1.5, None)),
        "network": network,
        "random": random,
        "kept": square,
    }
    with torch.no_grad():
        network.running_mean += 3
    packed = pack(value, kept=[square])
    json.dumps(packed.tree)
    after = torch.rand(5, generator=random)
    template = {
        "inner": Inner(torch.zeros(1), (0.0, "")),
        "network": nn.BatchNorm1d(2),
        "random": torch.Generator(),
    }
    found = unpack(packed, template, kept=[square])
    for name in ("column-major", "repeated", "every other", "nothing"):
        assert torch.equal(found[name], value[name])
        assert found[name].stride() == value[name].stride()
    assert found["infinite"] == value["infinite"]
    assert found["inner"].words == (1.5, None)
    assert torch.equal(found["inner"].wide, torch.ones(2, dtype=torch.int64))
    assert torch.equal(found["network"].running_mean, torch.full((2,), 3.0))
    assert torch.equal(torch.rand(5, generator=found["random"]), after)
    assert found["kept"] is square


def test_a_state_of_what_no_file_can_hold_is_refused() -> None:
    with pytest.raises(EbmbenchError, match="a state holds a function, allowed: tensors"):
        pack({"f": lambda: None})
