"""A failure here means that a declared Lipschitz constant is not the supremum it is said to be."""

from __future__ import annotations

from itertools import pairwise

import mpmath
import pytest
import sympy
from sympy import Rational, oo

from certigram.theory.activation import activation
from certigram.theory.catalogue import ALIASES, FAMILIES, entry, names
from certigram.theory.errors import SpecError
from certigram.theory.functions import X, rewrite_elementary

NAMED = [name for name, family in FAMILIES.items() if family.default != ""]
TEXTS = [
    *NAMED,
    "leaky_relu(-2)",
    "leaky_relu(3)",
    "elu(2)",
    "elu(1/2)",
    "elu(-1)",
    "gaussian(3)",
    "hermite(2)",
    "monomial(1)",
]
NO_CLOSED_FORM = {("silu", 1), ("mish", 1), ("mish", 2)}
CRITICAL = {  # where the supremum is attained, and of which derivative
    ("tanh", 1): 0,
    ("tanh", 2): sympy.atanh(1 / sympy.sqrt(3)),
    ("erf", 1): 0,
    ("erf", 2): 1 / sympy.sqrt(2),
    ("sigmoid", 1): 0,
    ("sigmoid", 2): sympy.log(2 + sympy.sqrt(3)),
    ("softplus", 2): 0,
    ("normal_cdf", 1): 0,
    ("normal_cdf", 2): 1,
    ("sin", 1): 0,
    ("sin", 2): sympy.pi / 2,
    ("cos", 1): sympy.pi / 2,
    ("cos", 2): 0,
    ("atan", 1): 0,
    ("atan", 2): 1 / sympy.sqrt(3),
    ("gelu", 1): sympy.sqrt(2),
    ("gelu", 2): 0,
    ("silu", 2): 0,
    ("gaussian", 1): 1,
    ("gaussian", 2): 0,
}


def _largest(function: object, lo: mpmath.mpf, hi: mpmath.mpf) -> mpmath.mpf:
    """The maximum of |f| on a grid, polished by golden section around the three best nodes."""
    grid = [lo + (hi - lo) * k / 1200 for k in range(1201)]
    values = [abs(function(t)) for t in grid]
    best = mpmath.mpf(0)
    for k in sorted(range(1201), key=lambda k: -values[k])[:3]:
        a, b = grid[max(k - 1, 0)], grid[min(k + 1, 1200)]
        ratio = (mpmath.sqrt(5) - 1) / 2
        for _ in range(90):
            c, d = b - ratio * (b - a), a + ratio * (b - a)
            a, b = (a, d) if abs(function(c)) > abs(function(d)) else (c, b)
        best = max(best, values[k], abs(function((a + b) / 2)))
    return best


@pytest.mark.parametrize("order", [1, 2])
@pytest.mark.parametrize("text", TEXTS)
def test_the_constant_is_the_supremum(text: str, order: int) -> None:
    phi = activation(text)
    constant = phi.lipschitz if order == 1 else phi.second_lipschitz
    if constant is None:
        assert (text, order) in NO_CLOSED_FORM
        return
    if constant == oo:
        found = phi.pieces()
        jumps = [
            sympy.diff(right.expression - left.expression, X, k).subs(X, right.lo)
            for left, right in pairwise(found)
            for k in range(order)
        ]
        far = max(abs(sympy.N(sympy.diff(piece.expression, X, order).subs(X, 10**10))) for piece in found)
        assert any(jump != 0 for jump in jumps) or far > 10**9
        return
    with mpmath.workdps(30):
        best = mpmath.mpf(0)
        for piece in phi.pieces():
            derivative = sympy.lambdify(X, rewrite_elementary(sympy.diff(piece.expression, X, order)), "mpmath")
            lo, hi = (
                mpmath.mpf(str(sympy.N(end, 30))) for end in (max(piece.lo, Rational(-12)), min(piece.hi, Rational(12)))
            )
            best = max(best, _largest(derivative, lo, hi))
        exact = mpmath.mpf(str(sympy.N(constant, 30)))
        assert best <= exact * (1 + mpmath.mpf(10) ** -25) + mpmath.mpf(10) ** -40
        assert best >= exact * (1 - mpmath.mpf(10) ** -4), "the bound holds but is not the supremum"


@pytest.mark.parametrize(("name", "order"), list(CRITICAL))
def test_the_supremum_is_attained_at_the_critical_point_of_the_proof(name: str, order: int) -> None:
    phi = activation(name)
    point = sympy.sympify(CRITICAL[name, order])
    constant = phi.lipschitz if order == 1 else phi.second_lipschitz
    derivative = rewrite_elementary(sympy.diff(phi.expression, X, order))
    here = derivative.subs(X, point)
    assert sympy.simplify((abs(here) - constant).rewrite(sympy.exp)) == 0
    assert sympy.simplify(sympy.diff(derivative, X).subs(X, point).rewrite(sympy.exp)) == 0


def test_a_slightly_smaller_constant_is_caught() -> None:
    with mpmath.workdps(30):
        derivative = sympy.lambdify(X, sympy.diff(sympy.tanh(X), X, 2), "mpmath")
        best = _largest(derivative, mpmath.mpf(-12), mpmath.mpf(12))
        exact = mpmath.mpf(4) / (3 * mpmath.sqrt(3))
        assert not best <= exact * (1 - mpmath.mpf(10) ** -20)


def test_hermite_polynomials_are_the_probabilists() -> None:
    for k in range(12):
        classical = sympy.expand(2 ** Rational(-k, 2) * sympy.hermite(k, X / sympy.sqrt(2)))
        assert sympy.expand(entry("hermite", sympy.Integer(k)).expression - classical) == 0


def test_names_and_aliases() -> None:
    assert set(ALIASES.values()) <= set(FAMILIES)
    assert not set(ALIASES) & set(FAMILIES)
    for name in names():
        if FAMILIES[ALIASES.get(name, name)].default != "":
            assert activation(name).expression.has(X)
    with pytest.raises(SpecError, match="Did you mean gelu"):
        entry("gellu")
    with pytest.raises(SpecError, match="has no parameter"):
        entry("tanh", sympy.Integer(2))
