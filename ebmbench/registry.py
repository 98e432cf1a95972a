"""Lazy names: what exists can be listed without importing torch.

A registry maps a short name to ``"package.module:attribute"``. The module is imported only when
the name is asked for, so ``ebmbench list`` answers at once. A name of that long form is taken as
it is, which is how a class outside this package is used without touching it. A card that was read
from a file finds the module beside itself first, and only then where Python looks.

A long name runs code. So it is taken only together with the folder of the card that says it, which
is known of cards that were given by path or installed, and never of a card out of a record.
"""

from __future__ import annotations

import hashlib
import importlib
import importlib.util
import re
import sys
from collections.abc import Iterator, Mapping
from functools import cache, cached_property
from importlib.metadata import EntryPoint, entry_points
from pathlib import Path
from types import ModuleType
from typing import Any, Generic, TypeVar

from ebmbench.errors import EbmbenchError, cut, did_you_mean, first_line

T = TypeVar("T")
LONG = re.compile(r"([A-Za-z_][\w.]*|.*\.py):[A-Za-z_][\w.]*", re.DOTALL)


def is_long(name: str) -> bool:
    """Return whether a name says where a class is: ``module:attribute``."""
    return LONG.fullmatch(name) is not None


@cache
def _all_installed() -> Any:  # Of another type from Python 3.12 on.
    """Find what installed packages add: a file of every one of them is read, so once is enough."""
    return entry_points()


def installed(group: str) -> list[EntryPoint]:
    """Return the entry points of one group that installed packages have.

    Arguments:
        group: their name, such as ``"ebmbench.methods"``.
    """
    return list(_all_installed().select(group=group))


class Registry(Generic[T]):
    """Names of one kind of thing: ours, and those that installed packages add.

    Arguments:
        kind: what the names are, as it appears in messages (``"objective"``).
        targets: name to ``"package.module:attribute"``.
        group: of the entry points by which an installed package adds names.
    """

    def __init__(self, kind: str, targets: Mapping[str, str], group: str) -> None:
        self.kind = kind
        self._ours = dict(targets)
        self._group = group

    @cached_property
    def _targets(self) -> Mapping[str, str]:
        """All names; plug-ins are named here and imported when they are asked for.

        Raises:
            EbmbenchError: a plug-in takes a name that exists.
        """
        targets = dict(self._ours)
        for point in installed(self._group):
            if targets.get(point.name, point.value) != point.value:
                raise EbmbenchError(
                    f"plug-in {point.value!r} takes the name of the {self.kind} {point.name!r}"
                )
            targets[point.name] = point.value
        return targets

    def __iter__(self) -> Iterator[str]:
        return iter(sorted(self._targets))

    def __contains__(self, name: str) -> bool:
        return name in self._targets

    def plugins(self) -> Mapping[str, str]:
        """Return the names that installed packages add, and what they stand for."""
        return {name: self._targets[name] for name in self._targets.keys() - self._ours.keys()}

    def get(self, name: str, beside: Path | None = None, *, vouched: bool = False) -> T:
        """Import and return what ``name`` stands for.

        Arguments:
            name: a short name, or ``module:attribute``.
            beside: the folder of the card that says so, where a module is looked for first.
            vouched: whether a long name is known to come from a card with a folder, or from the
                user's own code.

        Raises:
            EbmbenchError: the name is unknown, its module or attribute cannot be imported, or it
                is a long one of which nobody knows where it comes from.
        """
        if ":" in name and beside is None and not vouched:
            raise refusal(self.kind, name)
        target = name if ":" in name else self._targets.get(name)
        if target is None:
            hint = did_you_mean(name, self._targets)
            raise EbmbenchError(f"unknown {self.kind} {cut(name)!r}{hint}")
        module, _, attribute = target.partition(":")
        try:
            return _resolve(_module(module, beside), attribute)  # type: ignore[no-any-return]
        except Exception as error:
            # A stranger's module may raise anything while it is imported.
            raise EbmbenchError(
                f"{self.kind} {cut(name)!r} cannot be imported: {first_line(error)}"
            ) from error


def refusal(kind: str, name: str) -> EbmbenchError:
    """Return what is said of a class named by a card that nobody gave by path or installed."""
    return EbmbenchError(
        f"{kind} {cut(name)!r} would be imported, which is done only for a card that is installed "
        "or given by path (`--cards`), not for one out of a record"
    )


def placed_name(name: str, beside: Path) -> str:
    """Return ``/path/to/module.py:attribute`` for a name whose module lies in a folder.

    Any other name comes back as it is. So a class that an option of a card names is found beside
    the card, though whoever reads the option knows nothing of cards.

    Arguments:
        name: anything; of interest is ``module:attribute``.
        beside: the folder of the card.
    """
    module, colon, attribute = name.partition(":")
    path = beside / (module.replace(".", "/") + ".py")
    known = bool(colon) and module.replace(".", "").isidentifier() and path.is_file()
    return f"{path.resolve()}:{attribute}" if known else name


def _module(name: str, beside: Path | None) -> ModuleType:
    """Import a module: that beside the card if there is one, else as Python finds it."""
    path = None if beside is None else beside / (name.replace(".", "/") + ".py")
    if name.endswith(".py"):
        path = Path(name)
    if path is None or not path.is_file():
        # A card in a subfolder may name a module of the folder where the command was given.
        sys.path.append(str(Path.cwd()))
        try:
            return importlib.import_module(name)
        finally:
            sys.path.pop()
    beside = path.resolve().parent if beside is None else beside
    # Two folders may hold modules of one name, so the name here says which file it is.
    digest = hashlib.sha256(str(path.resolve()).encode()).hexdigest()[:12]
    unique = f"ebmbench_card_{digest}_{path.stem}"
    if unique in sys.modules:
        return sys.modules[unique]
    spec = importlib.util.spec_from_file_location(unique, path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[unique] = module
    # What the module itself imports may lie beside it too.
    sys.path.insert(0, str(beside))
    try:
        spec.loader.exec_module(module)
    except BaseException:
        del sys.modules[unique]
        raise
    finally:
        sys.path.remove(str(beside))
    return module


def _resolve(value: Any, attribute: str) -> Any:
    """Follow a dotted name through attributes and the entries of tables."""
    for part in attribute.split("."):
        value = value[part] if isinstance(value, Mapping) else getattr(value, part)
    return value


OBJECTIVES: Registry[Any] = Registry(
    "objective",
    {
        "mle-exact": "ebmbench.objectives.mle_exact:ExactMaximumLikelihood",
        "mle-mcmc": "ebmbench.objectives.mle_mcmc:MCMCMaximumLikelihood",
        "cd": "ebmbench.objectives.cd:ContrastiveDivergence",
        "pcd": "ebmbench.objectives.pcd:PersistentContrastiveDivergence",
        "jarzynski": "ebmbench.objectives.jarzynski:JarzynskiReweighting",
        "pcd-pt": "ebmbench.objectives.pcd_pt:ParallelTemperingContrastiveDivergence",
        "cd-short": "ebmbench.objectives.cd_short:ShortRunChains",
        "drl": "ebmbench.objectives.drl:DiffusionRecoveryLikelihood",
        "ps-cd": "ebmbench.objectives.ps_cd:PseudoSphericalContrastiveDivergence",
        "mpf": "ebmbench.objectives.mpf:MinimumProbabilityFlow",
        "sm": "ebmbench.objectives.sm:ScoreMatching",
        "dsm": "ebmbench.objectives.dsm:DenoisingScoreMatching",
        "ssm": "ebmbench.objectives.ssm:SlicedScoreMatching",
        "ssm-vr": "ebmbench.objectives.ssm_vr:SlicedScoreMatchingVR",
        "fd-ssm": "ebmbench.objectives.fd_ssm:FiniteDifferenceSlicedScoreMatching",
        "nce": "ebmbench.objectives.nce:NoiseContrastiveEstimation",
        "cnce": "ebmbench.objectives.cnce:ConditionalNoiseContrastiveEstimation",
        "ed": "ebmbench.objectives.ed:EnergyDiscrepancy",
        "n2ce": "ebmbench.objectives.n2ce:NoisierNoiseContrastiveEstimation",
        "snl": "ebmbench.objectives.snl:SelfNormalisedLikelihood",
        "ence": "ebmbench.objectives.ence:ExponentialNoiseContrastiveEstimation",
        "is-mle": "ebmbench.objectives.is_mle:ImportanceSampledLikelihood",
        "ranking-nce": "ebmbench.objectives.ranking_nce:RankingNoiseContrastiveEstimation",
        "nce-flow": "ebmbench.objectives.nce_flow:FlowNoiseContrastiveEstimation",
        "fce": "ebmbench.objectives.fce:FlowContrastiveEstimation",
        "brier-cnce": "ebmbench.objectives.brier_cnce:BrierConditionalNoiseContrast",
        "dsm-cv": "ebmbench.objectives.dsm_cv:DenoisingScoreMatchingCV",
        "ncsn": "ebmbench.objectives.ncsn:NoiseConditionalScoreMatching",
        "dual-sm": "ebmbench.objectives.dual_sm:DualScoreMatching",
        "tre": "ebmbench.objectives.tre:TelescopingRatioEstimation",
        "diffclf": "ebmbench.objectives.diffclf:LevelClassification",
        "ksd": "ebmbench.objectives.ksd:KernelSteinDiscrepancy",
        "lsd": "ebmbench.objectives.lsd:LearnedSteinDiscrepancy",
        "f-ebm": "ebmbench.objectives.f_ebm:FDivergenceMinimisation",
        "vera": "ebmbench.objectives.vera:EntropyRegularisedGenerator",
    },
    "ebmbench.objectives",
)

ESTIMATORS: Registry[Any] = Registry(
    "reference estimator",
    {
        "gaussian": "ebmbench.estimators.gaussian:GaussianEstimator",
        "gmm": "ebmbench.estimators.gmm:GaussianMixtureEstimator",
        "kde": "ebmbench.estimators.kde:KernelDensityEstimator",
        "flow": "ebmbench.estimators.flow:FlowEstimator",
        "fastica": "ebmbench.estimators.fastica:FastICAEstimator",
    },
    "ebmbench.estimators",
)

ENERGIES: Registry[Any] = Registry(
    "energy",
    {
        "mlp": "ebmbench.energies.mlp:MLPEnergy",
        "mlp-levels": "ebmbench.energies.mlp_levels:MLPLevels",
        "conv": "ebmbench.energies.conv:ConvEnergy",
        "ica": "ebmbench.energies.ica:ICAEnergy",
        "nice": "ebmbench.energies.nice:NICEEnergy",
        "dkef": "ebmbench.energies.dkef:DKEFEnergy",
    },
    "ebmbench.energies",
)

SAMPLERS: Registry[Any] = Registry(
    "sampler",
    {
        "langevin": "ebmbench.samplers.langevin:Langevin",
        "mala": "ebmbench.samplers.mala:MALA",
        "hmc": "ebmbench.samplers.hmc:HMC",
    },
    "ebmbench.samplers",
)

LOADERS: Registry[Any] = Registry(
    "data set",
    {
        "density": "ebmbench.datasets.densities:DensityLoader",
        "ica": "ebmbench.datasets.ica:ICALoader",
        "sklearn": "ebmbench.datasets.bundled:BundledLoader",
        "uci": "ebmbench.datasets.uci:UCILoader",
        "csv": "ebmbench.datasets.csv_table:CSVLoader",
        "maf": "ebmbench.datasets.maf:MAFLoader",
        "mnist": "ebmbench.datasets.mnist:MNISTLoader",
        "digits": "ebmbench.datasets.digits:DigitsLoader",
        "known": "ebmbench.datasets.known:KnownLoader",
        "limit": "ebmbench.datasets.limits:LimitLoader",
        "contaminated": "ebmbench.datasets.contaminated:ContaminatedLoader",
    },
    "ebmbench.loaders",
)
