"""Printed tables of the deep-equilibrium theory, recomputed with enclosures.

A failure means that an enclosure and an independent float64 computation (trapezoid rule, 4 to 8 digits printed; see
docs/papers/deep_equilibrium/population.md for the formulas) disagree beyond the rounding of the printed digits. The
ReLU sums are left out: their printed values carry the quadrature error of a rule that steps across the kink
(docs/corrections.md).
"""

from __future__ import annotations

from fractions import Fraction
from functools import cache

import numpy as np
import pytest
from flint import arb, fmpq

from certigram.numerics.balls.budget import Budget
from certigram.numerics.balls.precision import precision
from certigram.numerics.dual import dual_expression
from certigram.numerics.eigenvalues.eigenvalue import least_eigenvalue
from certigram.numerics.expressions.lowering import constant
from certigram.numerics.expressions.regularity import regularity
from certigram.numerics.kernels.gram import hadamard_power
from certigram.numerics.kernels.points import points
from certigram.numerics.papers.deep_equilibrium.instance import EquilibriumInstance
from certigram.numerics.studies.data import DataSet
from certigram.theory.activations.activation import activation

SIGMA_W2 = Fraction(1, 16)

# activation: (best single LB_X, its order, Gershgorin with C, Gershgorin with P); n = 8, d = 10, seed 0
TABLE_1 = {
    "tanh": ("1.542e-2", 3, "2.081e-2", "2.449e-2"),
    "erf": ("1.977e-2", 3, "2.875e-2", "3.493e-2"),
    "sin": ("6.744e-2", 3, "7.166e-2", "8.295e-2"),
    "sigmoid": ("2.044e-3", 1, "7.869e-4", "8.089e-4"),
    "gelu": ("4.732e-2", 2, "8.918e-3", "1.202e-2"),
    "softplus": ("1.687e-2", 2, "4.853e-4", "6.569e-4"),
}


def half_unit(text: str) -> tuple[Fraction, Fraction]:
    """The interval of numbers that round to a printed decimal."""
    mantissa, _, exponent = text.partition("e")
    digits = len(mantissa.partition(".")[2]) - int(exponent or 0)
    half = Fraction(1, 2 * 10**digits) if digits >= 0 else Fraction(10**-digits, 2)
    return Fraction(text) - half, Fraction(text) + half


def meets(lower: float, upper: float, text: str) -> bool:
    """Whether a proved interval meets the interval of a printed decimal."""
    low, high = half_unit(text)
    return Fraction(lower) <= high and low <= Fraction(upper)


@cache
def model(name: str, sigma_w2: Fraction = SIGMA_W2) -> EquilibriumInstance:
    table = np.random.default_rng(0).standard_normal((10, 8)).T
    return EquilibriumInstance("deq-general", activation(name), DataSet(points(table), None, ""), sigma_w2, Budget())


@pytest.mark.parametrize("name", TABLE_1)
def test_best_single_schur_power(name: str) -> None:
    """The best single term of LB_X, and its order."""
    printed, order, _, _ = TABLE_1[name]
    inst = model(name)
    hermite, point = inst.float_kernel.hermite, inst.fixed_point
    values = {}
    for r in range(1, 12):
        eigenvalue = least_eigenvalue(hadamard_power(inst.inputs.cosines, r), known_psd=True)
        with precision(96):
            weight = hermite.coefficients[r] * hermite.coefficients[r] * (point.input_variance / point.s) ** r
            values[r] = (float((weight * eigenvalue.lower).lower()), float((weight * eigenvalue.upper).upper()))
    best = max(values, key=lambda r: values[r][0])
    assert best == order
    assert meets(*values[best], printed)


@pytest.mark.parametrize("name", TABLE_1)
def test_gershgorin_bounds(name: str) -> None:
    """LB_G with the inputs and with the correlations."""
    inst = model(name)
    _, _, with_inputs, with_correlations = TABLE_1[name]
    found = inst.bounds.discs(inputs=True)
    assert meets(found.lower, found.upper, with_inputs)
    assert found.upper - found.lower < 1e-6 * found.upper
    assert inst.bounds.simple(inputs=True)[1].upper <= found.lower
    other = inst.bounds.discs(inputs=False)
    assert meets(other.lower, other.upper, with_correlations)


@pytest.mark.parametrize(
    ("sigma_w2", "q", "chi"),
    [("1/16", "0.525684", "0.04308"), ("1/8", "0.531305", "0.08497"), ("1/4", "0.542274", "0.16532")],
)
def test_rates_of_tanh(sigma_w2: str, q: str, chi: str) -> None:
    """q and chi = 2 sigma_w2 E phi'(g)^2 inside the contraction range (beyond it nothing is proved)."""
    inst = model("tanh", Fraction(sigma_w2))
    found = inst.fixed_point
    low, high = half_unit(q)
    assert found.q.overlaps(
        arb(fmpq(low.numerator, low.denominator)).union(arb(fmpq(high.numerator, high.denominator)))
    )
    s = found.s
    with precision(96):
        rate = (
            2
            * arb(fmpq(*Fraction(sigma_w2).as_integer_ratio()))
            * dual_expression(activation("tanh").derivative(1), s, s, s, 96)
        )
    low, high = half_unit(chi)
    assert low <= Fraction(float(rate)) <= high


CONSTANTS = {
    # activation: L, L2, 1/(8 L^2)
    "gelu": (
        "1.1289041451851547863407444422619733",
        "0.79788456080286535587989211986876374",
        "0.098083482568522729028342173810178139",
    ),
    "erf": (
        "1.12837916709551257389615890312154517",
        "0.96788289807657339919132077174224262",
        "0.098174770424681038701957605727484465",
    ),
    "tanh": ("1", "0.76980035891950101934553170733594327", "0.125"),
    "sigmoid": ("0.25", "0.096225044864937627418191463416992909", "2"),
    "softplus": ("1", "0.25", "0.125"),
    "sin": ("1", "1", "0.125"),
}


@pytest.mark.parametrize("bits", [53, 128, 333])
@pytest.mark.parametrize("name", CONSTANTS)
def test_lipschitz_constants(name: str, bits: int) -> None:
    """L, L2 and the published range 1/(8 L^2), to all printed digits."""
    phi = activation(name)
    found = regularity(phi, bits)
    with precision(bits + 16):
        assert found.lipschitz is not None
        assert found.second_lipschitz is not None
        values = (found.lipschitz, found.second_lipschitz, 1 / (8 * found.lipschitz**2))
        for value, text in zip(values, CONSTANTS[name], strict=True):
            low, high = half_unit(text)
            printed = arb(fmpq(*low.as_integer_ratio())).union(arb(fmpq(*high.as_integer_ratio())))
            assert value.overlaps(printed), (name, text, value)
        if phi.lipschitz is not None:
            assert found.lipschitz.overlaps(constant(phi.lipschitz))
