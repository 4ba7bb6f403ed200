r"""The loss of a two-layer network and its derivatives in ball arithmetic, at a point W or over a box of W.

Everything follows the formulas of docs/papers/two_layer_logistic/proofs.md, section 3; the entries of W, of the data
and of the outer layer are balls, so the results enclose the values for every choice inside them.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property

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

    ``loss`` is L, ``force`` the matrix ∇L (p, d), ``gradient`` its squared norm, ``data_gradient`` that of ∇g,
    ``laplacian`` ΔL, ``data_laplacian`` Δg, ``norm`` the squared norm of W. For a direction V: ``slope`` is the
    derivative of g along it, ``curvature`` the second derivative of g, ``direction_norm`` the squared norm of V.
    """

    loss: arb
    force: arb_mat
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

    ``bend_sign`` is the sign of the terms with σ''; any other value than -1 plants a falsehood.

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
    bend_sign: int = -1

    @cached_property
    def functions(self) -> tuple[Callable[[arb], arb], ...]:
        """σ, σ', σ'' on balls."""
        return tuple(lower_arb(sympy.diff(self.activation.expression, X, k)) for k in range(3))

    def values(self, weights: arb_mat, direction: arb_mat | None = None) -> EnclosedValues:
        """Everything at W (p, d), at the working precision; the direction is 0 unless given."""
        sigma, slope, bend = self.functions
        n, p, d = self.points.nrows(), len(self.outer), self.points.ncols()
        direction = arb_mat(p, d) if direction is None else direction
        z, along = self.points * weights.transpose(), self.points * direction.transpose()
        loss, laplacian, curvature = arb(0), arb(0), arb(0)
        pulls = arb_mat(n, p)
        for i, (label, mass) in enumerate(zip(self.labels, self.mass, strict=True)):
            first = [a * slope(z[i, j]) for j, a in enumerate(self.outer)]
            second = [a * bend(z[i, j]) for j, a in enumerate(self.outer)]
            move = [along[i, j] for j in range(p)]
            margin = label * sum((a * sigma(z[i, j]) for j, a in enumerate(self.outer)), arb(0))
            q = _SIGMOID(-margin)
            spread, pull = q * _SIGMOID(margin), self.bend_sign * label * q
            square = sum((self.points[i, k] * self.points[i, k] for k in range(d)), arb(0))
            change = _inner(first, move)
            loss += mass * _SOFTPLUS(-margin)
            laplacian += mass * square * (spread * _inner(first, first) + pull * sum(second, arb(0)))
            curvature += mass * (spread * change * change + pull * _inner(second, [m * m for m in move]))
            for j in range(p):
                pulls[i, j] = -mass * label * q * first[j]
        data_force = pulls.transpose() * self.points
        force = data_force + self.regularisation * weights
        norm = _square(weights)
        return EnclosedValues(
            loss=loss + self.regularisation / 2 * norm,
            force=force,
            gradient=_square(force),
            data_gradient=_square(data_force),
            laplacian=laplacian + self.regularisation * p * d,
            data_laplacian=laplacian,
            norm=norm,
            slope=_inner(data_force.entries(), direction.entries()),
            curvature=curvature,
            direction_norm=_square(direction),
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


def _inner(left: Sequence[arb], right: Sequence[arb]) -> arb:
    return sum((a * b for a, b in zip(left, right, strict=True)), arb(0))


def _square(matrix: arb_mat) -> arb:
    """The sum of the squares of all entries."""
    return _inner(matrix.entries(), matrix.entries())
