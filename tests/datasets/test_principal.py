"""Whitened principal components against scikit-learn's."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from sklearn.decomposition import PCA
from torch import Tensor

from ebmbench.datasets.base import Dataset, Sizes
from ebmbench.datasets.mnist import MNISTLoader
from ebmbench.datasets.principal import in_principal_components
from ebmbench.errors import EbmbenchError


def correlated(n: int, seed: int) -> Tensor:
    mixing = torch.randn(12, 12, generator=torch.Generator().manual_seed(9))
    return 2 + torch.randn(n, 12, generator=torch.Generator().manual_seed(seed)) @ mixing


ROWS = Dataset(*[correlated(n, n) for n in (5000, 50, 70)], outliers=correlated(9, 1))


def test_they_are_those_of_scikit_learn() -> None:
    found = in_principal_components(ROWS, 5)
    theirs = PCA(5, whiten=True, svd_solver="full").fit(ROWS.train.double().numpy())
    for split in ("train", "validation", "test", "outliers"):
        expected = theirs.transform(getattr(ROWS, split).double().numpy())
        np.testing.assert_allclose(getattr(found, split).numpy(), expected, atol=1e-5)
    assert found.test_log_det is None
    assert found.image_shape is None


def test_too_many_are_refused() -> None:
    with pytest.raises(EbmbenchError, match="components is 13, allowed: 1 to 12"):
        in_principal_components(ROWS, 13)
    few = Dataset(ROWS.train[:4], ROWS.validation, ROWS.test)
    with pytest.raises(EbmbenchError, match="components is 4, allowed: 1 to 3"):
        in_principal_components(few, 4)


@pytest.mark.data
@pytest.mark.slow
def test_digits_come_in_components() -> None:
    rows = MNISTLoader(components=50).load(Sizes(2000, 50, 70), 0, None)
    assert rows.test.shape == (70, 50)
    assert torch.cov(rows.train.T).sub(torch.eye(50)).abs().max() < 1e-3
    assert rows.outliers is None or rows.outliers.shape == (900, 50)
