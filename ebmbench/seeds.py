"""Seeds derived by hash, so that adding a method moves no other method's numbers."""

from __future__ import annotations

import hashlib

import torch
from torch import Tensor


def derive_seed(*parts: str | int) -> int:
    """Return a 63-bit seed that depends on ``parts`` and nothing else.

    Example:
        >>> derive_seed("2d/rings", 0, "data") == derive_seed("2d/rings", 0, "data")
        True
        >>> derive_seed("2d/rings", 0, "data") == derive_seed("2d/rings", 1, "data")
        False
    """
    text = "\x1f".join(str(part) for part in parts)
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:8], "big") >> 1


def generator(*parts: str | int, device: torch.device | str = "cpu") -> torch.Generator:
    """Return a generator seeded by :func:`derive_seed`."""
    return torch.Generator(device=device).manual_seed(derive_seed(*parts))


def normal_like(x: Tensor, generator: torch.Generator) -> Tensor:
    """Return standard normal numbers in shape, precision and place of ``x``.

    They are drawn where the generator is, which need not be where ``x`` is: an evaluation draws
    the same numbers on every device.
    """
    drawn = torch.empty_like(x, device=generator.device).normal_(generator=generator)
    return drawn.to(x.device)
