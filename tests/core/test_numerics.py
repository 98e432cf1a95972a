import pytest
import torch

from ebmbench import numerics


def test_the_chosen_path_is_as_accurate_as_float32_allows() -> None:
    before = torch.get_float32_matmul_precision(), torch.get_num_threads()
    try:
        words = numerics.configure(threads=1)
        assert torch.get_num_threads() == 1
        assert float(words["matmul_relative_error"]) < numerics.ACCURACY
        assert words["matmul_precision"] in ("medium", "highest")
    finally:
        torch.set_float32_matmul_precision(before[0])
        torch.set_num_threads(before[1])


def test_a_path_that_rounds_is_not_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    errors = iter([1e-3, 2e-7])
    before = torch.get_float32_matmul_precision()
    monkeypatch.setattr(numerics, "_relative_error", lambda device: next(errors))
    try:
        words = numerics.configure(threads=1)
        assert words["matmul_precision"] == "highest"
        assert words["matmul_relative_error"] == "2.0e-07"
    finally:
        torch.set_float32_matmul_precision(before)


def test_on_a_gpu_nothing_is_rounded_to_tf32(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(numerics, "_relative_error", lambda device: 1e-7)
    before = torch.get_float32_matmul_precision()
    try:
        torch.set_float32_matmul_precision("medium")
        assert numerics.configure(threads=1, device="cuda")["matmul_precision"] == "highest"
        assert not torch.backends.cudnn.allow_tf32
        assert not torch.backends.cuda.matmul.allow_tf32
    finally:
        torch.set_float32_matmul_precision(before)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("scale", [1.0, 1e2, 1e5])
def test_logsumexp_is_that_of_torch(dtype: torch.dtype, scale: float) -> None:
    x = -scale * torch.rand(20, 300, generator=torch.Generator().manual_seed(0), dtype=dtype)
    x[:, 3] = -torch.inf
    ours, theirs = (x.clone().requires_grad_() for _ in range(2))
    found, expected = numerics.logsumexp(ours, 1), torch.logsumexp(theirs, 1)
    torch.testing.assert_close(found, expected, rtol=1e-6, atol=0)
    found.sum().backward()
    expected.sum().backward()
    torch.testing.assert_close(ours.grad, theirs.grad, rtol=1e-5, atol=1e-30)
