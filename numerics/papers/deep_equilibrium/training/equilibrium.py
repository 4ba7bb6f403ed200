r"""The equilibrium of a network with given weights, and the adjoint equation behind its gradients, at GEMM speed.

.. math:: Z = \varphi(WZ + B), \qquad V = D \circ (a\mathbf 1^\top + W^\top V),\quad D = \varphi'(WZ + B).

Both are fixed points of contractions with the constant :math:`\theta = L\lVert W\rVert_2 < 1`, and both are found by
the same Picard iteration from a given start, one product with W per step and three short passes over (m, n) arrays.
The column i of V is :math:`\delta_i = D_i (I - W^\top D_i)^{-1} a`. float32 and float64 stay what they are.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

import numpy as np
from numpy.typing import NDArray

from .....theory.activations.activation import Activation
from .....theory.errors import PrecisionExhausted
from ....expressions.lowering import lower_numpy
from ....studies.networks import nonlinearity

Real = TypeVar("Real", NDArray[np.float32], NDArray[np.float64])

MAX_ITERATIONS = 500
PATIENCE = 20
"""Steps without a smaller change after which an iteration is given up: rounding, or no contraction."""


@dataclass(frozen=True, slots=True)
class Differentiable:
    """What training needs of an activation: φ, φ' (vectorised, keeping the type of floats), and a bound of sup|φ'|.

    ``lipschitz`` is None where no finite bound is known; nothing is then proved about a solution.
    """

    name: str
    function: Callable[[Any], Any]
    derivative: Callable[[Any], Any]
    lipschitz: float | None = None


def differentiable(activation: Activation, *, lipschitz: float | None = None) -> Differentiable:
    """The activation as training uses it; at a kink φ' is one of the one-sided slopes or their mean.

    >>> from certigram.theory.activations.activation import activation
    >>> differentiable(activation("tanh")).derivative(np.zeros(1)).tolist()
    [1.0]
    """
    plain = nonlinearity(activation, lipschitz=lipschitz)
    return Differentiable(plain.name, plain.function, lower_numpy(activation.derivative(1)), plain.lipschitz)


@dataclass(frozen=True, slots=True, eq=False)
class Solution(Generic[Real]):
    r"""A fixed point as it was computed: ``state`` (m, n), the iterations made, and the norm of the last change.

    ``argument`` is what the last step was applied to, :math:`WZ_- + B`: the pre-activations, where the step does not
    overwrite its argument.

    ``converged``: the change was at most the tolerance times the size of the state, or stopped falling below a
    thousand times that (rounding).
    """

    state: Real
    argument: Real
    iterations: int
    change: float
    converged: bool

    def require(self, what: str) -> Real:
        """The state, or :class:`PrecisionExhausted` when the iteration did not converge."""
        if not self.converged:
            raise PrecisionExhausted(
                f"{what} was not reached in {self.iterations} steps: L ||W|| < 1 is sufficient, so take a smaller"
                " sigma_w2 or a smaller step size.",
                reached=f"last change {self.change:.2g}",
            )
        return self.state


def solve(
    phi: Differentiable,
    recurrent: Real,
    bias: Real,
    *,
    start: Real | None = None,
    tolerance: float,
    max_iterations: int = MAX_ITERATIONS,
) -> Solution[Real]:
    r"""The equilibrium :math:`Z = \varphi(WZ + B)`, W (m, m), B (m, n), from ``start`` (or from zero).

    ``tolerance`` is asked of :math:`\lVert Z_{l+1} - Z_l\rVert_F/\lVert Z_{l+1}\rVert_F`.

    >>> half = Differentiable("x/2", lambda x: x / 2, lambda x: np.full_like(x, 0.5), 0.5)
    >>> found = solve(half, np.eye(2), np.ones((2, 1)), tolerance=1e-12)
    >>> found.converged, found.state.round(9).tolist()
    (True, [[1.0], [1.0]])
    """
    return picard(lambda t: phi.function(t), recurrent, bias, start, tolerance, max_iterations)


def adjoint(
    slopes: Real,
    recurrent: Real | Callable[[Real, Real], object],
    readout: Real,
    *,
    start: Real | None = None,
    tolerance: float,
    max_iterations: int = MAX_ITERATIONS,
) -> Solution[Real]:
    r"""The solution :math:`V = D\circ(a\mathbf 1^\top + W^\top V)`, D (m, n) the slopes, a (m,); see :func:`solve`.

    ``recurrent`` is W, or a function that writes the product of its transpose with an array into another.

    >>> adjoint(np.full((1, 1), 0.5), np.eye(1), np.ones(1), tolerance=1e-12).state.round(9).tolist()
    [[1.0]]
    """

    def through(t: Real) -> Real:
        np.multiply(t, slopes, out=t)
        return t

    bias = np.broadcast_to(readout[:, None], slopes.shape)
    transposed = recurrent if callable(recurrent) else recurrent.T
    return picard(through, transposed, bias, start, tolerance, max_iterations, in_place=True)


def picard(
    step: Callable[[Real], Real],
    matrix: Real | Callable[[Real, Real], object],
    bias: Real,
    start: Real | None,
    tolerance: float,
    max_iterations: int,
    *,
    in_place: bool = False,
) -> Solution[Real]:
    """Iterate Z ↦ step(MZ + B) from ``start`` (or from zero); with ``in_place`` a step overwrites its argument.

    ``matrix`` is M, or a function that writes the product of M with its first argument into its second one.
    """
    multiply = matrix if callable(matrix) else lambda state, out: np.matmul(matrix, state, out=out)
    state = np.zeros(bias.shape, bias.dtype) if start is None else start
    argument, spare = np.empty(bias.shape, bias.dtype), np.empty(bias.shape, bias.dtype)
    change, best, stalled, size = math.inf, math.inf, 0, 0.0
    if start is None:  # the first product is with zero: left out
        state = np.array(np.broadcast_to(step(np.array(bias)), bias.shape), dtype=bias.dtype)
    with np.errstate(over="ignore", invalid="ignore"):
        for count in range(1, max_iterations + 1):
            multiply(state, argument)
            argument += bias
            following = step(argument)
            if not in_place and (np.shape(following) != bias.shape or np.may_share_memory(following, argument)):
                following = np.array(np.broadcast_to(following, bias.shape), dtype=bias.dtype)
            np.subtract(following, state, out=spare)
            change, size = _norm(spare), _norm(following)
            if in_place:
                argument = state if start is None or count > 1 else np.empty_like(spare)
            state = following
            if change <= tolerance * size:
                return Solution(state, argument, count, change, True)
            stalled = 0 if change < best else stalled + 1
            best = min(best, change)
            if stalled >= PATIENCE or not math.isfinite(change):
                break
    converged = math.isfinite(change) and change <= 1e3 * tolerance * size
    return Solution(state, argument, count, change, converged)


def _norm(x: Real) -> float:
    flat = x.reshape(-1)
    return math.sqrt(float(np.dot(flat, flat)))
