r"""The finite implicit ReLU network and its equilibrium, with every rounding accounted for.

.. math:: \varphi_i = m^{-1/2}\sigma(Wx_i),\qquad z_i = \sigma(\tilde\gamma A z_i + \varphi_i),\quad
          \tilde\gamma = \gamma/\sqrt m,\qquad \hat y_i = u^\top z_i + v^\top\varphi_i .

All entries of A (m, m), W (m, d), u, v (m,) are N(0, 1) at first. With :math:`a = \tilde\gamma\lVert A\rVert < 1` the
map is an a-contraction; the residual of the last iterate, its rounding errors and 1/(1 − a) bound the distance to the
equilibrium of the network whose weights are these exact binary64 numbers (``docs/papers/implicit_relu/proofs.md``,
"Floating point").
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from fractions import Fraction
from functools import cached_property
from itertools import accumulate

import numpy as np
from flint import arb
from numpy.typing import NDArray

from ....theory.errors import SpecError
from ...balls.ball import enclose
from ...balls.ends import upper_float
from ...balls.precision import precision
from ...balls.rounding import TINY, UNIT, gamma, up
from ...checks.relation import Relation, Sense
from ...checks.trajectories import Bounds
from ...expressions.enclosed_function import norm_up
from ...sampling.operator_norm import NormBounds, operator_norm
from ...studies.networks import Seed

Floats = NDArray[np.float64]

MAX_ITERATIONS = 400
SETTLED = 2.0**-50
"""Relative change at which the iteration stops: more steps change nothing but rounding errors."""
SLACK = 1.0 + 2.0**-30
"""Factor on a bound that is a non-negative expression of fewer than 2^20 roundings, norms of columns included."""
UNDERFLOW = 2.0**-900
"""More than what all underflows of one evaluation can amount to."""


@dataclass(frozen=True, slots=True, eq=False)
class Parameters:
    """The weights: A (m, m), W (m, d), u (m,), v (m,), float64."""

    A: Floats
    W: Floats
    u: Floats
    v: Floats

    @property
    def width(self) -> int:
        """The width m."""
        return int(self.u.size)

    @property
    def arrays(self) -> tuple[Floats, Floats, Floats, Floats]:
        """A, W, u and v."""
        return self.A, self.W, self.u, self.v

    @property
    def flat(self) -> Floats:
        """All weights in one vector."""
        return np.concatenate([array.ravel() for array in self.arrays])

    def filled(self, flat: Floats) -> Parameters:
        """Weights of these shapes from one vector."""
        parts = np.split(flat, np.cumsum([array.size for array in self.arrays])[:-1])
        return Parameters(*(part.reshape(array.shape) for part, array in zip(parts, self.arrays, strict=True)))

    def moved(self, step: float, gradient: Parameters) -> Parameters:
        """One step of gradient descent, in float64."""
        return Parameters(*(a - step * b for a, b in zip(self.arrays, gradient.arrays, strict=True)))


def sample_parameters(width: int, dimension: int, seed: Seed) -> Parameters:
    """Independent standard normal weights; they depend on the seed, the width and the dimension only.

    >>> sample_parameters(4, 3, 0).W.shape
    (4, 3)
    """
    if width < 1 or dimension < 1:
        raise SpecError(
            f"a network of width {width} on inputs of dimension {dimension} is empty: both must be positive."
        )
    random = np.random.Generator(np.random.PCG64(seed))
    A, W = random.standard_normal((width, width)), random.standard_normal((width, dimension))
    return Parameters(A, W, random.standard_normal(width), random.standard_normal(width))


@dataclass(frozen=True, eq=False)
class Network:
    """A network: its weights, γ, and the inputs, rows of ``inputs`` (n, d) float64, all taken as exact numbers."""

    weights: Parameters
    gamma: Fraction
    inputs: Floats

    @cached_property
    def norm(self) -> NormBounds:
        """Bounds of the spectral norm of A."""
        return operator_norm(self.weights.A)

    @cached_property
    def contraction(self) -> tuple[float, float]:
        r"""Bounds of :math:`a = \tilde\gamma\lVert A\rVert`."""
        with precision(64):
            factor = enclose(self.gamma) / arb(self.weights.width).sqrt()
            low = factor * arb(self.norm.lower)
            high = factor * arb(self.norm.upper) if math.isfinite(self.norm.upper) else arb("inf")
            return max(-upper_float(-low), 0.0), upper_float(high) if high.is_finite() else math.inf

    @property
    def posed(self) -> Relation:
        """a < 1, which makes the map a contraction."""
        low, high = self.contraction
        return Relation.of("a = gamma ||A||/sqrt(m) < 1", Bounds.of([low], [high]), 1, Sense.BELOW, condition=True)

    def over_gap(self, left: Floats, right: Floats, sign: int = -1) -> Bounds:
        """Norms with bounds ``left`` and ``right`` divided by 1 − a (``sign`` 1 plants 1 + a)."""
        low, high = self.contraction if sign < 0 else self.contraction[::-1]
        return Bounds.of(left / (1 + sign * low) * (1 - 2.0**-50), right / (1 + sign * high) * (1 + 2.0**-50))

    def picard_bound(self, start: Bounds, steps: Floats) -> Bounds:
        r""":math:`a^\ell` times ``start``, the largest :math:`\lVert\varphi\rVert/(1-a)`, for each number of steps."""
        low, high = self.contraction
        return Bounds.of(
            start.lower.max() * low**steps * (1 - 2.0**-40), start.upper.max() * high**steps * (1 + 2.0**-40)
        )

    @cached_property
    def scale(self) -> float:
        r""":math:`\tilde\gamma` in float64, off by at most three roundings."""
        return float(self.gamma) / math.sqrt(self.weights.width)

    @cached_property
    def features(self) -> Features:
        r""":math:`\Phi` with bounds of the error of each column, and the signs of :math:`Wx_i`."""
        W, X = self.weights.W, self.inputs
        m, d = W.shape
        raw = W @ X.T
        phi = np.maximum(raw, 0.0) * (1.0 / math.sqrt(m))
        lengths = column_norms(X.T)
        error = gamma(d + 4) * norm_up(W) / math.sqrt(m) * lengths * SLACK + UNDERFLOW
        doubt = gamma(d + 2) * np.multiply.outer(column_norms(W.T), lengths) * SLACK + UNDERFLOW
        return Features(phi, error, np.asarray(raw > 0), bool((np.abs(raw) > doubt).all()))

    def approximate(self, start: Floats | None = None) -> Equilibrium:
        """The equilibrium by Picard iteration (from ``start``, else from 0) in float64, without any bound."""
        with np.errstate(over="ignore", invalid="ignore"):
            z = _settled(self.applied, np.zeros_like(self.features.phi) if start is None else start)
            return Equilibrium(z, np.full(z.shape[1], math.inf), self.preactivation(z), False)

    def preactivation(self, z: Floats) -> Floats:
        r""":math:`\tilde\gamma Az + \varphi` as computed."""
        return np.asarray(self.scale * (self.weights.A @ z) + self.features.phi)

    def applied(self, z: Floats) -> Floats:
        """The map whose fixed point is the equilibrium, as computed."""
        return np.maximum(self.preactivation(z), 0.0)

    def equilibrium(self, start: Floats | None = None) -> Equilibrium:
        """The same with a bound of the error of each column, infinite unless a < 1 is proved.

        ``decided`` says that no pre-activation of the exact equilibrium can have another sign than the computed one.
        """
        found = self.approximate(start)
        A, z, features = self.weights.A, found.z, self.features
        m, high = self.weights.width, self.contraction[1]
        with np.errstate(over="ignore", invalid="ignore"):
            residual = column_norms(np.maximum(found.preactivation, 0.0) - z)
        if not (high < 1 and np.isfinite(residual).all()):
            return found
        lengths = column_norms(z)
        error = (residual + self.rounding(lengths)) / (1 - high) * SLACK
        doubt = up(self.scale * 1.0000001) * np.multiply.outer(column_norms(A.T), error + gamma(m + 6) * lengths)
        doubt = (doubt + 2 * UNIT * features.phi + features.error) * SLACK + UNDERFLOW
        return replace(found, error=error, decided=bool((np.abs(found.preactivation) > doubt).all()))

    def rounding(self, lengths: Floats) -> Floats:
        r"""By how much one computed application of the map is off, for columns of these norms, column by column:

        :math:`\gamma_{m+6}\tilde\gamma\lVert A\rVert_F\lVert z\rVert + 2u\lVert\varphi\rVert` and the error of φ.
        """
        features = self.features
        product = gamma(self.weights.width + 6) * up(self.scale * 1.0000001) * norm_up(self.weights.A) * lengths
        return np.asarray((product + 2 * UNIT * column_norms(features.phi) + features.error) * SLACK + UNDERFLOW)

    def picard(self, steps: int) -> Iterator[Floats]:
        """The first Picard iterates from 0, as computed: z^0 = 0, ..., z^steps."""
        return accumulate(range(steps), lambda z, _: self.applied(z), initial=np.zeros_like(self.features.phi))

    def predictions(self, state: Equilibrium, labels: Floats) -> tuple[Floats, Floats]:
        r"""The residuals :math:`e = \hat y - y` in float64 (n,), and a bound of the error of each."""
        u, v, phi = self.weights.u, self.weights.v, self.features.phi
        residual = u @ state.z + v @ phi - labels
        lu, lv = norm_up(u), norm_up(v)
        rounding = gamma(self.weights.width + 4) * (
            lu * column_norms(state.z) + lv * column_norms(phi) + np.abs(labels)
        )
        error = (rounding + lu * state.error + lv * self.features.error) * SLACK + UNDERFLOW
        return residual, error

    def loss(self, state: Equilibrium, labels: Floats) -> arb:
        r"""Enclose :math:`L = \tfrac12\lVert\hat y - y\rVert^2` at the exact equilibrium of these exact weights."""
        residual, error = self.predictions(state, labels)
        if not (np.isfinite(residual).all() and np.isfinite(error).all()):
            return arb("nan")
        with precision(96):
            balls = (arb(e, r) for e, r in zip(residual.tolist(), error.tolist(), strict=True))
            return sum((b * b for b in balls), arb(0)).nonnegative_part() / 2

    def solve_adjoint(self, active: NDArray[np.bool_]) -> tuple[Floats, Floats]:
        r""":math:`y = u + \tilde\gamma A^\top Dy` by iteration in float64, and :math:`q = Dy`; (m, n) each."""
        A, u = self.weights.A, self.weights.u[:, None]
        start = np.repeat(u, active.shape[1], axis=1)
        y = _settled(lambda y: u + self.scale * (A.T @ np.where(active, y, 0.0)), start)
        return y, np.where(active, y, 0.0)

    def adjoint(self, state: Equilibrium) -> tuple[Floats, Floats]:
        r""":math:`q_i = D_i(I-\tilde\gamma A^\top D_i)^{-1}u`, columns (m, n), with a bound of the error of each.

        The bound is about the sign pattern of ``state``: it is the equilibrium's own where ``state.decided``.
        """
        A, u, m = self.weights.A, self.weights.u, self.weights.width
        y, q = self.solve_adjoint(state.active)
        high = self.contraction[1]
        if not high < 1:
            return q, np.full(q.shape[1], math.inf)
        residual = column_norms(u[:, None] + self.scale * (A.T @ q) - y)
        rounding = gamma(m + 6) * up(self.scale * 1.0000001) * norm_up(A) * column_norms(y) + 2 * UNIT * norm_up(u)
        return q, (residual + rounding * SLACK + UNDERFLOW) / (1 - high) * SLACK

    def gradient(self, state: Equilibrium, labels: Floats) -> Parameters:
        r"""The gradient of L in float64, away from kinks:

        .. math:: \nabla_vL = \Phi e,\quad \nabla_uL = Ze,\quad \nabla_AL = \tilde\gamma\sum_i e_iq_iz_i^\top,\quad
                  \nabla_WL = m^{-1/2}\sum_i e_iE_i(q_i+v)x_i^\top .

        Proof: ``docs/papers/implicit_relu/proofs.md``, "Gradients".
        """
        e, _ = self.predictions(state, labels)
        _, q = self.solve_adjoint(state.active)
        weighted = np.where(self.features.active, q + self.weights.v[:, None], 0.0) * e
        return Parameters(
            self.scale * ((q * e) @ state.z.T),
            (weighted @ self.inputs) / math.sqrt(self.weights.width),
            state.z @ e,
            self.features.phi @ e,
        )

    def with_weights(self, weights: Parameters) -> Network:
        """The same inputs and γ with other weights."""
        return replace(self, weights=weights)


@dataclass(frozen=True, slots=True, eq=False)
class Features:
    """Φ (m, n), a bound of the error of each column, the pattern of Wx > 0, and whether that pattern is certain."""

    phi: Floats
    error: Floats
    active: NDArray[np.bool_]
    decided: bool


@dataclass(frozen=True, slots=True, eq=False)
class Equilibrium:
    """Z (m, n), a bound of the error of each column, the pre-activations, and whether their signs are certain."""

    z: Floats
    error: Floats
    preactivation: Floats
    decided: bool

    @property
    def active(self) -> NDArray[np.bool_]:
        """The sign pattern: where the pre-activations are positive."""
        return np.asarray(self.preactivation > 0)


def _settled(step: Callable[[Floats], Floats], x: Floats) -> Floats:
    """The last of at most :data:`MAX_ITERATIONS` iterates, or the first that hardly differs from the one before."""
    for _ in range(MAX_ITERATIONS):
        before, x = x, step(x)
        if not np.abs(x - before).max(initial=0.0) > SETTLED * np.abs(x).max(initial=0.0):
            break
    return x


def column_norms(a: Floats) -> Floats:
    """Upper bounds of the Euclidean norms of the columns: (n,); squares that underflow are paid for."""
    return np.asarray(np.sqrt((a * a).sum(axis=0) + a.shape[0] * TINY) * (1.0 + gamma(a.shape[0] + 8)))


def unit_rows(values: Floats) -> Floats:
    """The rows divided by their norms, in float64; the network's inputs are these rounded numbers, taken as exact."""
    scaled = values / np.abs(values).max(axis=1, keepdims=True)
    return np.asarray(scaled / np.linalg.norm(scaled, axis=1, keepdims=True))


def resolvent_norm(matrix: Floats) -> tuple[float, float]:
    r"""Bounds of :math:`\lVert(I-B)^{-1}\rVert_2` for a float64 matrix B: an approximate inverse R and its residual.

    With :math:`\varepsilon \ge \lVert I - R(I-B)\rVert_F` below 1 the norm lies between
    :math:`\lVert R\rVert/(1+\varepsilon)` and :math:`\lVert R\rVert/(1-\varepsilon)`.

    >>> low, high = resolvent_norm(np.eye(3) / 2)
    >>> low <= 2.0 <= high
    True
    """
    m = matrix.shape[0]
    full = np.eye(m) - matrix  # each diagonal entry is rounded once; the rest is exact
    inverse = np.asarray(np.linalg.inv(full), dtype=np.float64)
    size, length = norm_up(inverse), norm_up(full)
    error = norm_up(np.asarray(np.eye(m) - inverse @ full, dtype=np.float64)) + 2 * gamma(m + 4) * (size * length + m)
    error *= SLACK
    norm = operator_norm(inverse)
    if not error < 1:
        return 0.0, math.inf
    return norm.lower / (1 + error) * (1 - 2.0**-50), norm.upper / (1 - error) * (1 + 2.0**-50)
