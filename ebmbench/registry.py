"""Lazy names: what exists can be listed without importing torch.

A registry maps a short name to ``"package.module:attribute"``. The module is imported only when
the name is asked for, so ``ebmbench list`` answers at once. A name of that long form is taken as
it is, which is how an objective outside this package is used without touching it.
"""

from __future__ import annotations

import importlib
from collections.abc import Iterator, Mapping
from typing import Any, Generic, TypeVar

from ebmbench.errors import EbmbenchError, did_you_mean

T = TypeVar("T")


class Registry(Generic[T]):
    """Names of one kind of thing.

    Arguments:
        kind: what the names are, as it appears in messages (``"objective"``).
        targets: name to ``"package.module:attribute"``.
    """

    def __init__(self, kind: str, targets: Mapping[str, str]) -> None:
        self.kind = kind
        self._targets = dict(targets)

    def __iter__(self) -> Iterator[str]:
        return iter(sorted(self._targets))

    def __contains__(self, name: str) -> bool:
        return name in self._targets

    def get(self, name: str) -> T:
        """Import and return what ``name`` stands for.

        Raises:
            EbmbenchError: the name is unknown, or its module or attribute cannot be imported.
        """
        target = name if ":" in name else self._targets.get(name)
        if target is None:
            hint = did_you_mean(name, self._targets)
            raise EbmbenchError(f"unknown {self.kind} {name!r}{hint}")
        module, _, attribute = target.partition(":")
        try:
            return _resolve(importlib.import_module(module), attribute)  # type: ignore[no-any-return]
        except (ImportError, AttributeError) as error:
            raise EbmbenchError(f"{self.kind} {name!r} cannot be imported: {error}") from error


def _resolve(value: Any, attribute: str) -> Any:
    for part in attribute.split("."):
        value = getattr(value, part)
    return value


OBJECTIVES: Registry[Any] = Registry(
    "objective",
    {
        "mle-exact": "ebmbench.objectives.mle_exact:ExactMaximumLikelihood",
        "mle-mcmc": "ebmbench.objectives.mle_mcmc:MCMCMaximumLikelihood",
        "cd": "ebmbench.objectives.cd:ContrastiveDivergence",
        "pcd": "ebmbench.objectives.pcd:PersistentContrastiveDivergence",
        "sm": "ebmbench.objectives.sm:ScoreMatching",
        "dsm": "ebmbench.objectives.dsm:DenoisingScoreMatching",
        "ssm": "ebmbench.objectives.ssm:SlicedScoreMatching",
        "ssm-vr": "ebmbench.objectives.ssm_vr:SlicedScoreMatchingVR",
        "fd-ssm": "ebmbench.objectives.fd_ssm:FiniteDifferenceSlicedScoreMatching",
        "nce": "ebmbench.objectives.nce:NoiseContrastiveEstimation",
        "cnce": "ebmbench.objectives.cnce:ConditionalNoiseContrastiveEstimation",
        "ed": "ebmbench.objectives.ed:EnergyDiscrepancy",
    },
)

ESTIMATORS: Registry[Any] = Registry(
    "reference estimator",
    {
        "gaussian": "ebmbench.estimators.gaussian:GaussianEstimator",
        "gmm": "ebmbench.estimators.gmm:GaussianMixtureEstimator",
        "kde": "ebmbench.estimators.kde:KernelDensityEstimator",
        "fastica": "ebmbench.estimators.fastica:FastICAEstimator",
    },
)

ENERGIES: Registry[Any] = Registry(
    "energy",
    {
        "mlp": "ebmbench.energies.mlp:MLPEnergy",
        "conv": "ebmbench.energies.conv:ConvEnergy",
        "ica": "ebmbench.energies.ica:ICAEnergy",
        "nice": "ebmbench.energies.nice:NICEEnergy",
        "dkef": "ebmbench.energies.dkef:DKEFEnergy",
    },
)

SAMPLERS: Registry[Any] = Registry(
    "sampler",
    {
        "langevin": "ebmbench.samplers.langevin:Langevin",
        "mala": "ebmbench.samplers.mala:MALA",
        "hmc": "ebmbench.samplers.hmc:HMC",
    },
)

METRICS: Registry[Any] = Registry(
    "metric",
    {
        "log_likelihood": "ebmbench.metrics.likelihood:log_likelihood",
        "regret": "ebmbench.metrics.likelihood:regret",
        "bits_per_dim": "ebmbench.metrics.likelihood:bits_per_dim",
        "log_z_error": "ebmbench.metrics.likelihood:log_z_error",
        "fisher_divergence": "ebmbench.metrics.fisher:fisher_divergence",
        "smoothed_fisher_divergence": "ebmbench.metrics.fisher:smoothed_fisher_divergence",
        "hyvarinen_score": "ebmbench.metrics.fisher:hyvarinen_score",
        "mode_weight_error": "ebmbench.metrics.divergences:mode_weight_error",
        "kl_divergence": "ebmbench.metrics.divergences:kl_divergence",
        "total_variation": "ebmbench.metrics.divergences:total_variation",
        "hellinger": "ebmbench.metrics.divergences:hellinger",
        "amari_distance": "ebmbench.metrics.ica:amari_distance",
        "demixing_error": "ebmbench.metrics.ica:demixing_error",
        "ood_auroc": "ebmbench.metrics.outliers:ood_auroc",
        "energy_distance": "ebmbench.metrics.samples:energy_distance",
        "sliced_wasserstein": "ebmbench.metrics.samples:sliced_wasserstein",
        "c2st": "ebmbench.metrics.two_sample:c2st",
        "mmd": "ebmbench.metrics.kernels:mmd",
        "ksd": "ebmbench.metrics.kernels:ksd",
    },
)

LOADERS: Registry[Any] = Registry(
    "data set",
    {
        "density": "ebmbench.datasets.densities:DensityLoader",
        "ica": "ebmbench.datasets.ica:ICALoader",
        "sklearn": "ebmbench.datasets.bundled:BundledLoader",
        "uci": "ebmbench.datasets.uci:UCILoader",
        "maf": "ebmbench.datasets.maf:MAFLoader",
        "mnist": "ebmbench.datasets.mnist:MNISTLoader",
        "digits": "ebmbench.datasets.digits:DigitsLoader",
    },
)
