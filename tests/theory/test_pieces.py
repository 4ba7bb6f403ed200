"""A failure here means that a kinked function is cut at the wrong places, or is something else on one of its pieces."""

from __future__ import annotations

import pytest
import sympy
from sympy import Rational, oo

from certigram.theory.activations.activation import activation
from certigram.theory.activations.catalogue import FAMILIES
from certigram.theory.activations.functions import X, rewrite_elementary
from certigram.theory.activations.pieces import pieces, value_at
from certigram.theory.activations.signs import nonzero_sign, vanishes, zeros
from certigram.theory.errors import DerivationGap

KINKED = [
    "relu",
    "abs",
    "elu",
    "elu(2)",
    "selu",
    "leaky_relu",
    "hard_tanh",
    "softsign",
    "step",
    "sign",
    "abs(abs(x) - 1)",
    "max(x, -x, 1/2)",
    "abs(tanh(x - 1))",
    "x*step(x)",
    "min(max(x + 3, 0), 6)*x/6",
    "abs(x**3 - x)",
    "relu(x)**2 - relu(-x)**3",
    "max(x**2 - 1, 0)*tanh(x)",
    "exp(-abs(x - 1/3))",
    "step(relu(x) - 1)",
    "max(abs(x), x, x*sign(x))",
    "abs(2 + sin(x))*abs(x)",
]


def _number(expression: sympy.Expr, point: sympy.Rational) -> sympy.Expr:
    return sympy.N(rewrite_elementary(expression).xreplace({X: point}), 30)


@pytest.mark.parametrize("text", KINKED)
def test_each_piece_is_the_function_and_its_derivatives(text: str) -> None:
    phi = activation(text)
    found = phi.pieces()
    assert found[0].lo == -oo
    assert found[-1].hi == oo
    step = Rational(1, 10**12)
    for piece in found:
        lo, hi = max(piece.lo, Rational(-5)), min(piece.hi, Rational(5))
        for t in (Rational(1, 97), Rational(1, 2), Rational(96, 97)):
            point = lo + t * (hi - lo)
            assert abs(_number(phi.expression, point) - _number(piece.expression, point)) < 1e-25
            for k in (1, 2):
                ours = _number(phi.derivative(k), point)
                assert abs(ours - _number(sympy.diff(piece.expression, X, k), point)) < 1e-20
            quotient = (_number(phi.expression, point + step) - _number(phi.expression, point - step)) / (2 * step)
            assert abs(quotient - _number(phi.derivative(), point)) < 1e-10
    assert not phi.derivative(2).has(sympy.DiracDelta)


def test_exact_breakpoints() -> None:
    assert activation("abs(abs(x) - 1/3)").breakpoints == (Rational(-1, 3), 0, Rational(1, 3))
    assert activation("max(min(x, 1), -1)").breakpoints == (-1, 1)
    assert activation("abs(x + 1e-40)").breakpoints == (Rational(-1, 10**40),)
    assert activation("tanh").breakpoints == ()
    assert activation("x*(1 - 1e-50) + 1e-50*abs(x)").breakpoints == (0,)


@pytest.mark.parametrize(
    "text",
    ["max(x, -x) - abs(x)", "relu(x) - relu(-x)", "max(x, x)", "step(x) + step(-x)", "abs(x)**2", "abs(1 + x**2)"],
)
def test_kinks_that_cancel_disappear(text: str) -> None:
    phi = activation(text)
    assert phi.smooth
    assert not phi.expression.has(sympy.Abs, sympy.Max, sympy.Heaviside)


def test_a_single_wrong_value_is_a_discontinuity() -> None:
    phi = activation("sign(x)**2")  # 1 everywhere but at 0
    assert phi.breakpoints == (0,)
    assert not phi.continuous
    assert not phi.smooth
    assert phi.affine is None
    assert phi.lipschitz == oo


@pytest.mark.parametrize(
    "text", ["abs(sin(x))", "max(sin(x), 0)", "abs(x**2 - 2)", "max(exp(x), 2)", "sqrt(1 - cos(x)**2)"]
)
def test_kinks_that_cannot_be_located_are_admitted(text: str) -> None:
    phi = activation(text)
    assert not phi.kinks_resolved
    assert not phi.smooth
    assert not phi.continuous
    assert phi.affine is None
    with pytest.raises(DerivationGap):
        phi.pieces()


@pytest.mark.parametrize("text", ["sqrt(abs(x))", "abs(x)**(3/2)", "abs(x - 1)**(1/3)*sign(x - 1)", "sqrt(relu(x))"])
def test_a_branch_point_is_a_point_of_continuity_and_not_of_smoothness(text: str) -> None:
    phi = activation(text)
    assert not phi.kinks_resolved
    assert not phi.smooth
    assert phi.continuous
    assert phi.affine is None
    assert not activation(f"{text} + step(x - 1)").continuous


@pytest.mark.parametrize(
    "text", ["1/x", "log(x)", "sqrt(x)", "1/(1 + sin(x))", "x**(1/3)", "step(log(x)**2 + 1)", "1/(1 - 1e-30 + sin(x))"]
)
def test_singular_functions_are_not_smooth(text: str) -> None:
    assert not activation(text).smooth


@pytest.mark.parametrize(
    "text",
    [
        "1/(1 + x**2)",
        "sqrt(2 + sin(x))",
        "log(1 + exp(x))",
        "1/(1 + tanh(x)**2)",
        "1/(1 + 1e-30 + sin(x))",
        "log(cosh(x))",
        "1/sigmoid(x)",
    ],
)
def test_functions_proved_smooth(text: str) -> None:
    assert activation(text).smooth


def test_continuity() -> None:
    assert activation("relu(x) + 3*abs(tanh(x - 2))").continuous
    assert not activation("x*step(x) + 1e-40*step(x)").continuous
    assert not activation("x*step(x - 1)").continuous
    assert activation("(x - 1)*step(x - 1)").continuous
    for name, family in FAMILIES.items():
        if family.default != "":
            assert activation(name).continuous == (name not in ("step", "sign", "hardshrink"))


def test_too_many_pieces_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("certigram.theory.activations.pieces.MAX_PIECES", 16)
    nested = "x"
    for k in range(5):
        nested = f"abs({nested} - {2 ** (5 - k)})"
    with pytest.raises(DerivationGap, match="more than 16 pieces"):
        pieces(activation(f"({nested})*abs(x)").expression)


def test_exact_values_and_signs() -> None:
    assert value_at(activation("max(x, tanh(x)) + sign(x)").expression, sympy.Integer(0)) == 0
    assert value_at(activation("abs(tanh(x))").expression, sympy.Integer(-1)) == sympy.tanh(1)
    assert zeros(X**3 - X, -oo, Rational(1, 2)) == (-1, 0)
    assert nonzero_sign(X**2 + Rational(1, 10**30), -oo, oo) == 1
    assert nonzero_sign(X**2, -oo, oo) is None
    assert nonzero_sign(X**2 - Rational(1, 10**30), -oo, oo) is None
    assert nonzero_sign(X, sympy.Integer(0), oo) is None
    assert vanishes(sympy.sqrt(2) * sympy.sqrt(3) - sympy.sqrt(6)) is True
    assert vanishes(sympy.exp(1) - Rational(271828, 100000)) is False
