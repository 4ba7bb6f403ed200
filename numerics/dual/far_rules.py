r"""Gaussian means :math:`E f(m+\beta w)` far from every end and pole of f, from few values of f.

Where f is analytic and at most M in modulus on the square box of half-width :math:`X\beta` around m, the n-point
Gauss-Hermite rule misses at most

.. math:: M\Bigl((4+2n)\frac{(2n-1)!!}{X^{2n}}+2n\,P(|w|>X/2)\Bigr)+E\bigl[|f|;|w|>X/2\bigr]

(docs/theory/dual-activations.md, Lemma 10.2): the further away, the fewer nodes. Nearer by, down to about 20, a
Gauss-Legendre rule on ``[-cut, cut]`` serves.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache

from flint import arb, fmpz_poly

from ..balls.precision import precision
from .gauss import legendre

DISTANCES = (1000.0, 240.0, 100.0, 55.0, 35.0)
"""The values of X for which a Gauss-Hermite rule is kept, the largest first."""
PARAMETERS = (1.3, 1.4, 1.5, 1.6, 1.7, 1.8, 2.0, 2.2)
"""Ellipses tried for the Gauss-Legendre rule."""


@dataclass(frozen=True, slots=True, eq=False)
class FarRule:
    """Nodes and weights in units of beta; the box on which f must be analytic; the error per unit of its modulus."""

    nodes: tuple[arb, ...]
    weights: tuple[arb, ...]
    wide: arb
    high: arb
    error: arb


def far_rules(cut: arb, log_digits: float, bits: int) -> list[FarRule]:
    """The rules for an error of about ``exp(-log_digits)`` per unit of modulus, the shortest first."""
    with precision(bits):
        rules = [_hermite_rule(x, log_digits, bits) for x in DISTANCES if x > 2.0 * float(cut)]
        return [*(rule for rule in rules if rule is not None), _legendre_rule(cut, log_digits, bits)]


def _hermite_rule(distance: float, log_digits: float, bits: int) -> FarRule | None:
    """The rule for X = ``distance``, None where its nodes, at most 2 sqrt(n), would not all lie within X/2."""
    n = 2
    while math.lgamma(2 * n + 1) - math.lgamma(n + 1) - n * math.log(2) - 2 * n * math.log(distance) > -log_digits:
        n += 1
        if 16 * n > distance**2:
            return None
    nodes, weights = gauss_hermite(n, bits)
    x = arb(distance)
    moment = arb(2 * n).fac() / (arb(n).fac() * arb(2) ** n)
    error = (4 + 2 * n) * moment / x ** (2 * n) + 2 * n * (x / (2 * arb(2).sqrt())).erfc()
    return FarRule(nodes, weights, x, x, arb(error.upper()))


def _legendre_rule(cut: arb, log_digits: float, bits: int) -> FarRule:
    w = float(cut)

    def count(parameter: float) -> float:
        return (log_digits + (w * (parameter - 1 / parameter) / 2) ** 2 / 2) / (2 * math.log(parameter))

    parameter = min(PARAMETERS, key=count)
    n = int(count(parameter)) + 2
    rule = legendre(n, bits)
    nodes = tuple(cut * x for x, _ in rule)
    scale = cut / (2 * arb.pi()).sqrt()
    weights = tuple(scale * w * (-x * x / 2).exp() for x, (_, w) in zip(nodes, rule, strict=True))
    rho = arb(parameter)
    high = cut * (rho - 1 / rho) / 2
    error = arb(64) / 15 * cut * rho ** (-2 * n) / (1 - rho**-2) * (high * high / 2).exp() / (2 * arb.pi()).sqrt()
    return FarRule(nodes, weights, cut * (rho + 1 / rho) / 2, high, arb(error.upper()))


@lru_cache(maxsize=64)
def gauss_hermite(n: int, bits: int) -> tuple[tuple[arb, ...], tuple[arb, ...]]:
    r"""Nodes and weights of the n-point rule for the standard normal law: :math:`w_i=n!/(n\,He_{n-1}(x_i))^2`.

    >>> x, w = gauss_hermite(3, 64)
    >>> sum((u * y**4 for y, u in zip(x, w)), arb(0)).contains(3)
    True
    """
    previous, current = fmpz_poly([1]), fmpz_poly([0, 1])
    for k in range(1, n):
        previous, current = current, fmpz_poly([0, 1]) * current - k * previous
    with precision(bits + 2 * n + 32):
        nodes = [root.real for root, _ in current.complex_roots()]  # type: ignore[misc, has-type]  # the stub forgets pairs
        weights = [arb(n).fac() / (n * previous(x)) ** 2 for x in nodes]
    return tuple(nodes), tuple(weights)
