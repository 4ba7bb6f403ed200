"""A failure here means that a Lipschitz constant, a bound or a property of an activation is stated wrongly."""

from __future__ import annotations

import time
from itertools import pairwise

import mpmath
import pytest
import sympy
from flint import arb

from certigram.numerics.balls.precision import precision
from certigram.numerics.expressions.lowering import constant
from certigram.numerics.expressions.regularity import lipschitz_by_range, regularity
from certigram.theory.activations import catalogue
from certigram.theory.activations.activation import activation
from certigram.theory.verdict import Verdict

NAMES = [name for name, family in catalogue.FAMILIES.items() if family.default != ""]
PARAMETRIC = [
    "hermite(2)",
    "hermite(3)",
    "monomial(1)",
    "elu(2)",
    "leaky_relu(1/10)",
    "gaussian(3/4)",
    "3*tanh(2*x-1)+5",
]


@pytest.mark.parametrize("name", [*NAMES, *PARAMETRIC])
def test_declared_constants_lie_in_the_enclosure_by_range_analysis(name: str) -> None:
    phi = activation(name)
    with precision(128):
        for order, exact in ((1, phi.lipschitz), (2, phi.second_lipschitz)):
            found = lipschitz_by_range(phi, order, 128)
            if exact is None:
                assert found.value is not None
            elif exact == sympy.oo:
                assert found.infinite, found.reason
            else:
                assert found.value is not None, found.reason
                assert found.value.overlaps(constant(exact))
                assert found.value.rad() <= arb(2) ** -100


@pytest.mark.parametrize("name", NAMES)
def test_regularity_is_fast(name: str) -> None:
    phi = activation(name)
    started = time.process_time()
    regularity(phi, 128)
    assert time.process_time() - started < 1.0


def test_constants_without_closed_form_against_mpmath() -> None:
    with mpmath.workdps(50):
        expected = []
        for f, order, start in (
            (lambda t: t / (1 + mpmath.exp(-t)), 1, 2.4),
            (lambda t: t * mpmath.tanh(mpmath.log1p(mpmath.exp(t))), 1, 1.5),
            (lambda t: t * mpmath.tanh(mpmath.log1p(mpmath.exp(t))), 2, 0.0),
        ):
            at = mpmath.findroot(lambda t, f=f, order=order: mpmath.diff(f, t, order + 1), start)
            expected.append(mpmath.nstr(abs(mpmath.diff(f, at, order)), 25))
    with precision(128):
        found = [
            regularity(activation("silu")).lipschitz,
            regularity(activation("mish")).lipschitz,
            regularity(activation("mish")).second_lipschitz,
        ]
        for ball, text in zip(found, expected, strict=True):
            assert ball is not None
            assert ball.overlaps(arb(text) + arb(0, 1e-18)), text
            assert ball.rad() < 1e-30


@pytest.mark.parametrize(
    ("name", "bounded", "smooth", "non_affine"),
    [
        ("tanh", "PROVED", True, "PROVED"),
        ("gelu", "REFUTED", True, "PROVED"),
        ("relu", "REFUTED", False, "PROVED"),
        ("step", "PROVED", False, "PROVED"),
        ("identity", "REFUTED", True, "REFUTED"),
        ("softsign", "PROVED", False, "PROVED"),
        ("sin(x**2)", "PROVED", True, "PROVED"),
        ("Max(x, 0) + Min(x, 0)", "REFUTED", True, "REFUTED"),
        ("x + tanh(x)/10**6", "REFUTED", True, "PROVED"),
        ("x/sqrt(1+x**2)", "PROVED", True, "PROVED"),
    ],
)
def test_properties(name: str, bounded: str, smooth: bool, non_affine: str) -> None:
    found = regularity(activation(name))
    assert (found.bounded.name, found.smooth, found.non_affine.name) == (bounded, smooth, non_affine)
    assert (found.supremum is None) == (bounded == "REFUTED")


def test_what_is_not_known_is_said_in_a_sentence() -> None:
    found = regularity(activation("sin(x**2)"))
    assert found.lipschitz is None
    assert "not bounded" in found.reason("lipschitz")
    jump = lipschitz_by_range(activation("Heaviside(x)*cos(x)"), 1, 64)
    assert jump.infinite
    assert "jumps at x = 0" in jump.reason
    corner = lipschitz_by_range(activation("relu"), 2, 64)
    assert corner.infinite
    assert "derivative of order 1 jumps" in corner.reason


def test_supremum_counts_the_value_at_a_jump() -> None:
    phi = activation("3*(1 - Abs(sign(x))) + tanh(x)")
    found = regularity(phi)
    assert found.supremum is not None
    assert found.supremum >= 3
    assert found.lipschitz is None


def test_unknown_boundedness_is_not_guessed() -> None:
    found = regularity(activation("log(1+x**2)"))
    assert found.bounded in (Verdict.UNKNOWN, Verdict.REFUTED)
    assert found.supremum is None
    assert found.lipschitz is not None
    assert found.lipschitz.overlaps(arb(1))


def test_more_bits_give_overlapping_and_narrower_enclosures() -> None:
    for name in ("mish", "silu", "x*exp(-x**2/2)"):
        balls = [regularity(activation(name), bits).lipschitz for bits in (53, 128, 333)]
        for coarse, fine in pairwise(balls):
            assert coarse is not None
            assert fine is not None
            assert coarse.overlaps(fine)
            assert fine.rad() < coarse.rad()
