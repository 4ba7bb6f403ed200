r"""Proved bounds at one computed iterate: the equilibrium, the loss, the least eigenvalue of the Gram matrix.

The iterate is a network of float64 numbers and a float64 array Z near its equilibrium :math:`Z^*`. With
:math:`\theta \ge L\lVert W\rVert_2`, :math:`\theta < 1`,

.. math:: \lVert Z - Z^*\rVert_F \le \frac{\lVert \varphi(WZ + UX) - Z\rVert_F}{1 - \theta},

the residual bounded from above with the rounding of both products, of the subtraction and of φ counted. Everything else
follows from this number. Proof: ``docs/papers/deep_equilibrium/training.md``, "Bounds at one iterate".
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from flint import arb
from numpy.typing import NDArray

from .....theory.errors import PrecisionExhausted
from ....balls.ball import Ball
from ....balls.budget import Budget
from ....balls.enclosure import float_below
from ....balls.ends import between, nonnegative, upper_float
from ....balls.precision import precision
from ....balls.printed import text_above
from ....balls.rounding import TINY, UNIT, gamma
from ....eigenvalues.eigenvalue import least_eigenvalue
from ....expressions.enclosed_function import EnclosedFunction, norm_down, norm_up
from ....kernels.ballmatrix import BallMatrix
from .gradient import Network

BITS = 64
"""Precision of the few scalar operations on bounds."""
Array = NDArray[np.float64]


def lower_float(x: arb) -> float:
    """The largest float64 that is at most every number of a finite ball."""
    return float_below(Ball(x).lower)


def norm_ball(x: Array) -> arb:
    """A ball around the Euclidean norm of a float64 array."""
    with precision(BITS):
        return between(arb(norm_down(x)), arb(norm_up(x)))


@dataclass(frozen=True, slots=True, eq=False)
class IterateBounds:
    r"""What is proved at an iterate; balls enclose the exact quantities of the exact float64 parameters.

    Attributes
    ----------
    error: an upper bound of :math:`\lVert Z - Z^*\rVert_F`.
    residual: around :math:`\lVert y^* - y\rVert`, the norm of the output error at the exact equilibrium.
    loss: around half its square.
    least: around :math:`\lambda_{\min}(Z^{*\top}Z^*)`.
    """

    error: float
    residual: arb
    loss: arb
    least: arb


def step_slack(network: Network[Array], points: Array, state: Array) -> arb:
    r"""An upper bound of the Frobenius norm of the rounding of :math:`WZ + UX`, (m, n), as computed in float64."""
    m, d, n = network.width, points.shape[1], points.shape[0]
    with precision(BITS):
        products: arb = arb(gamma(m + 1)) * arb(norm_up(network.recurrent)) * arb(norm_up(state))
        products += arb(gamma(d + 1)) * arb(norm_up(network.inputs)) * arb(norm_up(points))
        products += arb(math.sqrt(m * n) + 1) * (m + d + 2) * arb(TINY)
    return products


def equilibrium_error(
    phi: EnclosedFunction, lipschitz: float, theta: float, network: Network[Array], points: Array, state: Array
) -> float:
    r"""An upper bound of :math:`\lVert Z - Z^*\rVert_F` for the exact equilibrium of the float64 network.

    ``lipschitz`` bounds sup|φ'| and ``theta`` bounds :math:`L\lVert W\rVert_2` from above; points (n, d), state (m, n).
    Raises :class:`PrecisionExhausted` unless theta < 1.
    """
    if not theta < 1:
        raise PrecisionExhausted(
            "L ||W||_2 is not proved below 1, so the distance of an iterate from its equilibrium has no bound here:"
            " take a smaller sigma_w2 or a smaller step size.",
            reached=f"L ||W||_2 <= {text_above(theta, 6)}",
        )
    argument = network.recurrent @ state + network.inputs @ points.T
    return distance_to_equilibrium(phi, lipschitz, theta, argument, state, step_slack(network, points, state))


def distance_to_equilibrium(
    phi: EnclosedFunction, lipschitz: float, theta: float, argument: Array, state: Array, products: arb
) -> float:
    """The same from the computed pre-activations of ``state``, off by at most ``products``; theta below 1."""
    values, slips = phi(argument)
    with precision(BITS):
        residual = arb(norm_up(values - state)) * (1 + 2 * arb(UNIT)) + arb(norm_up(slips)) + arb(lipschitz) * products
        return upper_float(residual / (1 - arb(theta)))


def iterate_bounds(network: Network[Array], labels: Array, state: Array, error: float) -> IterateBounds:
    """The other bounds, from a bound of the distance of ``state`` to the equilibrium, :func:`equilibrium_error`."""
    m = network.width
    output = state.T @ network.readout - labels
    features = state.T @ state
    features = (features + features.T) / 2
    found = least_eigenvalue(
        BallMatrix(features, 0.0), budget=Budget(bits=64, max_bits=64), relative_width=1e-4, known_psd=False
    )
    with precision(BITS):
        size, length, off = arb(norm_up(state)), arb(norm_up(network.readout)), arb(error)
        slack = length * off + arb(gamma(m + 1)) * size * length + 2 * arb(UNIT) * arb(norm_up(output))
        slack += (m + 2) * labels.size * arb(TINY)  # underflow
        residual = nonnegative(between(arb(norm_down(output)) - slack, arb(norm_up(output)) + slack))
        lost = (m + 4) * labels.size * arb(TINY)  # underflow: at most m + 2 roundings in each entry
        shift = (arb(gamma(m + 3)) * size * size + 2 * size * off + off * off + lost).upper()
        least = nonnegative(between(arb(found.lower) - shift, arb(found.upper) + shift))  # a Gram matrix
        return IterateBounds(error, residual, residual * residual / 2, least)
