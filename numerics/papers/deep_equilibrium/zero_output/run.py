r"""Gradient descent with every quantity of the proof bounded at each iterate, at the cost of a few thin products.

A step changes both weight matrices by :math:`A_kZ_k^\top` and :math:`A_kX^\top` with one factor
:math:`A_k = -\eta\,\Delta_k\operatorname{diag}(e_k)`, (m, n). So the weights are kept as they are at the start, with
the factors and states of all steps:

.. math:: W_kZ + U_kX = W_0Z + U_0X + \sum_{j<k}A_j(Z_j^\top Z + X^\top X) .

The iterates are these exact weights, made of float64 arrays, whatever the errors of the gradients were; nothing of a
change is lost to the rounding of a large matrix. Bounds: ``docs/papers/deep_equilibrium/descent.md``, "Bounds along a
run".
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from flint import arb
from numpy.typing import NDArray

from ....balls.ends import between, nonnegative, outward
from ....balls.precision import precision
from ....balls.rounding import TINY, UNIT, gamma, norm_down, norm_up, up
from ....checks.trajectories import Bounds
from ....expressions.enclosed_function import EnclosedFunction
from ....sampling.operator_norm import NormBounds, operator_norm
from ..training.equilibrium import MAX_ITERATIONS, Differentiable, adjoint, picard
from ..training.gradient import Network
from ..training.iterate import BITS, IterateBounds, distance_to_equilibrium, iterate_bounds, norm_ball, step_slack

Array = NDArray[np.float64]

TOLERANCE = 1e-13
"""Relative change at which an equilibrium is accepted; what is proved of it comes from its residual."""
ADJOINT_TOLERANCE = 1e-10
"""The same for the adjoint: an inexact gradient only makes another sequence."""

STATES = ("residual", "readout", "norm", "least", "drift", "recurrent")
r"""Of each iterate: :math:`\lVert e\rVert`, :math:`\lVert a\rVert`, :math:`\lVert Z\rVert_2`,
:math:`\lambda_{\min}(Z^\top Z)`, :math:`\lVert Z-Z_0\rVert_F`, and the length of the path of W up to it."""
MOVES = ("adjoint", "weights", "argument", "features", "coupling", "linear")
r"""Of the step after it: :math:`\max_i\lVert\delta_i\rVert`, :math:`\lVert(\Delta W,\Delta U)\rVert_F`,
:math:`\lVert\Delta W\,Z+\Delta U\,X\rVert_F`, :math:`\lVert Z^+-Z\rVert_F`, :math:`\lVert(Z^+-Z)^\top a^+\rVert`, and
:math:`\lVert(I-\eta Z^\top Z)e\rVert`."""


class Weights:
    """The recurrent and input weights after some steps: those at the start, and what each step added."""

    def __init__(self, network: Network[Array], points: Array, steps: int) -> None:
        m, n = network.width, points.shape[0]
        self.start, self.points = network, points
        self.bias = network.inputs @ points.T
        self.inner = points @ points.T
        self._left, self._right = np.zeros((m, n * steps)), np.zeros((m, n * steps))
        self._used, self._size = 0, arb(0)

    @property
    def left(self) -> Array:
        """The factors of all steps, side by side."""
        return self._left[:, : self._used]

    @property
    def right(self) -> Array:
        """The states of all steps, side by side."""
        return self._right[:, : self._used]

    def add(self, factor: Array, state: Array) -> None:
        """One step: W gets ``factor @ state.T`` more, and U the same with the inputs."""
        end = self._used + state.shape[1]
        self._left[:, self._used : end], self._right[:, self._used : end] = factor, state
        self._used = end
        with precision(BITS):
            self._size += arb(norm_up(factor)) * (arb(norm_up(state)) + arb(norm_up(self.points)))

    def _repeated(self) -> Array:
        return np.tile(self.inner, (self._used // self.inner.shape[0], 1))

    def forward(self, state: Array, out: Array) -> None:
        """W Z, and what the steps added to U X."""
        np.matmul(self.start.recurrent, state, out=out)
        if self._used:
            out += self.left @ (self.right.T @ state + self._repeated())

    def backward(self, adjoint: Array, out: Array) -> None:
        """The transpose of W times an array."""
        np.matmul(self.start.recurrent.T, adjoint, out=out)
        if self._used:
            out += self.right @ (self.left.T @ adjoint)

    def argument(self, state: Array) -> tuple[Array, arb]:
        r"""The pre-activations of a state, (m, n), and a bound of the Frobenius norm of their rounding.

        Each of the added products is a sum of at most :math:`m+d+kn+4` products of three numbers.
        """
        found = np.empty_like(state)
        self.forward(state, found)
        found += self.bias
        m, d = self.start.width, self.points.shape[1]
        with precision(BITS):
            slack = step_slack(self.start, self.points, state)
            reach = arb(norm_up(state)) + arb(norm_up(self.points))
            slack += arb(gamma(2 * m + 2 * d + 2 * self._used + 8)) * self._size * reach
            slack += (
                2 * arb(UNIT) * (arb(norm_up(found)) + arb(norm_up(self.bias)))
                + arb(TINY) * (m + d + self._used + 4) * state.size
            )
        return found, slack


@dataclass(frozen=True, slots=True, eq=False)
class Equilibrium:
    """A computed equilibrium (m, n), its computed pre-activations, and a bound of the Frobenius norm of its error."""

    state: Array
    argument: Array
    error: float


@dataclass(frozen=True, slots=True, eq=False)
class ZeroOutputRun:
    """A finished run: proved bounds at every iterate, one (iterates,) array for each end of each quantity."""

    step: float
    arrays: dict[str, Array]

    @property
    def steps(self) -> int:
        """How many steps were made."""
        return int(self.arrays["residual_lower"].size) - 1

    def bounds(self, name: str) -> Bounds:
        """The proved bounds of one of :data:`STATES` at each iterate, or of one of :data:`MOVES` at each step."""
        count = self.steps + (name in STATES)
        return Bounds.of(self.arrays[f"{name}_lower"][:count], self.arrays[f"{name}_upper"][:count])


def certified_run(
    phi: Differentiable,
    enclosed: EnclosedFunction,
    network: Network[Array],
    points: Array,
    labels: Array,
    *,
    step: float,
    steps: int,
    norm: NormBounds,
    share: float = 0.0,
    listen: Callable[[int], None] | None = None,
) -> ZeroOutputRun:
    r"""Gradient descent from ``network`` on points (n, d), with a bound of everything that the proof speaks of.

    ``norm`` bounds :math:`\lVert W_0\rVert_2`. The run ends after ``steps`` steps, or when the residual is proved to be
    at most ``share`` of what it was. Where :math:`L\lVert W\rVert_2<1` is not proved it ends as well, with infinite
    bounds. Raises :class:`PrecisionExhausted` when an equilibrium is not reached.
    """
    if phi.lipschitz is None:
        raise ValueError("no Lipschitz constant is known, so no iterate has a proved equilibrium")
    weights, readout, path = Weights(network, points, steps), network.readout, arb(0)
    rows: list[dict[str, tuple[float, float]]] = []
    reached: list[Equilibrium] = []
    delta: Array | None = None
    factor = np.zeros(0)
    for count in range(steps + 1):
        with precision(BITS):
            theta = up(phi.lipschitz * up(norm.upper + outward(path)[1]))
        if not theta < 1:
            rows.append(dict.fromkeys(STATES, (0.0, math.inf)))
            break
        if not reached or factor.any():
            reached.append(_settled(phi, enclosed, weights, theta, [point.state for point in reached[-2:]]))
        else:  # W and U are what they were
            reached.append(reached[-1])
        point = reached[-1]
        proved = iterate_bounds(Network(network.recurrent, network.inputs, readout), labels, point.state, point.error)
        if count:
            rows[-1] |= _arrival(reached[-2], point, readout)
        with precision(BITS):
            rows.append(_of_state(proved, readout, point, reached[0]) | {"recurrent": outward(path)})
        if listen is not None:
            listen(count)
        if count == steps or rows[-1]["residual"][1] <= share * rows[0]["residual"][0]:
            break
        slopes: Array = np.array(np.broadcast_to(phi.derivative(point.argument), point.state.shape))
        backward = adjoint(slopes, weights.backward, readout, start=delta, tolerance=ADJOINT_TOLERANCE)
        delta = backward.require("the adjoint equation")
        residual = point.state.T @ readout - labels
        factor = delta * (-step * residual)
        with precision(BITS):
            moves, length = _of_step(weights, factor, point.state, residual, delta, proved, step)
            rows[-1] |= moves
            path += length
        weights.add(factor, point.state)
        readout = readout - step * (point.state @ residual)
        del reached[1:-2]
    names = [*STATES, *MOVES]
    ends = {name: [row.get(name, (math.nan, math.nan)) for row in rows] for name in names}
    arrays = {f"{name}_lower": np.array([low for low, _ in found]) for name, found in ends.items()}
    arrays |= {f"{name}_upper": np.array([high for _, high in found]) for name, found in ends.items()}
    return ZeroOutputRun(step, arrays)


def _settled(
    phi: Differentiable, enclosed: EnclosedFunction, weights: Weights, theta: float, last: list[Array]
) -> Equilibrium:
    """The equilibrium of weights with L‖W‖ at most ``theta``, sought from the linear extrapolation of the last two."""
    guess = None if not last else 2 * last[-1] - last[0]
    found = picard(phi.function, weights.forward, weights.bias, guess, TOLERANCE, MAX_ITERATIONS)
    state = found.require("the equilibrium")
    argument, slack = weights.argument(state)
    assert phi.lipschitz is not None
    return Equilibrium(state, argument, distance_to_equilibrium(enclosed, phi.lipschitz, theta, argument, state, slack))


def _around(x: Array, slack: arb) -> arb:
    """The norm of an array that is off by at most ``slack``."""
    low, high = outward(norm_ball(x))
    return nonnegative(between(arb(low) - slack, arb(high) + slack))


def _of_state(
    proved: IterateBounds, readout: Array, point: Equilibrium, first: Equilibrium
) -> dict[str, tuple[float, float]]:
    """What is known of an iterate."""
    error, spectral, moved = arb(point.error), operator_norm(point.state), arb(0)
    if point is not first:
        difference = point.state - first.state
        moved = _around(difference, error + arb(first.error) + 2 * arb(UNIT) * arb(norm_up(difference)))
    return {
        "residual": outward(proved.residual),
        "readout": outward(norm_ball(readout)),
        "norm": outward(nonnegative(between(arb(spectral.lower) - error, arb(spectral.upper) + error))),
        "least": outward(proved.least),
        "drift": outward(moved),
    }


def _of_step(
    weights: Weights,
    factor: Array,
    state: Array,
    residual: Array,
    delta: Array,
    proved: IterateBounds,
    step: float,
) -> tuple[dict[str, tuple[float, float]], arb]:
    """What is known of the step from an iterate, and the length by which W moves."""
    left = residual - step * (state.T @ (state @ residual))
    m, n = state.shape
    error, off = arb(proved.error), arb(gamma(m * n + 2 * m + 2 * n + weights.points.shape[1] + 16))
    size, length, inputs = arb(norm_up(state)), arb(norm_up(factor)), arb(norm_up(weights.points))
    lost = arb(TINY) * (4 * m * n + 16)
    features = state.T @ state
    whole = factor @ (features + weights.inner)
    slack = off * length * (size**2 + inputs**2) + length * size * error + lost
    square = _dot(factor, whole, off * length**2 * (size**2 + inputs**2) + lost)
    recurrent = _dot(factor, factor @ features, off * length**2 * size**2 + lost)
    inexact = proved.residual.upper() - arb(outward(norm_ball(residual))[0])  # how far the exact residual may be
    loose = inexact * (1 + step * (size + error) ** 2) + step * (2 * size * error + error**2) * proved.residual.upper()
    loose += (step * off * size**2 + 4 * arb(UNIT)) * arb(norm_up(residual)) + lost
    found = {
        "linear": outward(_around(left, loose)),
        "adjoint": (max(map(norm_down, delta.T)), max(map(norm_up, delta.T))),
        "weights": outward(square),
        "argument": outward(_around(whole, slack)),
    }
    if not factor.any():  # exactly nothing moves
        return found | {"weights": (0.0, 0.0), "argument": (0.0, 0.0)}, arb(0)
    return found, recurrent


def _dot(x: Array, y: Array, slack: arb) -> arb:
    """The root of an inner product that is not negative and off by at most ``slack``."""
    middle = arb(float(np.vdot(x, y)))
    return nonnegative(between(middle - slack, middle + slack)).sqrt()


def _arrival(before: Equilibrium, point: Equilibrium, readout: Array) -> dict[str, tuple[float, float]]:
    """How a step moved the features; not at all where it left W and U as they were."""
    if point is before:
        return {"features": (0.0, 0.0), "coupling": (0.0, 0.0)}
    difference = point.state - before.state
    with precision(BITS):
        off = arb(point.error) + arb(before.error) + 2 * arb(UNIT) * arb(norm_up(difference))
        length = arb(norm_up(readout))
        slack = (off + arb(gamma(readout.size + 2)) * arb(norm_up(difference))) * length
        slack += arb(TINY) * difference.size
        return {
            "features": outward(_around(difference, off)),
            "coupling": outward(_around(difference.T @ readout, slack)),
        }
