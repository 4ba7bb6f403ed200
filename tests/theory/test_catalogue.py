"""A failure here means that a declared Lipschitz constant is not the supremum it is said to be."""

from __future__ import annotations

from itertools import pairwise

import mpmath
import pytest
import sympy
from sympy import Rational, oo

from certigram.theory.activations.activation import activation
from certigram.theory.activations.catalogue import ALIASES, FAMILIES, entry, names
from certigram.theory.activations.functions import X, rewrite_elementary
from certigram.theory.errors import SpecError

NAMED = [name for name, family in FAMILIES.items() if family.default != ""]
TEXTS = [
    *NAMED,
    "leaky_relu(-2)",
    "leaky_relu(3)",
    "elu(2)",
    "elu(1/2)",
    "elu(-1)",
    "gaussian(3)",
    "celu(2)",
    "celu(1/3)",
    "snake(3)",
    "softshrink(2)",
    "hermite(2)",
    "monomial(1)",
]
NO_CLOSED_FORM = {("silu", 1), ("mish", 1), ("mish", 2), ("quick_gelu", 1), ("gelu_tanh", 1), ("gelu_tanh", 2)}
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


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("GELU", "gelu"),
        ("ReLU", "relu"),
        ("SiLU", "silu"),
        ("Hardtanh", "hard_tanh"),
        ("hardtanh", "hard_tanh"),
        ("ReLU6", "relu6"),
        ("Hardswish", "hard_swish"),
        ("hardsigmoid", "hard_sigmoid"),
        ("LeakyReLU", "leaky_relu"),
        ("LogSigmoid", "log_sigmoid"),
        ("QuickGELU", "quick_gelu"),
        ("SELU", "selu"),
        ("Tanhshrink", "tanhshrink"),
        ("CELU(2)", "celu(2)"),
        ("LeakyReLU(0.2)", "leaky_relu(1/5)"),
        ("GELU(x)", "gelu"),
    ],
)
def test_capitals_and_underscores_do_not_matter(typed: str, meant: str) -> None:
    assert activation(typed) == activation(meant)


@pytest.mark.parametrize("name", ["softmax", "Softmin", "GLU", "clip", "PReLU", "sinc", "threshold"])
def test_what_is_no_function_of_one_number_gets_a_hint(name: str) -> None:
    for text in (name, f"2*{name}(x)"):
        if text == "2*clip(x)":
            continue  # takes its ends
        with pytest.raises(SpecError, match=r"not a function of one number.*: ") as refusal:
            activation(text)
        assert str(refusal.value).endswith(".")


def test_the_letter_phi_is_not_read_as_a_distribution_function() -> None:
    assert activation("Phi") == activation("normal_cdf")
    with pytest.raises(SpecError, match="no activation is called 'phi'"):
        activation("phi")


@pytest.mark.parametrize(
    ("name", "points"),
    [  # values of PyTorch's definitions, as exact fractions
        ("relu6", {-1: 0, 3: 3, 7: 6}),
        ("hard_sigmoid", {-4: 0, 0: Rational(1, 2), 1: Rational(2, 3), 3: 1}),
        ("hard_swish", {-3: 0, -1: Rational(-1, 3), 2: Rational(5, 3), 4: 4}),
        ("softshrink", {-2: Rational(-3, 2), Rational(1, 4): 0, 1: Rational(1, 2)}),
        ("hardshrink", {-2: -2, Rational(1, 4): 0, 1: 1, Rational(-1, 3): 0}),
        ("celu(2)", {3: 3, -2: 2 * (sympy.exp(-1) - 1)}),
        ("snake(2)", {1: 1 + sympy.sin(2) ** 2 / 2}),
        ("tanhshrink", {2: 2 - sympy.tanh(2)}),
        ("clip(x, -1/2, 3)", {-1: Rational(-1, 2), 1: 1, 5: 3}),
    ],
)
def test_values_of_the_definitions(name: str, points: dict[object, object]) -> None:
    from certigram.theory.activations.pieces import value_at

    for point, value in points.items():
        assert sympy.simplify(value_at(activation(name).expression, sympy.sympify(point)) - value) == 0


@pytest.mark.parametrize(
    "text", ["celu(0)", "celu(-1)", "snake(0)", "softshrink(-1)", "hardshrink(0)", "clip(x, 2, 1)"]
)
def test_parameters_out_of_range_are_refused(text: str) -> None:
    with pytest.raises(SpecError, match=r"positive|not in order"):
        activation(text)
