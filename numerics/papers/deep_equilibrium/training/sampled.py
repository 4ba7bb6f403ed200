r"""Experiments with many small networks: the tangent Gram matrix against its limit, and the stability threshold.

Nothing here is proved; the tests are settled with all other tests of a study (docs/theory/finite-width.md, section 4).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from .....theory.errors import PrecisionExhausted
from ....balls.threads import blas_threads
from ....kernels.gram import gram
from ....sampling.statistics import BinomialTest, MedianTest, regression_weights
from .equilibrium import Differentiable, adjoint, solve
from .gradient import sample_network, tangent_gram

if TYPE_CHECKING:
    from ..instance import EquilibriumInstance

Array = NDArray[np.float64]

TANGENT_WIDTHS = (160, 320, 640)
TANGENT_REPLICATES = 64
TANGENT_INPUTS = 8
WIDE = 5120
"""Neurons of the networks without feedback that give the mean of the control variate."""
TOLERANCE = 1e-9
"""Relative change at which the two fixed points of a sampled network are accepted."""
REMAINDER = 0.01
"""What the extrapolated scale of the tangent Gram matrix is compared with, relatively."""
SCALE_ALTERNATIVES = (-0.1, 0.1)
VISIBLE = 1e-6
"""Directions of the limit below this share of its largest eigenvalue are left out of the relative error of scale."""

STABILITY_WIDTH = 256
STABILITY_REPLICATES = 24
RATIO_CLAIM = (0.95, 1.15)
"""Measured at width 256: the spectral radius exceeds its limit by 2 to 6 percent."""
RATIO_ALTERNATIVES = (0.8, 1.3)
PATIENT = 300
"""Picard steps after which an iteration counts as not converging."""
PAST = 2.0
"""χ at which the iteration is expected to fail: well past the threshold 1."""


def tangent_limit(inst: EquilibriumInstance) -> Array:
    """The limit Θ on the chosen inputs, (n, n)."""
    chosen = inst.training.chosen(TANGENT_INPUTS)
    return gram(inst.tangent.tangent, inst.inputs.cosines, budget=inst.budget).mid[np.ix_(chosen, chosen)]


@dataclass(frozen=True, slots=True, eq=False)
class TangentSample:
    r"""Tangent Gram matrices over the width, for every replicate, float64.

    ``tangent`` (widths, replicates, n, n): H/m; ``shallow``, of the same shape: what networks without feedback have on
    the same U and a, :math:`G\circ(1+V^\top V)`; ``wide`` (replicates, n, n): the same for other, wide ones.
    """

    tangent: Array
    shallow: Array
    wide: Array


def tangent_samples(inst: EquilibriumInstance) -> TangentSample:
    """The networks of every width and replicate, and the control variate."""
    lab, text = inst.training, f"tangent Gram matrices, {inst.subject}"
    key = (
        f"tangent and shallow|{inst.system}|{inst.activation.expression}|{inst.sigma_w2}|{TANGENT_WIDTHS}|{WIDE}"
        f"|{TANGENT_REPLICATES}|{TANGENT_INPUTS}|{TOLERANCE}|seed {inst.budget.seed}"
    )

    def make() -> dict[str, Array]:
        x = lab.points(TANGENT_INPUTS)
        total, found = len(TANGENT_WIDTHS) * TANGENT_REPLICATES, []
        with blas_threads(1):
            for m in TANGENT_WIDTHS:
                for r in range(TANGENT_REPLICATES):
                    found.append(_tangent(lab.phi, x, m, float(inst.sigma_w2), lab.seed(m, r)))
                    if len(found) % 8 == 0:
                        inst.workspace.progress(text, len(found), total)
            wide = [_wide(lab.phi, x, lab.seed(WIDE, r)) for r in range(TANGENT_REPLICATES)]
        shape = (len(TANGENT_WIDTHS), TANGENT_REPLICATES, x.shape[0], x.shape[0])
        tangent, shallow = (np.array(column).reshape(shape) for column in zip(*found, strict=True))
        return {"tangent": tangent, "shallow": shallow, "wide": np.array(wide)}

    return TangentSample(**inst.workspace.keep(key, make))


def _tangent(
    phi: Differentiable, x: Array, width: int, sigma_w2: float, seed: np.random.SeedSequence
) -> tuple[Array, Array]:
    network = sample_network(width, x.shape[1], sigma_w2, seed)
    bias = network.inputs @ x.T
    state = solve(phi, network.recurrent, bias, tolerance=TOLERANCE).require("the equilibrium of a sampled network")
    slopes: Array = np.array(np.broadcast_to(phi.derivative(network.recurrent @ state + bias), state.shape))
    delta = adjoint(slopes, network.recurrent, network.readout, tolerance=TOLERANCE).require("the adjoint equation")
    return tangent_gram(state, delta, x) / width, _shallow(phi, bias, network.readout)


def _wide(phi: Differentiable, x: Array, seed: np.random.SeedSequence) -> Array:
    """A wide network without feedback: its pre-activations are drawn, with the covariance 2 x xᵀ/d of U x."""
    factor = np.linalg.qr(x.T).R * math.sqrt(2 / x.shape[1])
    random = np.random.Generator(np.random.PCG64(seed))
    bias = random.standard_normal((WIDE, factor.shape[0])) @ factor
    return _shallow(phi, bias, random.standard_normal(WIDE) / math.sqrt(WIDE))


def _shallow(phi: Differentiable, bias: Array, readout: Array) -> Array:
    """H/m without feedback, but for the part of U, which vanishes."""
    state, slopes = phi.function(bias), np.broadcast_to(phi.derivative(bias), bias.shape)
    delta = slopes * readout[:, None]
    return np.asarray(state.T @ state / readout.size * (1 + delta.T @ delta))


def tangent_test(samples: TangentSample, limit: Array, name: str, *, of_limit: bool = True) -> MedianTest:
    r"""Whether :math:`H/m \to \Theta` in scale: the median of the replicates, each extrapolated linearly in 1/m to 0.

    A replicate has one network of each width; its value is the mean of :math:`v_k^\top(H/m-\Theta)v_k/\theta_k` over
    the directions of Θ. The same networks without feedback are a control variate: they are subtracted, and a wide one
    is added. Both have one limit, whatever it is, so no theory enters. Nothing bounds what the extrapolation leaves:
    the claim can be supported, not contradicted. ``of_limit=False`` makes it a claim about these widths. Alternatives:
    ±10 %. Raises :class:`PrecisionExhausted` where the limit is zero.
    """
    eigenvalues, vectors = np.linalg.eigh(limit)
    definite = eigenvalues > VISIBLE * eigenvalues[-1]  # a direction in which the limit vanishes has no relative error
    if not (eigenvalues[-1] > 0 and definite.any()):
        raise PrecisionExhausted("the limit of the tangent Gram matrix is zero here: there is no scale to compare.")
    v = vectors[:, definite]

    def scale(matrices: Array) -> Array:
        return np.asarray((np.einsum("ik,...ij,jk->...k", v, matrices, v) / eigenvalues[definite]).mean(axis=-1))

    widths = np.array(TANGENT_WIDTHS, dtype=np.float64)
    weights = regression_weights(np.column_stack([np.ones(widths.size), widths[0] / widths]), 0)
    values = weights @ scale(samples.tangent - samples.shallow) + scale(samples.wide - limit)
    return MedianTest(name, values, -REMAINDER, REMAINDER, SCALE_ALTERNATIVES, of_limit)


def population_stability(phi: Differentiable, sigma_w2: float) -> float:
    r""":math:`\chi = 2\sigma_w^2\,\mathbb E\varphi'(\sqrt s z)^2` at the fixed point s, in float64 without a bound.

    Where the iteration for s runs away, the value at a huge s. Used for choosing experiments only.
    """
    nodes = np.linspace(-9.0, 9.0, 4001)  # the trapezoid rule; the slopes of a steep φ are narrower than Gauss's nodes
    weights = np.exp(-(nodes**2) / 2)
    weights /= weights.sum()
    s = 2.0
    for _ in range(500):
        following = 2 + 2 * sigma_w2 * float(weights @ phi.function(math.sqrt(s) * nodes) ** 2)
        if following > 1e8 or abs(following - s) <= 1e-10 * s:
            s = following
            break
        s = following
    return 2 * sigma_w2 * float(weights @ np.broadcast_to(phi.derivative(math.sqrt(s) * nodes), nodes.shape) ** 2)


def unstable_variance(phi: Differentiable) -> float:
    """The first power of two at which χ is at least ``PAST``; :class:`PrecisionExhausted` when there is none."""
    for k in range(-8, 40):
        if population_stability(phi, 2.0**k) >= PAST:
            return 2.0**k
    raise PrecisionExhausted(f"chi stays below {PAST:g} for every sigma_w2 tried: {phi.name} has no threshold here.")


def stability_samples(inst: EquilibriumInstance) -> dict[str, Array]:
    """``ratio``: spectral radius of DW over √χ at the study's σ_w²; ``inside``, ``past``: 1 where Picard converged."""
    lab, text = inst.training, f"stability of networks, {inst.subject}"
    key = (
        f"stability|{inst.system}|{inst.activation.expression}|{inst.sigma_w2}|{STABILITY_WIDTH}|{STABILITY_REPLICATES}"
        f"|seed {inst.budget.seed}"
    )

    def make() -> dict[str, Array]:
        phi, x = lab.phi, lab.points(1)
        past = unstable_variance(phi)
        chi = population_stability(phi, float(inst.sigma_w2))
        ratio: list[float] = []
        events: dict[str, list[float]] = {"inside": [], "past": []}
        with blas_threads(1):
            for r in range(STABILITY_REPLICATES):
                for place, (name, variance) in enumerate((("inside", float(inst.sigma_w2)), ("past", past))):
                    seed = lab.seed(STABILITY_WIDTH, place + 1, r)
                    network = sample_network(STABILITY_WIDTH, x.shape[1], variance, seed)
                    bias = network.inputs @ x.T
                    found = solve(phi, network.recurrent, bias, tolerance=TOLERANCE, max_iterations=PATIENT)
                    events[name].append(float(found.converged))
                    if name == "inside":
                        slopes = np.broadcast_to(
                            phi.derivative(network.recurrent @ found.state + bias), found.state.shape
                        )
                        spectrum = np.linalg.eigvals(slopes * network.recurrent)
                        ratio.append(float(np.abs(spectrum).max()) / math.sqrt(chi) if chi > 0 else math.nan)
                inst.workspace.progress(text, r + 1, STABILITY_REPLICATES)
        return {
            "ratio": np.array(ratio),
            **{name: np.array(values) for name, values in events.items()},
            "chi": np.array([chi, population_stability(phi, past)]),
            "sigma_w2": np.array([float(inst.sigma_w2), past]),
        }

    return inst.workspace.keep(key, make)


def radius_test(ratio: Array, name: str, *, of_limit: bool = True) -> MedianTest:
    """Whether the spectral radius of DW is √χ: the median over networks of one width can support it, no more."""
    low, high = RATIO_CLAIM
    return MedianTest(name, ratio, low, high, RATIO_ALTERNATIVES, of_limit)


def convergence_probability(sigma_w2: float, lipschitz: float) -> float:
    r"""A lower bound of the probability that Picard's iteration is seen to converge at this width, at most 0.99.

    With :math:`\theta = L\lVert W\rVert_2` the relative change after step k is at most
    :math:`\theta^{k-1}(1+\theta)/(1-\theta^k)`, and the tail bound of the norm (C30) says how rarely θ is too large for
    ``PATIENT`` steps. It is 0 where that says nothing: χ below 1 is a statement about wide networks, and
    by itself promises nothing at one width.

    >>> convergence_probability(1 / 16, 1.0), convergence_probability(9 / 10, 1.0)
    (0.99, 0.0)
    """
    theta = (TOLERANCE / 4) ** (1 / (PATIENT - 1))  # then the change is below TOLERANCE, twice over
    scale = math.sqrt(2 * sigma_w2) * lipschitz
    t = math.sqrt(STABILITY_WIDTH) * ((theta / scale if scale > 0 else math.inf) - 2)
    return min(0.99, max(0.0, -math.expm1(-t * t / 2))) if t > 0 else 0.0


def event_tests(inside: Array, past: Array, name: str, claimed: float) -> tuple[BinomialTest, BinomialTest]:
    """Picard's iteration converges with probability ``claimed`` inside; past the threshold nothing is claimed.

    Both are supported where they are certainly more probable than 1/2.
    """
    return (
        BinomialTest(f"converges, {name}", int(inside.sum()), inside.size, claimed, "at-least", (0.5,)),
        BinomialTest(f"fails past the threshold, {name}", int((1 - past).sum()), past.size, 0.0, "at-least", (0.5,)),
    )
