r"""A proved upper bound of the spectral gap with two weights: the Rayleigh quotient of a linear function, in balls.

.. math:: \lambda_s\le\frac s2\,\frac{|\alpha|^2}{\operatorname{Var}_{\mu_s}(\alpha\cdot w)} .

The moments of :math:`\mu_s` up to order two are sums over square cells. On a cell the density is replaced by its first
order expansion at the centre; the remainder is bounded by the proved bound of the Hessian of L.
docs/papers/two_layer_logistic/proofs.md, section 10.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction

import numpy as np
from flint import arb

from ....theory.activations.functions import X, sigmoid, softplus
from ....theory.errors import PrecisionExhausted, SpecError
from ...balls.ball import enclose
from ...balls.precision import precision
from ...expressions.lowering import lower_arb
from .bounds import LogisticBounds
from .enclosed import EnclosedNetwork
from .spectrum import Spectrum

_SIGMOID, _SOFTPLUS = lower_arb(sigmoid(X)), lower_arb(softplus(X))
BITS = 64


@dataclass(frozen=True, slots=True)
class PlaneMoments:
    """Balls around the integrals of 1, w_i and w_i w_j against exp(-2L/s) over the plane."""

    mass: arb
    first: tuple[arb, arb]
    second: tuple[arb, arb, arb]

    def covariance(self) -> tuple[arb, arb, arb]:
        """Var w₁, Cov(w₁, w₂), Var w₂ under the normalised law."""
        x, y = self.first[0] / self.mass, self.first[1] / self.mass
        xx, xy, yy = (m / self.mass for m in self.second)
        return xx - x * x, xy - x * y, yy - y * y


def plane_moments(
    network: EnclosedNetwork, bounds: LogisticBounds, step: Fraction, reach: int, cells: int
) -> PlaneMoments:
    """The moments from ``cells`` × ``cells`` squares of [-reach, reach]² and Gaussian tails.

    Raises :class:`SpecError` unless the network has two weights and λ > 0.
    """
    p, d = len(network.outer), network.points.ncols()
    if p * d != 2 or bounds.regularisation <= 0:
        raise SpecError("plane_moments needs a network with exactly two weights and a positive regularisation.")
    with precision(BITS):
        factor = 2 / enclose(step)
        h = enclose(Fraction(reach, cells))
        bend = factor * bounds.smoothness
        area, square = 4 * h * h, 4 * h**4 / 3
        radius = arb(2).sqrt() * h
        centres = [enclose(Fraction(reach * (2 * k + 1 - cells), cells)) for k in range(cells)]
        functions = network.functions()[:2]
        mass, x, y, xx, xy, yy = (arb(0) for _ in range(6))
        for u in centres:
            for v in centres:
                value, gu, gv = _loss_and_gradient(network, functions, u, v, p)
                weight = (-factor * value).exp()
                lu, lv = -factor * gu, -factor * gv
                theta = arb((lu * lu + lv * lv).abs_upper()).sqrt() + bend * radius
                rest = weight * (theta * radius).exp() * (theta * theta + bend) * square
                far = arb(0, rest.upper())
                au, av = abs(u) + h, abs(v) + h
                mass += weight * area + far
                x += weight * (u * area + lu * square) + far * au
                y += weight * (v * area + lv * square) + far * av
                xx += weight * (u * u * area + 2 * u * lu * square + square) + far * au * au
                xy += weight * (u * v * area + (u * lv + v * lu) * square) + far * au * av
                yy += weight * (v * v * area + 2 * v * lv * square + square) + far * av * av
        tails = _tails(bounds.regularisation / step, reach)
        mass += tails[0] / 2 + arb(0, (tails[0] / 2).upper())
        x, y = x + arb(0, tails[1].upper()), y + arb(0, tails[1].upper())
        xx, yy = (t + tails[2] / 2 + arb(0, (tails[2] / 2).upper()) for t in (xx, yy))
        return PlaneMoments(mass, (x, y), (xx, xy + arb(0, tails[2].upper()), yy))


def _loss_and_gradient(
    network: EnclosedNetwork, functions: tuple[Callable[[arb], arb], ...], u: arb, v: arb, p: int
) -> tuple[arb, arb, arb]:
    sigma, slope = functions
    rate = network.regularisation
    value, gu, gv = rate / 2 * (u * u + v * v), rate * u, rate * v
    for i, label in enumerate(network.labels):
        if p == 2:
            t = network.points[i, 0]
            z1, z2 = u * t, v * t
            output = network.outer[0] * sigma(z1) + network.outer[1] * sigma(z2)
            pull = -network.mass[i] * label * _SIGMOID(-label * output) * t
            gu += pull * network.outer[0] * slope(z1)
            gv += pull * network.outer[1] * slope(z2)
        else:
            t1, t2 = network.points[i, 0], network.points[i, 1]
            z = u * t1 + v * t2
            output = network.outer[0] * sigma(z)
            pull = -network.mass[i] * label * _SIGMOID(-label * output) * network.outer[0] * slope(z)
            gu += pull * t1
            gv += pull * t2
        value += network.mass[i] * _SOFTPLUS(-label * output)
    return value, gu, gv


def _tails(rate: Fraction, reach: int) -> tuple[arb, arb, arb]:
    r"""Bounds of the integrals of 1, |w₁| (and so |w₂|), w₁² + w₂² against exp(-c|w|²) outside the square."""
    c = enclose(rate)
    cut = c * reach**2
    # outside the square the norm exceeds reach: polar coordinates, r dr
    zero = arb.pi() / c * (-cut).exp()
    half = enclose(Fraction(3, 2))
    one = arb.pi() * cut.gamma_upper(half) / c**half
    two = arb.pi() * cut.gamma_upper(arb(2)) / (c * c)
    return arb(zero.upper()), arb(one.upper()), arb(two.upper())


def plane_rayleigh_bound(moments: PlaneMoments, step: Fraction, direction: tuple[float, float]) -> arb:
    """The quotient of the function with this gradient; :class:`PrecisionExhausted` without a positive variance."""
    with precision(BITS):
        a, b = arb(direction[0]), arb(direction[1])
        xx, xy, yy = moments.covariance()
        variance = a * a * xx + 2 * a * b * xy + b * b * yy
        if not variance > 0:
            raise PrecisionExhausted("the variance of the linear function is not proved positive: take more cells.")
        return enclose(step) / 2 * (a * a + b * b) / variance


def best_direction(found: Spectrum) -> tuple[float, float]:
    """The covariance of the first eigenfunction with the two weights: the best linear approximation's gradient."""
    grid = np.stack(np.meshgrid(*found.axes, indexing="ij"), axis=-1)
    weight = (found.mass * found.functions[1])[..., None]
    table = grid.reshape(-1, 2)
    covariance = (table * found.mass.reshape(-1, 1)).T @ table
    gradient = np.linalg.solve(covariance, (grid * weight).reshape(-1, 2).sum(axis=0))
    gradient /= np.linalg.norm(gradient)
    return float(gradient[0]), float(gradient[1])
