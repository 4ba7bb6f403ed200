r"""The loss of a two-layer network and its derivatives in ball arithmetic, at a point W or over a box of W.

Everything follows the formulas of docs/papers/two_layer_logistic/proofs.md, section 3; the entries of W, of the data
and of the outer layer are balls, so the results enclose the values for every choice inside them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

import sympy
from flint import arb, arb_mat, arb_series

from ....theory.activations.activation import Activation
from ....theory.activations.functions import X, sigmoid, softplus
from ...expressions.elementary.series import coefficient
from ...expressions.lowering import lower_arb, lower_series

_SIGMOID = lower_arb(sigmoid(X))
_SOFTPLUS = lower_arb(softplus(X))


@dataclass(frozen=True, slots=True)
class EnclosedValues:
    """Balls around the quantities of the theorems at W.

    ``loss`` is L, ``gradient`` the squared norm of ∇L, ``data_gradient`` that of ∇g, ``laplacian`` ΔL,
    ``data_laplacian`` Δg, ``norm`` the squared norm of W. With a direction V: ``slope`` is the derivative of g along
    it, ``curvature`` the second derivative of g, ``direction_norm`` the squared norm of V (NaN without one).
    """

    loss: arb
    gradient: arb
    data_gradient: arb
    laplacian: arb
    data_laplacian: arb
    norm: arb
    slope: arb
    curvature: arb
    direction_norm: arb

    def potential(self, step: arb) -> arb:
        r""":math:`V=-\Delta L+\lVert\nabla L\rVert^2/s`."""
        return self.gradient / step - self.laplacian


@dataclass(frozen=True, eq=False)
class EnclosedNetwork:
    """The network with balls: ``points`` (n, d), ``labels`` (n,) of ±1, ``outer`` (p,), ``mass`` (n,) of sum 1.

    >>> from certigram.theory.activations.activation import activation
    >>> net = EnclosedNetwork(activation("tanh"), arb_mat([[1]]), (1,), (arb(2),), arb(1) / 2, (arb(1),))
    >>> net.values(arb_mat([[0]])).gradient
    1.00000000000000
    """

    activation: Activation
    points: arb_mat
    labels: tuple[int, ...]
    outer: tuple[arb, ...]
    regularisation: arb
    mass: tuple[arb, ...]

    def functions(self) -> tuple[Callable[[arb], arb], ...]:
        """σ, σ', σ'' on balls."""
        return tuple(lower_arb(sympy.diff(self.activation.expression, X, k)) for k in range(3))

    def values(self, weights: arb_mat, direction: arb_mat | None = None) -> EnclosedValues:
        """Everything at W (p, d), at the working precision."""
        sigma, slope, bend = self.functions()
        n, p, d = self.points.nrows(), len(self.outer), self.points.ncols()
        z = self.points * weights.transpose()
        along = None if direction is None else self.points * direction.transpose()
        loss, laplacian, curvature = arb(0), arb(0), arb(0)
        pulls = arb_mat(n, p)
        for i in range(n):
            row = [z[i, j] for j in range(p)]
            first = [a * slope(t) for a, t in zip(self.outer, row, strict=True)]
            second = [a * bend(t) for a, t in zip(self.outer, row, strict=True)]
            margin = self.labels[i] * _sum(a * sigma(t) for a, t in zip(self.outer, row, strict=True))
            q = _SIGMOID(-margin)
            bent = q * _SIGMOID(margin)
            loss += self.mass[i] * _SOFTPLUS(-margin)
            square = _sum(self.points[i, k] * self.points[i, k] for k in range(d))
            laplacian += self.mass[i] * square * (bent * _sum(t * t for t in first) - self.labels[i] * q * _sum(second))
            for j in range(p):
                pulls[i, j] = -self.mass[i] * self.labels[i] * q * first[j]
            if along is not None:
                move = [along[i, j] for j in range(p)]
                change = _sum(t * m for t, m in zip(first, move, strict=True))
                turn = _sum(t * m * m for t, m in zip(second, move, strict=True))
                curvature += self.mass[i] * (bent * change * change - self.labels[i] * q * turn)
        data_gradient = pulls.transpose() * self.points
        gradient = data_gradient + self.regularisation * weights
        norm = _square(weights)
        return EnclosedValues(
            loss=loss + self.regularisation / 2 * norm,
            gradient=_square(gradient),
            data_gradient=_square(data_gradient),
            laplacian=laplacian + self.regularisation * p * d,
            data_laplacian=laplacian,
            norm=norm,
            slope=arb("nan") if direction is None else _inner(data_gradient, direction),
            curvature=arb("nan") if direction is None else curvature,
            direction_norm=arb("nan") if direction is None else _square(direction),
        )

    def along(self, weights: arb_mat, direction: arb_mat) -> tuple[arb, arb, arb]:
        """g, its first and its second derivative along a direction, by power series and not by the formulas."""
        sigma, loss = lower_series(self.activation.expression), lower_series(softplus(X))
        z, v = self.points * weights.transpose(), self.points * direction.transpose()
        total = arb_series([0, 0, 0], prec=3)
        for i, label in enumerate(self.labels):
            output = arb_series([0, 0, 0], prec=3)
            for j, a in enumerate(self.outer):
                output += a * sigma(arb_series([z[i, j], v[i, j], 0], prec=3))
            total += self.mass[i] * loss(-label * output)
        return coefficient(total, 0), coefficient(total, 1), 2 * coefficient(total, 2)


def _sum(terms: Iterable[arb]) -> arb:
    total = arb(0)
    for term in terms:
        total += term
    return total


def _inner(left: arb_mat, right: arb_mat) -> arb:
    return _sum(a * b for a, b in zip(left.entries(), right.entries(), strict=True))


def _square(matrix: arb_mat) -> arb:
    """The sum of the squares of all entries."""
    return _sum(entry * entry for entry in matrix.entries())
