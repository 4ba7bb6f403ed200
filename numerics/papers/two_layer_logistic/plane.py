r"""A proved upper bound of the spectral gap with two weights: the Rayleigh quotient of a linear function, in balls.

.. math:: \lambda_s\le\frac s2\,\frac{|\alpha|^2}{\operatorname{Var}_{\mu_s}(\alpha\cdot w)} .

The moments of :math:`\mu_s` up to order two are sums over square cells. On a cell the density is replaced by its first
order expansion at the centre; the remainder is bounded by the proved bound of the Hessian of L.
docs/papers/two_layer_logistic/proofs.md, section 10.
"""

from __future__ import annotations

from fractions import Fraction
from itertools import product

import numpy as np
from flint import arb, arb_mat

from ....theory.errors import PrecisionExhausted, SpecError
from ...balls.ball import enclose
from ...balls.precision import precision
from .bounds import LogisticBounds
from .enclosed import EnclosedNetwork
from .quadrature import up_to
from .spectrum import Spectrum

BITS = 64
Covariance = tuple[arb, arb, arb]
"""Var w₁, Cov(w₁, w₂), Var w₂."""


def plane_moments(
    network: EnclosedNetwork, bounds: LogisticBounds, step: Fraction, reach: int, cells: int
) -> Covariance:
    """The covariance of the stationary law from ``cells`` × ``cells`` squares of [-reach, reach]² and Gaussian tails.

    Raises :class:`SpecError` unless the network has two weights and λ > 0.
    """
    p, d = len(network.outer), network.points.ncols()
    if p * d != 2 or bounds.regularisation <= 0:
        raise SpecError("plane_moments needs a network with exactly two weights and a positive regularisation.")
    with precision(BITS):
        factor, h = 2 / enclose(step), enclose(Fraction(reach, cells))
        bend = factor * bounds.smoothness
        area, square, radius = 4 * h * h, 4 * h**4 / 3, arb(2).sqrt() * h
        centres = [enclose(Fraction(reach * (2 * k + 1 - cells), cells)) for k in range(cells)]
        total = [arb(0)] * 6
        for u, v in product(centres, repeat=2):
            at = network.values(arb_mat(p, d, [u, v]))
            lu, lv = (-factor * x for x in at.force.entries())
            weight = (-factor * at.loss).exp()
            theta = arb((lu * lu + lv * lv).abs_upper()).sqrt() + bend * radius
            far = arb(0, (weight * (theta * radius).exp() * (theta * theta + bend) * square).upper())
            au, av = abs(u) + h, abs(v) + h
            # 1, w_1, w_2, w_1^2, w_1 w_2, w_2^2: value, gradient, half the Laplacian at the centre; a bound on the cell
            monomials: tuple[tuple[arb | int, ...], ...] = (
                (1, 0, 0, 0, 1),
                (u, 1, 0, 0, au),
                (v, 0, 1, 0, av),
                (u * u, 2 * u, 0, 1, au * au),
                (u * v, v, u, 0, au * av),
                (v * v, 0, 2 * v, 1, av * av),
            )
            for k, (value, du, dv, half, bound) in enumerate(monomials):
                total[k] += weight * (value * area + (lu * du + lv * dv + half) * square) + far * bound
        mass, x, y, xx, xy, yy = total
        zero, one, two = _tails(bounds.regularisation / step, reach)
        mass += up_to(zero)
        x, y = (x + arb(0, one)) / mass, (y + arb(0, one)) / mass
        xy += arb(0, two)
        return (xx + up_to(two)) / mass - x * x, xy / mass - x * y, (yy + up_to(two)) / mass - y * y


def _tails(rate: Fraction, reach: int) -> tuple[arb, arb, arb]:
    r"""Bounds of the integrals of 1, |w₁| (and so |w₂|), w₁² + w₂² against exp(-c|w|²) outside the square."""
    c = enclose(rate)
    # outside the square the norm exceeds reach: polar coordinates, r dr, so that r^k gives Gamma(k/2 + 1)
    shapes = (arb(1), arb(3) / 2, arb(2))
    zero, one, two = (arb((arb.pi() * (c * reach**2).gamma_upper(a) / c**a).upper()) for a in shapes)
    return zero, one, two


def plane_rayleigh_bound(covariance: Covariance, step: Fraction, direction: tuple[float, float]) -> arb:
    """The quotient of the function with this gradient; :class:`PrecisionExhausted` without a positive variance."""
    with precision(BITS):
        a, b = arb(direction[0]), arb(direction[1])
        xx, xy, yy = covariance
        variance = a * a * xx + 2 * a * b * xy + b * b * yy
        if not variance > 0:
            raise PrecisionExhausted("the variance of the linear function is not proved positive: take more cells.")
        return enclose(step) / 2 * (a * a + b * b) / variance


def best_direction(found: Spectrum) -> tuple[float, float]:
    """The covariance of the first eigenfunction with the two weights: the best linear approximation's gradient."""
    grid = np.stack(np.meshgrid(*found.axes, indexing="ij"), axis=-1).reshape(-1, 2)
    root = np.sqrt(found.mass).reshape(-1, 1)
    gradient = np.linalg.lstsq(root * grid, root[:, 0] * found.functions[1].ravel())[0]
    gradient /= np.linalg.norm(gradient)
    return float(gradient[0]), float(gradient[1])
