"""Models of torchebm and ebmkit go through unchanged; their Gaussians have a known ``log Z``."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from click.testing import CliRunner
from safetensors.torch import save_file
from torch import Tensor

import ebmbench
from ebmbench.cli import app

MEAN = torch.tensor([1.0, -1.0])
COVARIANCE = torch.tensor([[1.0, 0.4], [0.4, 0.5]])
TRUTH = torch.distributions.MultivariateNormal(MEAN, COVARIANCE)


@pytest.fixture(scope="module")
def rows() -> Tensor:
    z = torch.randn(500, 2, generator=torch.Generator().manual_seed(0))
    return MEAN + z @ torch.linalg.cholesky(COVARIANCE).T


def exact(rows: Tensor) -> float:
    return float(TRUTH.log_prob(rows).mean())


def test_a_gaussian_of_torchebm_has_the_likelihood_of_the_closed_form(rows: Tensor) -> None:
    core = pytest.importorskip("torchebm.core")
    model = core.GaussianModel(MEAN, COVARIANCE)
    energy = ebmbench.wrap(model, rows)
    assert energy.smooth
    found = ebmbench.evaluate(energy, rows, preset="smoke")
    assert found["log_likelihood"].certified
    assert found["log_likelihood"].value == pytest.approx(exact(rows), abs=1e-3)
    score = found["hyvarinen_score"]
    assert score.stderr is not None
    precision = torch.linalg.inv(COVARIANCE)
    assert abs(score.value + 0.5 * float(precision.trace())) < 4 * score.stderr


def test_a_mixture_of_ebmkit_has_the_likelihood_of_the_closed_form(rows: Tensor) -> None:
    nets = pytest.importorskip("ebm.nets")
    means = torch.stack([MEAN, MEAN + 4])
    model = nets.GaussianMixtureEnergy(means, weights=[0.3, 0.7], std=0.5)
    found = ebmbench.evaluate(model, rows, preset="smoke", metrics=["log_likelihood"])
    parts = torch.distributions.Independent(torch.distributions.Normal(means, 0.5), 1)
    shares = torch.distributions.Categorical(torch.tensor([0.3, 0.7]))
    truth = torch.distributions.MixtureSameFamily(shares, parts).log_prob(rows).mean()
    assert found["log_likelihood"].certified
    assert found["log_likelihood"].value == pytest.approx(float(truth), abs=1e-3)


def network_of_torchebm() -> torch.nn.Module:
    core = pytest.importorskip("torchebm.core")

    class Network(core.BaseModel):  # type: ignore[misc, name-defined]
        def __init__(self) -> None:
            super().__init__()
            self.net = torch.nn.Sequential(
                torch.nn.Linear(2, 16), torch.nn.SiLU(), torch.nn.Linear(16, 1)
            )

        def forward(self, x: Tensor) -> Tensor:
            value: Tensor = self.net(x).squeeze(-1)
            return value

    return Network()


def network_of_ebmkit() -> torch.nn.Module:
    made: torch.nn.Module = pytest.importorskip("ebm.nets").MLPEnergy(2, hidden=(16, 16))
    return made


@pytest.mark.parametrize("make", [network_of_torchebm, network_of_ebmkit])
def test_networks_of_others_are_trained_in_place(
    make: Callable[[], torch.nn.Module], rows: Tensor
) -> None:
    torch.manual_seed(0)
    network = make()
    before = [p.detach().clone() for p in network.parameters()]
    training = ebmbench.train(ebmbench.wrap(network, rows), "nce", rows, steps=20)
    assert not training.diverged
    pairs = zip(network.parameters(), before, strict=True)
    assert any(not torch.equal(now, old) for now, old in pairs)


@pytest.mark.parametrize(
    ("package", "source"),
    [
        (
            "torchebm.core",
            "import torch\nfrom torchebm.core import GaussianModel\n"
            "def build(dim):\n    return GaussianModel(torch.zeros(dim), torch.eye(dim))\n",
        ),
        (
            "ebm.nets",
            "import torch\nfrom ebm.nets import GaussianMixtureEnergy\n"
            "def build(dim):\n    return GaussianMixtureEnergy(torch.zeros(1, dim))\n",
        ),
    ],
)
def test_checkpoints_of_others_are_scored_from_the_command_line(
    package: str, source: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, rows: Tensor
) -> None:
    pytest.importorskip(package)
    name = f"of_{package.partition('.')[0]}"
    monkeypatch.chdir(tmp_path)
    Path(f"{name}.py").write_text(source)
    lines = ["x,y", *(f"{x},{y}" for x, y in rows.tolist())]
    Path("my.csv").write_text("\n".join(lines) + "\n")
    namespace: dict[str, object] = {}
    exec(source, namespace)
    weights = namespace["build"](2).state_dict()  # type: ignore[operator]
    # a Gaussian of theirs stores its moments, so that other ones come from the file
    first = next(iter(weights))
    weights[first] = MEAN.reshape(weights[first].shape).clone()
    save_file({key: tensor.contiguous() for key, tensor in weights.items()}, "w.safetensors")
    done = CliRunner().invoke(
        app,
        ["score", f"{name}:build", "--weights", "w.safetensors", "--rows", "my.csv", "--preset",
         "smoke"],
        catch_exceptions=False,
        standalone_mode=False,
    )  # fmt: skip
    likelihood = torch.distributions.Normal(MEAN, 1.0).log_prob(rows).sum(1).mean()
    assert done.return_value == 0
    assert f"log_likelihood: {float(likelihood):.4g}" in done.output
