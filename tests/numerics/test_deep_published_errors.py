"""A failure here means that our duals no longer show the quadrature errors measured for another library.

neural-tangents 0.6.5 computes E φ(u)φ(v) of an activation without closed form by Gauss-Hermite quadrature with ``deg``
nodes and returns no error. The table holds relative errors measured for it in float64, truths from the trapezoid rule
at 34 digits (relu: closed form). Here the rule is written out again and compared with our enclosures.
"""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest
from scipy.special import expit, roots_hermite

from certigram.numerics.dual import dual
from certigram.theory.activations.activation import activation

FUNCTIONS = {"tanh": np.tanh, "sigmoid": expit, "relu": lambda x: np.maximum(x, 0.0)}
TABLE = [
    ("tanh", "1", "1", "0.5", "0.186324413203", {25: 6.2e-06, 50: 9.9e-09, 100: 1.0e-12}),
    ("tanh", "1", "1", "0.99", "0.389665301326", {25: 3.5e-05, 50: 6.5e-08, 100: 7.3e-12}),
    ("tanh", "1", "1", "1", "0.394294490397", {25: 4.6e-05, 50: 1.1e-07, 100: 1.6e-11}),
    ("tanh", "1", "1", "-0.9", "-0.34920335058", {25: 1.3e-05, 50: 2.0e-08, 100: 2.2e-12}),
    ("tanh", "0.1", "2", "0.3", "0.133054779530", {25: 2.1e-06, 50: 3.0e-09}),
    ("tanh", "4", "4", "3", "0.432115985545", {25: 1.8e-03, 50: 7.3e-05, 100: 7.5e-07, 200: 1.1e-09}),
    ("tanh", "25", "25", "20", "0.564357033441", {25: 2.2e-02, 50: 7.4e-03, 100: 1.1e-03, 200: 8.4e-05}),
    ("sigmoid", "1", "1", "0.5", "0.271428325631", {25: 1.0e-11}),
    ("sigmoid", "1", "1", "0.99", "0.292930909377", {25: 1.3e-10}),
    ("sigmoid", "1", "1", "1", "0.293379035858", {25: 1.8e-10}),
    ("sigmoid", "1", "1", "-0.9", "0.211081987739", {25: 5.7e-11}),
    ("sigmoid", "4", "4", "3", "0.321385923093", {25: 1.8e-06, 50: 2.9e-09}),
    ("sigmoid", "25", "25", "20", "0.375740374619", {25: 1.8e-03, 50: 1.4e-04, 100: 3.5e-06, 200: 1.9e-08}),
    ("relu", "1", "1", "0.5", "0.304498890522", {25: 1.3e-02, 50: 3.6e-03, 100: 1.8e-03, 200: 9.2e-04}),
    ("relu", "1", "1", "0.99", "0.495150127866", {25: 3.0e-04, 50: 4.2e-05, 100: 6.8e-05, 200: 6.6e-05}),
    ("relu", "1", "1", "-0.9", "0.004769199422", {25: 4.8e-01, 50: 1.3e-01, 100: 6.8e-02, 200: 3.3e-02}),
    ("relu", "0.1", "2", "0.3", "0.162894401944", {25: 1.1e-02, 50: 2.5e-03, 100: 1.5e-03, 200: 8.0e-04}),
    ("relu", "4", "4", "3", "1.576004215103", {25: 9.3e-03, 50: 2.1e-03, 100: 1.2e-03, 200: 6.2e-04}),
    ("relu", "25", "25", "20", "10.33899649938", {25: 6.6e-03, 50: 2.0e-03, 100: 1.0e-03, 200: 5.0e-04}),
    ("relu", "0.001", "0.001", "0.0005", "0.000304498890", {25: 1.3e-02, 50: 3.6e-03, 100: 1.8e-03, 200: 9.2e-04}),
]


def quadrature(name: str, a: float, b: float, c: float, deg: int) -> float:
    """Gauss-Hermite in u, and in v given u: the rule of ``stax.ElementwiseNumerical``."""
    x, weight = roots_hermite(deg)
    f = FUNCTIONS[name]
    u = np.sqrt(2 * a) * x
    v = c / a * u[:, None] + np.sqrt(2 * max(b - c * c / a, 0.0)) * x
    return float((weight[:, None] * weight * f(u)[:, None] * f(v)).sum() / np.pi)


@pytest.mark.parametrize(("name", "a", "b", "c", "truth", "errors"), TABLE)
def test_measured_errors_reappear(name: str, a: str, b: str, c: str, truth: str, errors: dict[int, float]) -> None:
    value = dual(activation(name), Fraction(a), Fraction(b), Fraction(c), 80)
    assert value.rad() < 1e-20
    assert abs(Fraction(float(value)) - Fraction(truth)) <= Fraction(1, 10 ** len(truth.partition(".")[2]))
    for deg, published in errors.items():
        found = abs(quadrature(name, float(a), float(b), float(c), deg) / float(value) - 1)
        assert 0.9 * published <= found <= 1.1 * published, deg
