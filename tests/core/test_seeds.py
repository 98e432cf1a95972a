import subprocess
import sys

import torch

from ebmbench.seeds import derive_seed, generator


def test_seeds_are_the_same_in_another_process() -> None:
    code = "from ebmbench.seeds import derive_seed; print(derive_seed('a', 1, 'b'))"
    printed = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True)
    assert int(printed.stdout) == derive_seed("a", 1, "b")


def test_parts_do_not_run_together() -> None:
    assert derive_seed("ab", "c") != derive_seed("a", "bc")
    assert 0 <= derive_seed("ab") < 2**63


def test_generator_reproduces() -> None:
    first, second = (torch.randn(3, generator=generator("x", 0)) for _ in range(2))
    assert torch.equal(first, second)
