r"""Sampled networks of the implicit system: feature Gram matrices, the theorem's width, equilibria.

Features need W alone, so that many wide networks cost little; the norm of A and the equilibrium need all of A. The
last sample of each kind is kept: a check and its control look at the same networks.
What is claimed of them: ``docs/papers/implicit_relu/proofs.md``, "Concentration" and "Infinite width".
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache, partial

import numpy as np

from ....theory.errors import DerivationGap, PrecisionExhausted
from ...balls.ball import Ball
from ...balls.enclosure import Enclosure
from ...balls.rounding import UNIT, gamma
from ...balls.threads import blas_threads
from ...sampling.operator_norm import operator_norm
from .arc_cosine import pair_eigenvalue
from .instance import ImplicitInstance
from .limit import limit_variance
from .network import SLACK, Equilibrium, Floats, Network, column_norms, sample_parameters

FEATURE_POINTS = 16
"""Inputs in the experiments with features: as many as the tables of docs/papers/implicit_relu/proofs.md have."""
FEATURE_REPLICATES = 100
STATE_POINTS = 4
CHEAP_WIDTH, CHEAP_REPLICATES = 256, 60
"""Networks this narrow are sampled at least this often: they cost next to nothing."""
DELTA = Fraction(1, 100)
"""The error probability at which the sufficient width of the concentration theorem is tested."""
THEOREM_REPLICATES = 200
LARGEST_SAMPLE = 2 * 10**7
RECORDED = ("norm", "states", "probes", "features", "errors")
"""The fields of :class:`StateSample` by width."""


@dataclass(frozen=True, slots=True, eq=False)
class FeatureSample:
    """At each width, for each replicate: λ_min(G_m), max|G_m − G|, ‖G_m − G‖_2; ``lambda0`` belongs to the n inputs.

    ``norm2`` bounds the square of the spectral norm of the inputs.
    """

    n: int
    widths: tuple[int, ...]
    least: Floats
    entry: Floats
    norm: Floats
    lambda0: Enclosure
    norm2: float


@lru_cache(maxsize=1)
def feature_sample(inst: ImplicitInstance, *, replicates: int = FEATURE_REPLICATES) -> FeatureSample:
    """Feature Gram matrices of the first :data:`FEATURE_POINTS` inputs at the widths of the study."""
    base = inst if inst.data.n <= FEATURE_POINTS else inst.subset(FEATURE_POINTS)
    if not base.widths:
        raise DerivationGap("the study samples no networks: give widths in [finite-width].")
    truth, X = base.gram.mid, base.inputs
    radius = float(np.max(base.gram.rad))

    def one(m: int, r: int) -> tuple[float, float, float]:
        random = np.random.default_rng([base.budget.seed, m, r, 5])
        phi = np.maximum(random.standard_normal((m, X.shape[1])) @ X.T, 0.0)
        found = phi.T @ phi / m
        difference = found - truth
        entry = max(float(np.abs(difference).max()) - radius, 0.0)
        return float(np.linalg.eigvalsh(found)[0]), entry, float(np.linalg.norm(difference, 2))

    def make() -> dict[str, Floats]:
        rows = []
        for a, m in enumerate(base.widths):
            base.workspace.progress(f"features of width {m}", a, len(base.widths))
            rows.append([one(m, r) for r in range(replicates)])
        return dict(zip(("least", "entry", "norm"), np.moveaxis(np.array(rows), -1, 0), strict=True))

    with blas_threads(1):
        stored = base.workspace.keep(f"features {base.key} {base.widths} x {replicates}", make)
    norm2 = operator_norm(X).upper ** 2 * (1 + 2**-50)
    return FeatureSample(base.data.n, base.widths, **stored, lambda0=base.eigenvalue, norm2=norm2)


def sufficient_width(n: int, lambda0: Fraction, delta: Fraction) -> int:
    r"""The least integer :math:`m \ge 136\,n^2\lambda_0^{-2}\log(n(n+1)/\delta)`, from a lower bound of λ_0.

    >>> sufficient_width(8, Fraction("0.0522363977"), Fraction(1, 100)) // 10**5
    283
    """
    log = math.log(Fraction(n * (n + 1)) / delta) * (1 + 1e-12)
    return math.ceil(Fraction(136 * n * n) / lambda0**2 * Fraction(log))


@dataclass(frozen=True, slots=True, eq=False)
class TheoremSample:
    """λ_min(G_m)/λ_0 for networks of the sufficient width on two inputs (on one, where there are no two)."""

    n: int
    width: int
    ratio: Floats
    lambda0: Enclosure


@lru_cache(maxsize=1)
def theorem_sample(inst: ImplicitInstance, *, replicates: int = THEOREM_REPLICATES) -> TheoremSample:
    """Networks of the width that the concentration theorem asks for, on the two most orthogonal inputs.

    W enters through the two Gaussians :math:`w\\cdot x_i` only, which are sampled directly.
    """
    n = min(inst.data.n, 2)
    c = np.abs(inst.cosines.mid) + 2.0 * np.eye(inst.data.n)
    i, j = divmod(int(np.argmin(c)), inst.data.n)
    cosine = float(inst.cosines.mid[i, j])
    lambda0 = pair_eigenvalue(inst.cosines.entry(i, j) if n == 2 else None)
    if not lambda0.lower > 0:
        raise PrecisionExhausted("all inputs are parallel: the least eigenvalue of every pair is 0.")
    width = sufficient_width(n, Fraction(lambda0.lower), DELTA)
    if 2 * width > LARGEST_SAMPLE:
        raise PrecisionExhausted(f"the sufficient width is {width} even for two inputs: they are nearly parallel.")

    def one(r: int) -> float:
        first, second = np.random.default_rng([inst.budget.seed, width, r, 7]).standard_normal((2, width))
        preactivations = [first] if n == 1 else [first, cosine * first + math.sqrt(1 - cosine**2) * second]
        phi = np.maximum(preactivations, 0.0)
        return float(np.linalg.eigvalsh(phi @ phi.T / width)[0] / lambda0.upper)

    def make() -> dict[str, Floats]:
        return {"ratio": np.array([one(r) for r in range(replicates)])}

    stored = inst.workspace.keep(f"theorem {inst.key} {width} x {replicates}", make)
    return TheoremSample(n, width, stored["ratio"], lambda0)


@dataclass(frozen=True, slots=True, eq=False)
class StateSample:
    r"""By width: lower bounds of ‖A‖ (replicates,); and of each input (replicates, inputs)

    ``states``: ‖z‖²; ``probes``: the same of :math:`\sigma(\sqrt{s_*}x+\sigma(\xi))/\sqrt m` with the standardised
    pre-activations x, ξ of the network (docs/theory/finite-width.md, section 5), :math:`s_*=\gamma^2` ``limit``;
    ``features``: :math:`|\sigma(\xi)|^2/m` less its mean; ``errors``: a bound of the errors of the last two together.
    """

    limit: float
    norm: dict[int, Floats]
    states: dict[int, Floats]
    probes: dict[int, Floats]
    features: dict[int, Floats]
    errors: dict[int, Floats]


@lru_cache(maxsize=1)
def state_sample(inst: ImplicitInstance) -> StateSample:
    """Whole networks at the widths of the study; their equilibria are NaN unless γ < 1/2."""
    if not inst.widths:
        raise DerivationGap("the study samples no networks: give widths in [finite-width].")
    X = inst.inputs[:STATE_POINTS]
    limit = float(Ball(limit_variance(inst.gamma, 64)).mid) if 2 * inst.gamma < 1 else math.nan
    found: dict[int, dict[str, Floats]] = {}
    for k, m in enumerate(inst.widths):
        count = max(inst.replicates, CHEAP_REPLICATES) if m <= CHEAP_WIDTH else inst.replicates
        inst.workspace.progress(f"equilibria of width {m}", k, len(inst.widths))
        if not inst.workspace.seconds_left() > 0:
            raise PrecisionExhausted(f"the time of the budget ran out before the networks of width {m} were sampled.")
        with blas_threads(1):
            found[m] = inst.workspace.keep(
                f"probes by input {inst.key} m={m} x {count}", partial(_states, inst, X, limit, m, count)
            )
    return StateSample(limit, **{name: {m: arrays[name] for m, arrays in found.items()} for name in RECORDED})


def require_well_posed(inst: ImplicitInstance) -> None:
    """Raise :class:`PrecisionExhausted` unless γ < 1/2, where wide networks have an equilibrium almost surely."""
    if 2 * inst.gamma >= 1:
        raise PrecisionExhausted(
            f"gamma = {inst.gamma}: wide networks have an equilibrium for gamma < 1/2: choose a smaller gamma."
        )


def _states(inst: ImplicitInstance, X: Floats, limit: float, m: int, count: int) -> dict[str, Floats]:
    norm = np.empty(count)
    states, *rest = np.full((4, count, len(X)), math.nan)
    for r in range(count):
        seed = np.random.SeedSequence([inst.budget.seed, m, r, 11])
        network = Network(sample_parameters(m, X.shape[1], seed), inst.gamma, X)
        norm[r] = network.norm.lower
        if 2 * inst.gamma < 1:
            state = network.equilibrium()
            states[r] = (state.z**2).sum(axis=0)
            for column, values in zip(rest, standardised(network, state, limit), strict=True):
                column[r] = values
    return dict(zip(RECORDED, (norm, states, *rest), strict=True))


def standardised(network: Network, state: Equilibrium, limit: float) -> tuple[Floats, Floats, Floats]:
    r"""``probes``, ``features`` and ``errors`` of :class:`StateSample` for one network, (inputs,) each.

    With :math:`u=\tilde\gamma Az=\sqrt{s/m}\,x` and :math:`\varphi=\sigma(\xi)/\sqrt m` the first is
    :math:`\lVert\sigma(ru+\varphi)\rVert^2` with :math:`r=\sqrt{K^*}/\lVert z\rVert`; u is off by a times the error of
    z and the rounding of a product, r by the error of ‖z‖, and both enter a 1-Lipschitz function.
    """
    phi, off, (m, d) = network.features.phi, network.features.error, network.weights.W.shape
    u, length = state.preactivation - phi, np.linalg.norm(state.z, axis=0)
    away = state.error + gamma(m + 8) * length
    of_u = network.contraction[1] * away + network.rounding(length)
    of_u += 4 * UNIT * (column_norms(state.preactivation) + column_norms(phi))
    with np.errstate(divide="ignore", invalid="ignore"):  # where ‖z‖ is not known, nothing is
        ratio = math.sqrt(limit) / length
        stretch = np.where(away < length, length / (length - away), math.inf)
        probe = np.maximum(ratio * u + phi, 0.0)
        error = ratio * (stretch * of_u + (stretch - 1 + 8 * UNIT) * column_norms(u))
    error = error + off + 4 * UNIT * column_norms(probe)
    square, features, mean = (probe**2).sum(axis=0), (phi**2).sum(axis=0), (network.inputs**2).sum(axis=1) / 2
    errors = error * (2 * np.sqrt(square) + error) + off * (2 * np.sqrt(features) + off)
    return square, features - mean, (errors + gamma(m + d + 32) * (square + features + mean)) * SLACK
