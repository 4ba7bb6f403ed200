"""A failure here means that docs/coming-from-neural-tangents.md promises a kernel that is not the one of the layer.

The right sides are the kernel maps of the layers in their own form (arctan2, angles), not the formulas derived here,
and numbers that the package itself printed (tests/golden/neural-tangents-0.6.5.json says how).
"""

import json
import math
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
import sympy
from sympy import Float

from certigram.numerics.dual import dual
from certigram.theory.activations.activation import activation
from certigram.theory.closed_forms import A, B, C
from certigram.theory.derivations.dual import derive_dual

Kernel = Callable[[float, float, float], float]
POINTS = [(1.3, 0.7, -0.4), (0.5, 2.0, 0.6), (2.5, 1.5, 1.8)]


def _erf(scale: float, rate: float, shift: float) -> Kernel:
    def kernel(a: float, b: float, c: float) -> float:
        a, b, c = (rate**2 * q for q in (a, b, c))
        root = math.sqrt((1 + 2 * a) * (1 + 2 * b) - 4 * c**2)
        return scale**2 * 2 / math.pi * math.atan2(2 * c, root) + shift**2

    return kernel


def _sine(scale: float, rate: float, phase: float) -> Kernel:
    def kernel(a: float, b: float, c: float) -> float:
        first = math.exp(rate**2 * (-(a + b) / 2 + c))
        second = math.exp(rate**2 * (-(a + b) / 2 - c)) * math.cos(2 * phase)
        return scale**2 / 2 * (first - second)

    return kernel


def _gelu(a: float, b: float, c: float) -> float:
    squared = (1 + a) * (1 + b) - c**2
    root = math.sqrt(squared)
    value = (c**2 + a * b * squared) / ((1 + a) * (1 + b) * root) + c * math.atan2(c, root)
    return value / (2 * math.pi) + c / 4


def _abrelu(left: float, right: float) -> Kernel:
    def kernel(a: float, b: float, c: float) -> float:
        root = math.sqrt(a * b - c**2)
        factor = (left - right) ** 2 / (2 * math.pi)
        return factor * root + ((left**2 + right**2) / 2 - factor * math.atan2(root, c)) * c

    return kernel


def _sign(a: float, b: float, c: float) -> float:
    return 1 - math.atan2(math.sqrt(a * b - c**2), c) * 2 / math.pi


def _gaussian(scale: float, rate: float) -> Kernel:
    return lambda a, b, c: scale**2 / math.sqrt((1 - 2 * rate * a) * (1 - 2 * rate * b) - 4 * rate**2 * c**2)


def _gabor(a: float, b: float, c: float) -> float:
    d = (1 + 2 * a) * (1 + 2 * b) - 4 * c**2
    return math.exp(-(a + b + 4 * (a * b - c**2)) / (2 * d)) * math.sinh(c / d) / math.sqrt(d)


def _rectified(degree: int) -> Kernel:
    def kernel(a: float, b: float, c: float) -> float:
        root = math.sqrt(a * b - c**2)
        angle = math.pi - math.atan2(root, c)
        if degree == 0:
            return angle / (2 * math.pi)
        if degree == 1:
            return (root + angle * c) / (2 * math.pi)
        return (3 * c * root + angle * (a * b + 2 * c**2)) / (2 * math.pi)

    return kernel


def _moments(j: int, k: int, a: float, b: float, c: float) -> float:
    """E u^j v^k by the recurrence E u^j v^k = (j-1) a E u^(j-2) v^k + k c E u^(j-1) v^(k-1)."""
    if j == 0:
        return 0.0 if k % 2 else b ** (k // 2) * math.prod(range(1, k, 2))
    value = (j - 1) * a * _moments(j - 2, k, a, b, c) if j > 1 else 0.0
    return value + (k * c * _moments(j - 1, k - 1, a, b, c) if k else 0.0)


def _polynomial(coefficients: list[float]) -> Kernel:
    pairs = [(j, k) for j in range(len(coefficients)) for k in range(len(coefficients))]
    return lambda a, b, c: sum(coefficients[j] * coefficients[k] * _moments(j, k, a, b, c) for j, k in pairs)


SIGMOID_LIKE = 2.4020563531719796
TABLE: dict[str, tuple[str, Kernel]] = {
    "Erf": ("3/2*erf(x/2) + 1/4", _erf(1.5, 0.5, 0.25)),
    "Sigmoid_like": (
        "erf(x/(24020563531719796/10000000000000000))/2 + 1/2",
        _erf(0.5, 1 / SIGMOID_LIKE, 0.5),
    ),
    "Gabor": ("exp(-x**2)*sin(x)", _gabor),
    "Gelu": ("gelu", _gelu),
    "Sin": ("2*sin(3*x/4 + 1/3)", _sine(2.0, 0.75, 1 / 3)),
    "Cos": ("2*cos(3*x/4 + 1/3)", _sine(2.0, 0.75, 1 / 3 + math.pi / 2)),
    "Rbf": ("sqrt(2)*sin(sqrt(3)*x + pi/4)", lambda a, b, c: math.exp(-1.5 * (a + b - 2 * c))),
    "ABRelu": ("2*Min(x, 0) + 3*Max(x, 0)", _abrelu(2.0, 3.0)),
    "Relu": ("relu", _abrelu(0.0, 1.0)),
    "LeakyRelu": ("leaky_relu(1/10)", _abrelu(0.1, 1.0)),
    "Abs": ("abs", _abrelu(-1.0, 1.0)),
    "Sign": ("sign", _sign),
    "Exp": ("3*exp(x/2)", lambda a, b, c: 9 * math.exp(0.25 * ((a + b) / 2 + c))),
    "Gaussian": ("2*exp(-3*x**2/4)", _gaussian(2.0, -0.75)),
    "Monomial": ("monomial(5)", _polynomial([0, 0, 0, 0, 0, 1.0])),
    "RectifiedMonomial(0)": ("step", _rectified(0)),
    "RectifiedMonomial(1)": ("Max(x, 0)", _rectified(1)),
    "RectifiedMonomial(2)": ("Max(x, 0)**2", _rectified(2)),
    "Polynomial": ("x**4/3 - 2*x + 1", _polynomial([1.0, -2.0, 0.0, 0.0, 1 / 3])),
}


@pytest.mark.parametrize("layer", TABLE)
@pytest.mark.parametrize("point", POINTS)
def test_the_layer_computes_the_dual(layer: str, point: tuple[float, float, float]) -> None:
    text, kernel = TABLE[layer]
    phi = activation(text)
    expected = kernel(*point)
    derivation = derive_dual(phi)
    assert derivation.derived, derivation.gaps
    formula = derivation.result.xreplace(dict(zip((A, B, C), (Float(q, 30) for q in point), strict=True)))
    assert math.isclose(float(formula.evalf(25)), expected, rel_tol=1e-11)
    enclosed = dual(phi, *(Fraction(q) for q in point), 64)
    assert math.isclose(float(enclosed.mid()), expected, rel_tol=1e-11)


@pytest.mark.parametrize("degree", range(1, 7))
def test_hermite_at_unit_variance(degree: int) -> None:
    result = derive_dual(activation(f"hermite({degree})")).result
    assert (
        result.xreplace({A: sympy.Integer(1), B: sympy.Integer(1)}) - math.factorial(degree) * C**degree
    ).expand() == 0


def test_exp_normalized_at_unit_variance() -> None:
    result = derive_dual(activation("exp(2*x - 4)")).result  # gamma = 4, shift = -1
    for rho in (-0.9, 0.0, 0.35, 1.0):
        value = float(result.subs({A: 1, B: 1, C: Float(rho, 30)}).evalf(25))
        assert math.isclose(value, math.exp(4 * (rho - 1)), rel_tol=1e-11)


PRINTED = json.loads((Path(__file__).parents[1] / "golden" / "neural-tangents-0.6.5.json").read_text("utf-8"))["rows"]


def _counterpart(layer: str, given: dict[str, Any]) -> str:
    """The function of a layer as the page writes it, with its arguments put in."""
    written = {
        "ABRelu": "{a}*Min(x, 0) + {b}*Max(x, 0)",
        "Abs": "abs",
        "Cos": "{a}*cos({b}*x + {c})",
        "Erf": "{a}*erf({b}*x) + {c}",
        "Exp": "{a}*exp({b}*x)",
        "ExpNormalized": "exp(sqrt({gamma})*x + {gamma}*({shift} - 1)/2)",
        "Gabor": "exp(-x**2)*sin(x)",
        "Gaussian": "{a}*exp({b}*x**2)",
        "Gelu": "gelu",
        "Hermite": "hermite({degree})",
        "LeakyRelu": "leaky_relu({alpha})",
        "Monomial": "monomial({degree})",
        "Rbf": "sqrt(2)*sin(sqrt(2*{gamma})*x + pi/4)",
        "RectifiedMonomial": "Max(x, 0)**{degree}",
        "Relu": "relu",
        "Sigmoid_like": "erf(x/(24020563531719796/10000000000000000))/2 + 1/2",
        "Sign": "sign",
        "Sin": "{a}*sin({b}*x + {c})",
    }
    values = {k: f"({Fraction(v).limit_denominator(1000)})" for k, v in given.items() if k != "coef"}
    values |= {"degree": str(given["degree"])} if "degree" in given else {}
    values |= {"alpha": values["alpha"].strip("()")} if "alpha" in values else {}
    if layer == "Polynomial":
        return " + ".join(f"({Fraction(q).limit_denominator(1000)})*x**{k}" for k, q in enumerate(given["coef"]))
    if layer in ("Monomial", "Hermite") and given["degree"] == 0:
        return "1 + 0*x"
    if layer == "RectifiedMonomial" and given["degree"] == 0:
        return "step"
    return written[layer].format(**values)


@pytest.mark.parametrize("row", PRINTED, ids=lambda row: f"{row['layer']}-{row['arguments']}-{row['c']}")
def test_the_package_prints_the_dual_and_its_derivative(row: dict[str, Any]) -> None:
    layer, given, (a, b, c) = row["layer"], row["arguments"], (row["a"], row["b"], row["c"])
    result = derive_dual(activation(_counterpart(layer, given))).result
    slope = sympy.diff(result, C)
    weight = 1 / math.factorial(given["degree"]) if layer == "Hermite" else 1.0
    if layer == "ExpNormalized":  # the homogeneous extension from unit variances
        weight, (a, b, c) = math.sqrt(a * b), (1.0, 1.0, c / math.sqrt(a * b))
    point = dict(zip((A, B, C), (Float(q, 40) for q in (a, b, c)), strict=True))
    assert math.isclose(weight * float(result.xreplace(point).evalf(30)), row["nngp"], rel_tol=1e-9)
    if layer == "Sign" or (layer, given.get("degree")) == ("RectifiedMonomial", 0):
        assert row["ntk_factor"] == 0  # the package drops the derivative of a jump
        return
    scale = math.sqrt(row["a"] * row["b"]) if layer == "ExpNormalized" else 1.0
    found = weight / scale * float(slope.xreplace(point).evalf(30))
    assert math.isclose(found, row["ntk_factor"], rel_tol=1e-9, abs_tol=1e-12)


def test_every_layer_of_the_table_was_printed() -> None:
    layers = {row["layer"] for row in PRINTED}
    assert {name.partition("(")[0] for name in TABLE} <= layers
    assert {"Hermite", "ExpNormalized"} <= layers
