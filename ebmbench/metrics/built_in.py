"""The metrics that come with the suite, in the order in which tables show them.

Importing this module does not import torch: each names its function within
:mod:`ebmbench.metrics`, which is imported when it is first computed.
"""

from __future__ import annotations

from ebmbench.metrics.registration import Metric

_TABLE = [
    Metric(
        "log_likelihood",
        "likelihood:log_likelihood",
        "nats",
        True,
        "Test log-likelihood",
        "Mean over test rows of -E(x) - log Z. The standard error combines the rows and log Z; "
        "where log Z has a bracket, the larger end is used, so the number is conservative.",
    ),
    Metric(
        "regret",
        "likelihood:regret",
        "nats",
        False,
        "Regret to the true density",
        "Mean over test rows of log p(x) - log p_θ(x), paired by row; its expectation is "
        "KL(p ‖ p_θ).",
    ),
    Metric(
        "bits_per_dim",
        "likelihood:bits_per_dim",
        "bits/dim",
        False,
        "Bits per dimension",
        "-(log p_θ(x) + log|det J|) / (d ln 2), J the Jacobian of the map from dequantised raw "
        "units to the coordinates of the model (Theis, van den Oord & Bethge 2016).",
    ),
    Metric(
        "log_z_error",
        "likelihood:log_z_error",
        "nats",
        False,
        "Error of the learned log Z",
        "|c - log Z| for the normaliser c that the objective learned, against the reference "
        "value of log Z.",
    ),
    Metric(
        "temperature_calibration",
        "temperature:temperature_calibration",
        "nats",
        False,
        "Nats lost to the temperature",
        "(E_pθ[E] - E_p[E])² / (2 Var_pθ[E]), unbiased: what the energy at its best temperature "
        "would gain on test rows, to second order. It needs samples of the model and no log Z.",
    ),
    Metric(
        "inverse_temperature_error",
        "temperature:inverse_temperature_error",
        "1",
        False,
        "Error of the inverse temperature",
        "|β* - 1| with β* = 1 + (E_pθ[E] - E_p[E]) / Var_pθ[E], the inverse temperature at which "
        "the energy would fit test rows best, to second order.",
    ),
    Metric(
        "ode_log_likelihood",
        "levels_flow:ode_log_likelihood",
        "nats",
        True,
        "Log-likelihood of the probability flow",
        "Mean over test rows of the log-density that the scores of all noise levels make together "
        "by dx/dσ = -σ s(x, σ), with the exact trace (Song et al. 2021, Sect. 4.3). It is not "
        "that of the lowest energy, and never stands for it.",
    ),
    Metric(
        "inconsistency",
        "levels_flow:inconsistency",
        "nats",
        False,
        "Inconsistency of the levels",
        "Mean over test rows of |log p_flow(x) - log p_θ(x)|, the probability flow of all levels "
        "against the normalised energy of the lowest one; zero if each level is the one below "
        "with noise added.",
    ),
    Metric(
        "ladder_log_z_error",
        "levels:ladder_log_z_error",
        "nats",
        False,
        "Disagreement of log Z down the levels",
        "|log Z by annealing down the learned noise levels - log Z by the ordinary way| of the "
        "lowest level; certified where both are.",
    ),
    Metric(
        "sample_mode_error",
        "levels:sample_mode_error",
        "mass",
        False,
        "Samples on the wrong mode",
        "Total variation between the shares of the method's own samples in the Voronoi cells of "
        "the modes and the true weights; its standard error is that of the draws.",
    ),
    Metric(
        "fisher_divergence",
        "fisher:fisher_divergence",
        "nats²/x²",
        False,
        "Fisher divergence",
        "½ E_p ‖∇log p - ∇log p_θ‖² over test rows (Song & Kingma 2021, Eq. 7).",
    ),
    Metric(
        "smoothed_fisher_divergence",
        "fisher:smoothed_fisher_divergence",
        "nats²/x²",
        False,
        "Fisher divergence after smoothing",
        "½ E ‖∇log p_σ - ∇log p_θ,σ‖² between both densities convolved with N(0, σ²I), averaged "
        "over σ of 0.25, 0.5 and 1 of the data's deviation; it sees the weights of modes.",
    ),
    Metric(
        "hyvarinen_score",
        "fisher:hyvarinen_score",
        "nats²/x²",
        False,
        "Hyvärinen score",
        "E_p [½‖s‖² + ∇·s] with the exact trace (Hyvärinen 2005); the Fisher divergence up to a "
        "constant of the data.",
    ),
    Metric(
        "mode_weight_error",
        "divergences:mode_weight_error",
        "mass",
        False,
        "Mass on the wrong mode",
        "Total variation between the masses that data and model put into the Voronoi cells of "
        "the modes, by quadrature.",
    ),
    Metric(
        "kl_divergence",
        "divergences:kl_divergence",
        "nats",
        False,
        "Kullback-Leibler divergence",
        "∫ p log(p / p_θ) by quadrature.",
    ),
    Metric(
        "total_variation",
        "divergences:total_variation",
        "mass",
        False,
        "Total variation",
        "½ ∫ |p - p_θ| by quadrature.",
    ),
    Metric(
        "hellinger",
        "divergences:hellinger",
        "1",
        False,
        "Hellinger distance",
        "(1 - ∫ √(p p_θ))^½ by quadrature.",
    ),
    Metric(
        "amari_distance",
        "ica:amari_distance",
        "1",
        False,
        "Amari distance",
        "With P = B̂ B⁻¹, the mean over rows and columns of (Σ|p| / max|p| - 1) / (d - 1) "
        "(Amari, Cichocki & Yang 1996, scaled to [0, 1]); blind to order, sign and scale.",
    ),
    Metric(
        "demixing_error",
        "ica:demixing_error",
        "1",
        False,
        "Squared error of the demixing matrix",
        "Σ (B̂ - B)² after the best permutation and signs of rows (Gutmann & Hyvärinen 2012, "
        "Section 5.1).",
    ),
    Metric(
        "ood_auroc",
        "outliers:ood_auroc",
        "1",
        True,
        "Outliers told by the energy",
        "Area under the ROC curve of -E(x) for test rows against images of another kind (digits "
        "against 900 of Fashion-MNIST); one half: not told at all. An energy may tell them for "
        "the wrong reason, so it is no measure of fit (Nalisnick et al. 2019).",
    ),
    Metric(
        "energy_distance",
        "samples:energy_distance",
        "x",
        False,
        "Energy distance",
        "2 E‖X-Y‖ - E‖X-X'‖ - E‖Y-Y'‖ between model samples and test rows, unbiased (Székely & "
        "Rizzo 2013).",
    ),
    Metric(
        "sliced_wasserstein",
        "samples:sliced_wasserstein",
        "x",
        False,
        "Sliced Wasserstein distance",
        "1-Wasserstein distance between model samples and test rows, averaged over random "
        "directions (Bonneel et al. 2015).",
    ),
    Metric(
        "c2st",
        "two_sample:c2st",
        "accuracy",
        False,
        "Classifier two-sample test",
        "Accuracy over five folds of a network with two layers of 10 d units that tells model "
        "samples from test rows; one half is perfect (Lopez-Paz & Oquab 2017; as in sbibm, "
        "Lueckmann et al. 2021, with at most 2,000 points of each).",
    ),
    Metric(
        "mmd",
        "kernels:mmd",
        "1",
        False,
        "Maximum mean discrepancy",
        "Unbiased squared MMD between model samples and test rows; the mean of five Gaussian "
        "kernels about the median distance (Gretton et al. 2012, Lemma 6).",
    ),
    Metric(
        "ksd",
        "kernels:ksd",
        "1",
        False,
        "Kernel Stein discrepancy",
        "Unbiased squared KSD of test rows under the model with an inverse multiquadric kernel "
        "(Liu, Lee & Jordan 2016; Gorham & Mackey 2017); needs no samples and no log Z.",
    ),
]

BUILT_IN = {metric.name: metric for metric in _TABLE}
