r"""The tangent kernel of an implicit ReLU network, with a radius: four positive semidefinite parts.

.. math:: H = \Phi^\top\Phi + Z^\top Z + \tilde\gamma^2\,(Q^\top Q)\circ(Z^\top Z)
          + \tfrac1m\,(P^\top P)\circ(XX^\top),\qquad p_i = E_i(q_i+v).

Under gradient flow the residual obeys :math:`\dot e = -He`. Proofs: ``docs/papers/implicit_relu/proofs.md``, "Tangent
kernel" and "Floating point".
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from ....theory.errors import PrecisionExhausted
from ...balls.budget import Budget
from ...balls.enclosure import Enclosure
from ...balls.rounding import UNIT, gamma
from ...eigenvalues.eigenvalue import least_eigenvalue
from ...kernels.ballmatrix import BallMatrix
from .network import SLACK, UNDERFLOW, Equilibrium, Floats, Network, column_norms


@dataclass(frozen=True, slots=True, eq=False)
class TangentKernel:
    """The four parts of H in the order of the formula, each an (n, n) ball matrix."""

    features: BallMatrix
    states: BallMatrix
    recurrent: BallMatrix
    inputs: BallMatrix

    @property
    def beyond_features(self) -> BallMatrix:
        r""":math:`H - \Phi^\top\Phi`, the sum of the last three parts."""
        return add(add(self.states, self.recurrent), self.inputs)

    @property
    def total(self) -> BallMatrix:
        """H."""
        return add(self.features, self.beyond_features)


def feature_gram(network: Network) -> BallMatrix:
    r""":math:`G = \Phi^\top\Phi` with its radius."""
    return product(network.features.phi, network.features.error)


def least_feature_eigenvalue(network: Network, budget: Budget) -> Enclosure:
    r""":math:`\lambda_{\min}(\Phi^\top\Phi)` of a network, proved on both sides, without rungs above 64 bits."""
    return least_eigenvalue(feature_gram(network), budget=replace(budget, bits=64, max_bits=64), known_psd=True)


def tangent_kernel(network: Network, state: Equilibrium) -> TangentKernel:
    """The parts of H; :class:`PrecisionExhausted` when a sign pattern or the equilibrium is not certain."""
    if not (state.decided and network.features.decided):
        raise PrecisionExhausted(
            "a pre-activation is too near to zero for its sign to be known: the tangent kernel jumps there; "
            "choose another seed, or a smaller gamma."
        )
    q, error = network.adjoint(state)
    X, m = network.inputs, network.weights.width
    states = product(state.z, state.error)
    active = network.features.active
    p = np.where(active, q + network.weights.v[:, None], 0.0)
    slopes = product(p, (error + 2 * UNIT * column_norms(p)) * SLACK)
    inner = product(X.T, np.zeros(X.shape[0]))
    return TangentKernel(
        feature_gram(network),
        states,
        _scaled(_schur(product(q, error), states), network.scale**2),
        _scaled(_schur(slopes, inner), 1.0 / m),
    )


def product(a: Floats, error: Floats) -> BallMatrix:
    r""":math:`M^\top M` for every M whose columns lie within ``error`` of those of ``a`` (m, n)."""
    mid = a.T @ a
    mid = (mid + mid.T) / 2
    length, off = float(column_norms(a).max()), float(error.max())
    if not np.isfinite(off):
        raise PrecisionExhausted(
            "the equilibrium of this network is not enclosed: its map is not proved a contraction."
        )
    return BallMatrix(mid, (gamma(a.shape[0] + 4) * length**2 + 2 * length * off + off**2) * SLACK + UNDERFLOW)


def add(a: BallMatrix, b: BallMatrix) -> BallMatrix:
    """The sum, entry by entry."""
    mid = a.mid + b.mid
    return BallMatrix(mid, (_rad(a) + _rad(b) + 2 * UNIT * float(np.abs(mid).max())) * SLACK)


def _schur(a: BallMatrix, b: BallMatrix) -> BallMatrix:
    mid = a.mid * b.mid
    large_a, large_b = float(np.abs(a.mid).max()), float(np.abs(b.mid).max())
    rad = large_a * _rad(b) + large_b * _rad(a) + _rad(a) * _rad(b) + 2 * UNIT * large_a * large_b
    return BallMatrix(mid, rad * SLACK + UNDERFLOW)


def _scaled(a: BallMatrix, factor: float) -> BallMatrix:
    """Times a positive factor that is known up to 16 roundings."""
    mid = a.mid * factor
    return BallMatrix(mid, (_rad(a) * factor + 32 * UNIT * float(np.abs(mid).max())) * SLACK + UNDERFLOW)


def _rad(a: BallMatrix) -> float:
    return float(np.max(a.rad))
