r"""A small residual network in ball arithmetic: its loss as a power series along a direction, and its exact adjoint.

The series :math:`L(v + \varepsilon w)` to second order is the definition of both derivatives, computed without the
adjoint; so it can contradict the gradient formula and the bound of the Hessian.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from flint import arb, arb_series
from numpy.typing import NDArray

from ...balls.ball import enclose
from ...expressions.elementary.series import coefficient
from ...radial.kernel import RadialKernel, matern_coefficients
from .fields import Array

Vector = NDArray[np.object_]


@dataclass(frozen=True, eq=False)
class BallNetwork:
    """D layers with M centres each: float64 numbers, taken exactly. The readout is the last coordinate.

    Attributes
    ----------
    start: (N, q) initial states; targets: (N,).
    centres: (D, M, q); coefficients of the control and of the direction: (D, M, q).
    """

    kernel: RadialKernel
    start: Array
    targets: Array
    centres: Array
    coefficients: Array
    direction: Array

    @property
    def depth(self) -> int:
        """The number of layers."""
        return len(self.centres)

    def loss_series(self) -> tuple[arb, arb, arb]:
        """L(v), its derivative along the direction, and its second derivative; enclosures at the working precision."""
        total = arb_series([arb(0)], prec=3)
        for x, y in zip(self.start.tolist(), self.targets.tolist(), strict=True):
            z = [arb_series([arb(a)], prec=3) for a in x]
            for layer in range(self.depth):
                z = self._advance(layer, z)
            gap = z[-1] - arb(y)
            total += gap * gap
        total = total / (2 * len(self.start))
        return coefficient(total, 0), coefficient(total, 1), 2 * coefficient(total, 2)

    def _advance(self, layer: int, z: list[arb_series]) -> list[arb_series]:
        zero, tables = arb_series([arb(0)], prec=3), (self.centres, self.coefficients, self.direction)
        new = z
        for centre, c, w in zip(*(balls(table[layer]) for table in tables), strict=True):
            k = self._of_series(sum(((a - b) * (a - b) for a, b in zip(z, centre, strict=True)), zero)) / self.depth
            new = [a + k * arb_series([one, other], prec=3) for a, one, other in zip(new, c, w, strict=True)]
        return new

    def _of_series(self, u: arb_series) -> arb_series:
        argument = u * enclose(self.kernel.rate)
        if self.kernel.order is None:
            return (-argument).exp()
        if u[0] == 0:  # a state on a centre: u has no term below the second, and k = 1 - kappa_1^2 u/2 + O(|u|^(3/2))
            return 1 - u * (enclose(self.kernel.kappa1_squared) / 2)
        t = argument.sqrt()
        p = arb_series([arb(0)], prec=3)
        for a in reversed(matern_coefficients(self.kernel.order)):
            p = p * t + enclose(a)
        return p * (-t).exp()

    def derivative_by_adjoint(self, *, shifted: bool = False) -> arb:
        r"""The pairing :math:`\langle\nabla L(v), w\rangle` by the formula; ``shifted`` takes p_l for p_{l+1}."""
        total = arb(0)
        for x, y in zip(balls(self.start), balls(self.targets), strict=True):
            states = [x]
            for layer in range(self.depth):
                states.append(states[-1] + self._field(layer, states[-1], self.coefficients[layer]) / self.depth)
            p = balls(np.zeros(len(x)))
            p[-1] = states.pop()[-1] - y
            for layer, z in reversed(list(enumerate(states))):
                before = p + self._pull(layer, z, p) / self.depth
                total += self._field(layer, z, self.direction[layer]) @ (before if shifted else p)
                p = before
        return total / (len(self.start) * self.depth)

    def _field(self, layer: int, z: Vector, coefficients: Array) -> Vector:
        gaps = z - balls(self.centres[layer])
        return np.asarray(np.array([self.kernel.value(gap @ gap) for gap in gaps]) @ balls(coefficients))

    def _pull(self, layer: int, z: Vector, p: Vector) -> Vector:
        gaps = z - balls(self.centres[layer])
        slopes = np.array([self.kernel.slope(gap @ gap) for gap in gaps])
        weights = slopes * (balls(self.coefficients[layer]) @ p) * -enclose(self.kernel.kappa1_squared)
        return np.asarray(weights @ gaps)

    def squared_norm(self, coefficients: Array) -> arb:
        """‖v‖² of a control on these centres."""
        total = arb(0)
        for centres, c in zip(map(balls, self.centres), map(balls, coefficients), strict=True):
            k = np.array([[self.kernel.value((a - b) @ (a - b)) for b in centres] for a in centres])
            total += (k * (c @ c.T)).sum()
        return total / self.depth


def balls(table: Array) -> Vector:
    """Float64 numbers as exact balls, in an array of the same shape."""
    return np.asarray(np.frompyfunc(arb, 1, 1)(table))


def sample_network(kernel: RadialKernel, start: Array, targets: Array, depth: int, seed: int) -> BallNetwork:
    """A network on given initial states whose centres are near them and whose control and direction are random.

    >>> from ...balls.precision import precision
    >>> from ...radial.kernel import radial_kernel
    >>> net = sample_network(radial_kernel("gaussian", 1), np.eye(2), np.ones(2), 2, 0)
    >>> with precision(96):
    ...     bool(net.loss_series()[1].overlaps(net.derivative_by_adjoint()))
    True
    """
    rng = np.random.default_rng([seed, 17])
    n, q = start.shape
    spread = float(kernel.scale) / 4
    centres = start[None] + spread * rng.standard_normal((depth, n, q)) / np.sqrt(q)
    coefficients = rng.standard_normal((2, depth, n, q)) / np.sqrt(q)
    return BallNetwork(kernel, start, targets, centres, coefficients[0], coefficients[1])
