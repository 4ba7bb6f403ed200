r"""The regularised logistic loss of a two-layer network, vectorised: value, gradient, Laplacian, Hessian.

.. math::
    L(W) = \sum_i \omega_i\log\bigl(1+e^{-y_if_i}\bigr) + \tfrac\lambda2\lVert W\rVert_F^2,\qquad
    f_i = \sum_j a_j\sigma(w_j\cdot x_i),

with weights :math:`\omega_i\ge0` of sum 1 (all 1/n for a data set). Plain float64: for experiments and as the object
that the proved formulas of docs/papers/two_layer_logistic/proofs.md, section 3, are tested against; proofs use
:mod:`.enclosed`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import scipy.linalg
import scipy.special
import sympy
from numpy.typing import NDArray

from ....theory.activations.activation import Activation
from ....theory.activations.functions import X
from ....theory.errors import SpecError
from ...expressions.lowering import lower_numpy

Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class TwoLayerLogistic:
    r"""A network (p, d), data (n, d) with labels ±1 (n,) and weights (n,), and a regularisation λ ≥ 0.

    W is (..., p, d); values have shape (...,). Raises :class:`SpecError` for shapes that do not fit.

    >>> from certigram.theory.activations.activation import activation
    >>> net = TwoLayerLogistic(activation("tanh"), np.ones((1, 1)), np.ones(1), np.array([2.0]), 0.5)
    >>> float(net.loss(np.zeros((1, 1)))), net.gradient(np.zeros((1, 1))).tolist()
    (0.6931471805599453, [[-1.0]])
    """

    activation: Activation
    points: Floats
    labels: Floats
    outer: Floats
    regularisation: float
    weights: Floats | None = None
    _functions: tuple[Callable[[Any], Any], ...] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        n = self.points.shape[0]
        if self.points.ndim != 2 or self.labels.shape != (n,) or self.outer.ndim != 1:
            raise SpecError("a two-layer network needs points (n, d), labels (n,) and outer weights (p,).")
        if not bool(np.isin(self.labels, (-1.0, 1.0)).all()):
            raise SpecError("the logistic loss needs labels +1 and -1.")
        if self.weights is not None and (self.weights.shape != (n,) or not bool((self.weights >= 0).all())):
            raise SpecError("the weights of the data must be non-negative numbers, one for each point.")
        sigma = self.activation.expression
        functions = tuple(_broadcasting(sympy.diff(sigma, X, k)) for k in range(3))
        object.__setattr__(self, "_functions", functions)

    @property
    def shape(self) -> tuple[int, int]:
        """(p, d)."""
        return self.outer.size, int(self.points.shape[1])

    @property
    def mass(self) -> Floats:
        """The weights of the data, of sum 1."""
        n = self.points.shape[0]
        return np.full(n, 1.0 / n) if self.weights is None else self.weights

    def function(self, order: int, z: Floats) -> Floats:
        """σ (order 0), its first or its second derivative, at each entry."""
        return np.asarray(self._functions[order](z))

    def _hidden(self, weights: Floats, orders: tuple[int, ...]) -> tuple[Floats, ...]:
        z = np.einsum("...jk,ik->...ij", weights, self.points)
        return tuple(self._functions[k](z) for k in orders)

    def loss(self, weights: Floats) -> Floats:
        """L: (...,)."""
        (value,) = self._hidden(weights, (0,))
        data = np.logaddexp(0.0, -self.labels * (value @ self.outer)) @ self.mass
        return np.asarray(data + self.regularisation / 2 * (weights**2).sum(axis=(-2, -1)))

    def gradient(self, weights: Floats) -> Floats:
        """The gradient, shaped like W."""
        value, slope = self._hidden(weights, (0, 1))
        pull = self._pull(value @ self.outer)
        inner = np.einsum("...ij,...i,ik->...jk", slope, pull, self.points)
        return np.asarray(inner * self.outer[:, None] + self.regularisation * weights)

    def _pull(self, output: Floats) -> Floats:
        """The derivative of the data term in the outputs, ``-weight * y * q``."""
        return np.asarray(-self.mass * self.labels * scipy.special.expit(-self.labels * output))

    def laplacian(self, weights: Floats) -> Floats:
        """The Laplacian of L: (...,)."""
        value, slope, bend = self._hidden(weights, (0, 1, 2))
        output = value @ self.outer
        q = scipy.special.expit(-self.labels * output)
        norms = (self.points**2).sum(axis=1) * self.mass
        first = q * (1 - q) * (slope**2 @ self.outer**2)
        second = self.labels * q * (bend @ self.outer)
        p, d = self.shape
        return np.asarray((first - second) @ norms + self.regularisation * p * d)

    def hessian(self, weights: Floats) -> Floats:
        """The Hessian at one W (p, d), as a (pd, pd) matrix in row-major order of W."""
        value, slope, bend = self._hidden(weights, (0, 1, 2))
        output = value @ self.outer
        q = scipy.special.expit(-self.labels * output)
        p, d = self.shape
        jacobian = np.einsum("ij,ik->ijk", slope * self.outer, self.points).reshape(-1, p * d)
        blocks = np.einsum("i,ij,ik,il->jkl", self._pull(output), bend * self.outer, self.points, self.points)
        outer = (jacobian.T * (self.mass * q * (1 - q))) @ jacobian
        return np.asarray(outer + scipy.linalg.block_diag(*blocks) + self.regularisation * np.eye(p * d))

    def potential(self, weights: Floats, step: float) -> Floats:
        r""":math:`V=-\Delta L+\lVert\nabla L\rVert^2/s`: (...,)."""
        return np.asarray((self.gradient(weights) ** 2).sum(axis=(-2, -1)) / step - self.laplacian(weights))


def _broadcasting(expression: sympy.Expr) -> Callable[[Any], Any]:
    """A numpy function that fills the shape of its argument, also where the expression is constant."""
    function = lower_numpy(expression)
    return lambda z: np.broadcast_to(np.asarray(function(z), dtype=np.float64), np.shape(z))
