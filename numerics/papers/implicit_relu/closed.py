r"""Closed forms of the least eigenvalue of the arc-cosine Gram matrix, and the symbolic identities behind the claims.

Each function returns differences that must be zero; sympy simplifies them, exactly. The proofs are written down in
``docs/papers/implicit_relu/proofs.md`` under the headings named here.
"""

from __future__ import annotations

from fractions import Fraction

import sympy
from flint import arb

from ....theory.verdict import Evidence
from ...balls.ball import Ball
from ...balls.enclosure import Enclosure, float_above, float_below
from ...balls.precision import precision
from .arc_cosine import arc_cosine

Identity = tuple[str, sympy.Expr]


def pair_eigenvalue(cosine: arb | None, bits: int = 128) -> Enclosure:
    r""":math:`\lambda_0 = 1/2 - g(\rho)` of two unit inputs of cosine ρ; 1/2 for a single one (None).

    >>> pair_eigenvalue(arb(0)).contains(0.34084505690810466)
    True
    """
    with precision(bits):
        value = arb(1) / 2 if cosine is None else (arb(1) / 2 - arc_cosine(cosine)).nonnegative_part()
    ball = Ball(value)
    return Enclosure(float_below(ball.lower), float_above(ball.upper), Evidence.ENCLOSED, "closed form of two inputs")


def polar_integral() -> Identity:
    r"""A01: the integral in polar coordinates, minus the closed form ("Arc-cosine kernel")."""
    r, a = sympy.symbols("r alpha", positive=True)
    theta = sympy.Symbol("theta", real=True)
    radial = sympy.integrate(r**3 * sympy.exp(-(r**2) / 2), (r, 0, sympy.oo))
    product = (sympy.cos(theta) + sympy.cos(2 * a - theta)) / 2  # cos(a) cos(a - theta)
    angular = sympy.integrate(product, (a, theta - sympy.pi / 2, sympy.pi / 2))
    closed = (sympy.sin(theta) + (sympy.pi - theta) * sympy.cos(theta)) / (2 * sympy.pi)
    split = sympy.expand_trig(sympy.cos(a) * sympy.cos(a - theta) - product)
    return "polar integral", sympy.simplify(radial * angular / (2 * sympy.pi) - closed) + sympy.simplify(split)


def power_series() -> tuple[Identity, ...]:
    r"""A02: g'' = 1/(2π√(1−ρ²)), g and g' at 0, and the coefficients of the binomial series ("Power series")."""
    rho = sympy.Symbol("rho", real=True)
    k = sympy.Symbol("k", integer=True, positive=True)
    g = (sympy.sqrt(1 - rho**2) + (sympy.pi - sympy.acos(rho)) * rho) / (2 * sympy.pi)
    second = sympy.simplify(sympy.diff(g, rho, 2) - 1 / (2 * sympy.pi * sympy.sqrt(1 - rho**2)))
    # binom(2k, k)/4^k integrated twice against the next coefficient, through factorials
    binomial = sympy.factorial(2 * k) / (4**k * sympy.factorial(k) ** 2)

    def coefficient(j: sympy.Expr) -> sympy.Expr:
        return sympy.factorial(2 * j) / (4**j * sympy.factorial(j) ** 2 * (2 * j - 1) ** 2)

    ratio = sympy.combsimp(binomial / ((2 * k + 1) * (2 * k + 2)) / coefficient(k + 1))
    odd = sympy.factorial(2 * k - 2) / (2 ** (k - 1) * sympy.factorial(k - 1))  # (2k - 3)!!
    double = sympy.combsimp(odd**2 / sympy.factorial(2 * k) / coefficient(k))
    return (
        ("second derivative", second),
        ("g(0)", g.subs(rho, 0) - 1 / (2 * sympy.pi)),
        ("g'(0)", sympy.diff(g, rho).subs(rho, 0) - sympy.Rational(1, 4)),
        ("coefficients", sympy.simplify(ratio - 1) + sympy.simplify(double - 1)),
    )


def orthonormal() -> Identity:
    r"""A05: the characteristic polynomial of :math:`(1/2-1/2\pi)I + \tfrac1{2\pi}\mathbf1\mathbf1^\top`, n = 4."""
    n = 4
    lam = sympy.Symbol("lambda")
    off = 1 / (2 * sympy.pi)
    matrix = sympy.Matrix(n, n, lambda i, j: sympy.Rational(1, 2) if i == j else off)
    least, largest = sympy.Rational(1, 2) - off, sympy.Rational(1, 2) + (n - 1) * off
    claimed = (lam - least) ** (n - 1) * (lam - largest)
    return "orthonormal inputs", sympy.expand(matrix.charpoly(lam).as_expr() - claimed)


def square() -> Identity:
    r"""A05: the characteristic polynomial of the square; its roots are 1/2 − 1/π, 1/2 (twice), 1/2 + 1/π."""
    lam = sympy.Symbol("lambda")
    half, side = sympy.Rational(1, 2), 1 / (2 * sympy.pi)
    row = [half, side, sympy.Integer(0), side]
    matrix = sympy.Matrix(4, 4, lambda i, j: row[(j - i) % 4])
    claimed = (lam - half + 1 / sympy.pi) * (lam - half) ** 2 * (lam - half - 1 / sympy.pi)
    return "square", sympy.expand(matrix.charpoly(lam).as_expr() - claimed)


def hexagon() -> Identity:
    r"""A05: :math:`G^\infty(1,-1,1,-1,1,-1)^\top = 0` on the hexagon (entries: the closed form at multiples of 60°)."""
    angles = [sympy.pi * min(k, 6 - k) / 3 for k in range(6)]
    row = [(sympy.sin(t) + (sympy.pi - t) * sympy.cos(t)) / (2 * sympy.pi) for t in angles]
    image = [sum(row[(j - i) % 6] * (-1) ** j for j in range(6)) for i in range(6)]
    return "hexagon", sympy.simplify(sum(sympy.Abs(sympy.simplify(x)) for x in image))


def stability_constant() -> Identity:
    r"""A14: :math:`(\sqrt3/2 - \kappa)^2 = 1/2` for :math:`\kappa = \sqrt3/2 - 1/\sqrt2` ("Stability")."""
    kappa = sympy.sqrt(3) / 2 - 1 / sympy.sqrt(2)
    return "stability constant", sympy.simplify((sympy.sqrt(3) / 2 - kappa) ** 2 - sympy.Rational(1, 2))


WIDTH_CONSTANTS = Fraction(64), Fraction(16), Fraction(2535)
"""The three constants of the width condition."""


def bootstrap_obligations(constants: tuple[Fraction, Fraction, Fraction] = WIDTH_CONSTANTS) -> dict[str, bool]:
    r"""A15: what the width condition must imply for the first-exit argument, decided exactly ("Gradient flow").

    With :math:`m \ge t\,nE_0^2/\lambda_0^2` the four distances must stay below :math:`c\sqrt m` and the features must
    keep :math:`\lambda_{\min}(G) \ge \lambda_0/2`. Each entry compares the square of a distance, divided by
    :math:`c^2m` at the smallest admissible m, with 1; the variable is :math:`g = 1-\gamma_0 \in (0, 1)`.
    """
    g = sympy.Symbol("g", positive=True)
    one, two, three = (sympy.Rational(q.numerator, q.denominator) for q in constants)
    kappa2 = (sympy.sqrt(3) / 2 - 1 / sympy.sqrt(2)) ** 2
    # (distance)^2 in units of c^2 n E0^2/lambda0^2, over the threshold in units of n E0^2/lambda0^2
    ratios = {
        "u": (sympy.Integer(16) / g**2) / (one / g**2),
        "v": sympy.Integer(16) / (one / g**2),
        "W": (sympy.Integer(64) / g**2) / (one / g**2),
        "A": (16 * (1 - g) ** 2 / g**4) / (two * (1 - g) ** 2 / g**4),
        "features": (64 / kappa2) / three,
    }
    return {name: _at_most_one(sympy.simplify(ratio), g) for name, ratio in ratios.items()}


def _at_most_one(ratio: sympy.Expr, g: sympy.Symbol) -> bool:
    """Whether a constant, or a constant times g² with 0 < g < 1, is at most 1."""
    top = sympy.simplify(ratio.subs(g, 1))
    constant_or_square = sympy.simplify(ratio / top) in (sympy.Integer(1), g**2)
    return bool(constant_or_square) and bool(sympy.simplify(top - 1) <= 0)
