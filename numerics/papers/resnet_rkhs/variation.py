r"""A small residual network in ball arithmetic: its loss as a power series along a direction, and its exact adjoint.

The series :math:`L(v + \varepsilon w)` to second order is the definition of both derivatives, computed without the
adjoint; so it can contradict the gradient formula and the bound of the Hessian.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from flint import arb, arb_series
from numpy.typing import NDArray

from ...balls.ball import enclose
from ...expressions.elementary.series import coefficient
from ...radial.kernel import RadialKernel, matern_coefficients

Array = NDArray[np.float64]
Vector = list[arb]


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
        new = list(z)
        tables = zip(
            self.centres[layer].tolist(), self.coefficients[layer].tolist(), self.direction[layer].tolist(), strict=True
        )
        for centre, c, w in tables:
            u = arb_series([arb(0)], prec=3)
            for a, b in zip(z, centre, strict=True):
                u += (a - arb(b)) * (a - arb(b))
            k = self._of_series(u) / self.depth
            for place, (one, other) in enumerate(zip(c, w, strict=True)):
                new[place] = new[place] + k * arb_series([arb(one), arb(other)], prec=3)
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
        n, total = len(self.start), arb(0)
        for x, y in zip(self.start.tolist(), self.targets.tolist(), strict=True):
            states = [[arb(a) for a in x]]
            for layer in range(self.depth):
                v = self._field(layer, states[-1], self.coefficients[layer])
                states.append([a + b / self.depth for a, b in zip(states[-1], v, strict=True)])
            p = [arb(0)] * (len(x) - 1) + [states[-1][-1] - arb(y)]
            for layer in range(self.depth - 1, -1, -1):
                z = states[layer]
                back = self._pull(layer, z, p)
                before = [a + b / self.depth for a, b in zip(p, back, strict=True)]
                w = self._field(layer, z, self.direction[layer])
                total += _dot(w, before if shifted else p) / (n * self.depth)
                p = before
        return total

    def _field(self, layer: int, z: Vector, coefficients: Array) -> Vector:
        value = [arb(0)] * len(z)
        for centre, c in zip(self.centres[layer].tolist(), coefficients.tolist(), strict=True):
            k = self.kernel.value(_squared(z, centre))
            value = [a + k * arb(b) for a, b in zip(value, c, strict=True)]
        return value

    def _pull(self, layer: int, z: Vector, p: Vector) -> Vector:
        value = [arb(0)] * len(z)
        factor = enclose(self.kernel.kappa1_squared)
        for centre, c in zip(self.centres[layer].tolist(), self.coefficients[layer].tolist(), strict=True):
            weight = -factor * self.kernel.slope(_squared(z, centre)) * _dot([arb(b) for b in c], p)
            value = [a + weight * (b - arb(e)) for a, b, e in zip(value, z, centre, strict=True)]
        return value

    def squared_norm(self, coefficients: Array) -> arb:
        """‖v‖² of a control on these centres."""
        total = arb(0)
        for layer in range(self.depth):
            centres, c = self.centres[layer].tolist(), coefficients[layer].tolist()
            for i, a in enumerate(centres):
                for j, b in enumerate(centres):
                    k = arb(1) if i == j else self.kernel.value(_squared([arb(x) for x in a], b))
                    total += k * _dot([arb(x) for x in c[i]], [arb(x) for x in c[j]])
        return total / self.depth


def _dot(a: Sequence[arb], b: Sequence[arb]) -> arb:
    return sum((x * y for x, y in zip(a, b, strict=True)), arb(0))


def _squared(z: Vector, centre: list[float]) -> arb:
    return sum(((a - arb(b)) ** 2 for a, b in zip(z, centre, strict=True)), arb(0))


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
