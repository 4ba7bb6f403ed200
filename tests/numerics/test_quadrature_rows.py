"""Coefficients at many variances by one rule: a failure means that radii of kernels at different norms are false."""

from fractions import Fraction

import mpmath as mp
import numpy as np
import pytest
import sympy
from flint import arb
from hypothesis import given, settings
from hypothesis import strategies as st

from certigram.numerics.balls.ball import enclose
from certigram.numerics.balls.precision import precision
from certigram.numerics.deep import quadrature_rows as rows
from certigram.numerics.deep.series import slope
from certigram.numerics.deep.unit_rows import UnitRows
from certigram.numerics.expressions.half_line import half_line
from certigram.numerics.hermite import hermite_transform, second_moment, second_moments
from certigram.numerics.hermite.table import TABLE_ERROR, hermite_table
from certigram.numerics.kernels.horner import LEVELS
from certigram.numerics.kernels.split_product import Factor, split_product
from certigram.theory.activations.activation import activation
from certigram.theory.activations.functions import X

RANGES = {
    "narrow": ("0.91", "0.912"),
    "moderate": ("1/2", "3"),
    "wide and large": ("2", "90"),
    "small": ("1e-6", "1/4"),
}


def variances(name, count=12):
    low, high = (Fraction(q) for q in RANGES[name])
    with precision(96):
        return [enclose(low + (high - low) * Fraction(k * k, (count - 1) ** 2)) for k in range(count)]


def made(*given, **named):
    with precision(96):
        return rows.quadrature_rows(*given, **named)


def distance(stored: UnitRows, exact) -> list[arb]:
    """For each variance the distance of the stored vector from the first coefficients, divided by ``lost``."""
    found = []
    for k, unit in enumerate(exact):
        gaps = [c - arb(float(x)) for c, x in zip(unit, stored.a[:, k], strict=False)]
        found.append(sum((g * g for g in gaps), arb(0)).nonnegative_part().sqrt() / stored.lost)
    return found


@pytest.mark.parametrize(
    ("name", "where"),
    [
        ("tanh", "narrow"),
        ("tanh", "wide and large"),
        ("gelu", "moderate"),
        ("cos(2*x)", "moderate"),
        ("softplus", "wide and large"),
        ("tanh(x+1)", "moderate"),
        ("x*exp(-x**2/2)", "moderate"),
        ("exp(x/3)", "moderate"),
        ("tanh", "small"),
    ],
)
def test_the_vectors_are_those_of_single_transforms(name, where):
    phi, given_variances = activation(name), variances(where)
    found = made(phi, given_variances, 160, arb("0.9"), slopes=True)
    assert found is not None
    assert found.derivative is not None
    order = found.features.a.shape[0] - 1
    chosen = [0, 5, 11]
    with precision(128):
        exact = [hermite_transform(phi, order + 1, given_variances[k], 128) for k in chosen]
        for k, h in zip(chosen, exact, strict=True):
            assert found.moments[k].overlaps(h.second_moment)
            assert found.slopes[k].overlaps(second_moment(slope(phi), given_variances[k], 128))
        part = UnitRows.stored(found.features.a[:, chosen].copy(), found.features.lost, found.features.tail)
        units = [[mu / h.second_moment.sqrt() for mu in h.coefficients[: order + 1]] for h in exact]
        for quotient, h in zip(distance(part, units), exact, strict=True):
            assert quotient < 1
            assert 1 - sum((c * c for c in h.coefficients[: order + 1]), arb(0)) / h.second_moment <= part.tail
        assert any(quotient > 2.0**-7 for quotient in distance(part, units))  # the bound is of the size of the error
        steep = UnitRows.stored(found.derivative.a[:, chosen].copy(), found.derivative.lost, found.derivative.tail)
        units = [
            [
                arb(r).sqrt() * mu / (given_variances[k] * found.slopes[k]).sqrt()
                for r, mu in enumerate(h.coefficients)
                if r
            ]
            for k, h in zip(chosen, exact, strict=True)
        ]
        assert all(quotient < 1 for quotient in distance(steep, units))


@pytest.mark.parametrize("what", ["a weight", "a function value", "the scale of an order", "a moment"])
def test_a_wrong_constant_in_the_rule_is_noticed(what, monkeypatch):
    phi, given_variances = activation("tanh"), variances("moderate")
    if what == "a weight":
        table = rows.hermite_table

        def wrong(step, count, order):
            found = table(step, count, order)
            found.high[:, 7] *= 1.0 + 1e-12
            return found

        monkeypatch.setattr(rows, "hermite_table", wrong)
    elif what == "a function value":
        honest = rows.half_line

        def bent(*given_parts):
            found = honest(*given_parts)
            found.coefficients[1] *= 1.0 + 1e-12
            return found

        monkeypatch.setattr(rows, "half_line", bent)
    elif what == "the scale of an order":
        scale = rows._scale
        monkeypatch.setattr(rows, "_scale", lambda table: scale(table) * (1.0 + 1e-12))
    else:
        moments = rows.second_moments
        monkeypatch.setattr(
            rows, "second_moments", lambda *given: tuple(m * (1 + arb("1e-12")) for m in moments(*given))
        )
    found = made(phi, given_variances, 64, arb("0.9"), slopes=False)
    with precision(128):
        h = hermite_transform(phi, 60, given_variances[5], 128)
        unit = [mu / h.second_moment.sqrt() for mu in h.coefficients]
        part = UnitRows.stored(found.features.a[:, [5]].copy(), found.features.lost, found.features.tail)
        assert not distance(part, [unit])[0] < 1


def test_activations_without_a_strip_are_left_to_single_transforms():
    assert made(activation("relu"), variances("moderate"), 64, arb("0.9"), slopes=False) is None


def test_the_table_is_that_of_mpmath():
    step, count, order = arb(5) / 32, 90, 300
    table = hermite_table(step, count, order)
    mp.mp.prec = 300
    for k in (0, 1, 13, 50, 90):
        x = mp.mpf(5) / 32 * k
        weight = mp.sqrt(2 * mp.mpf(5) / 32 / mp.sqrt(2 * mp.pi) * mp.exp(-(x**2) / 2) / (1 if k else 2))
        before, value = mp.mpf(0), mp.mpf(1)
        for r in range(order + 1):
            with precision(160):
                c = table.scale[r]
                stored = (arb(float(table.high[r, k])) + arb(float(table.low[r, k]))) * c
            gap = mp.mpf(stored.mid().str(60, radius=False)) - weight * value
            assert abs(gap) < TABLE_ERROR
            before, value = value, (x * value - mp.sqrt(r) * before) / mp.sqrt(r + 1)


@pytest.mark.parametrize("name", ["tanh", "relu", "sign", "elu", "x**3", "gelu"])
def test_interpolated_moments_are_those_one_by_one(name):
    phi = activation(name)
    with precision(160):
        many = [enclose(Fraction(3 + k, 7)) for k in range(300)]
        found = second_moments(phi, many, 80)
        for k in (0, 1, 150, 299):
            assert found[k].overlaps(second_moment(phi, many[k], 150))
            assert found[k].rel_accuracy_bits() >= 70


def test_a_false_bound_of_the_ellipse_is_noticed(monkeypatch):
    """The interpolant itself, without its error, misses the truth; so the error is not idle."""
    from certigram.numerics.hermite import moment_function

    monkeypatch.setattr(moment_function, "_nodes", lambda *given: 8)
    monkeypatch.setattr(moment_function, "_bound", lambda *given: (arb("1e-30"), arb(6)))
    with precision(160):
        many = [enclose(Fraction(3 + k, 7)) for k in range(300)]
        found = moment_function.second_moments(activation("tanh"), many, 80)
        assert not all(found[k].overlaps(second_moment(activation("tanh"), many[k], 150)) for k in (0, 77, 299))


@pytest.mark.parametrize("text", ["tanh(x)", "exp(-x**2/2)*x", "sin(3*x)", "log(1+exp(x))", "exp(x/3)", "sinh(x/4)"])
def test_half_lines_keep_their_error(text):
    phi = activation(text)
    table = half_line(phi.expression, 90.0, 1.0, 0.25)
    points = np.concatenate([np.linspace(0.0, 90.0, 400), table.end[:-1], np.geomspace(1e-9, 1.0, 50)])
    cells = table.cells(points)
    values = table.values(points, cells)
    mp.mp.prec = 150
    exact = sympy.lambdify(X, sympy.sympify(text, locals={"x": X}), "mpmath")
    gaps = [
        abs(mp.mpf(v) - exact(mp.mpf(t))) / mp.mpf(e)
        for v, t, e in zip(values, points, table.error[cells], strict=True)
    ]
    assert max(gaps) <= 1
    assert max(gaps) > 0.05


@settings(max_examples=30, deadline=None)
@given(st.integers(1, 5), st.integers(1, 5), st.integers(1, 40), st.integers(0, 2**32))
def test_split_products_keep_their_error(n, m, d, seed):
    rng = np.random.default_rng(seed)
    a, b = (rng.standard_normal((k, d)) * 10.0 ** rng.integers(-8, 8, (k, d)) for k in (n, m))
    low = b * rng.standard_normal((m, d)) * 2.0**-55
    values, lost = split_product(Factor.of(a), Factor.of(b, low))
    for i in range(n):
        total = Fraction(0)
        for j in range(m):
            terms = zip(a[i].tolist(), b[j].tolist(), low[j].tolist(), strict=True)
            exact = sum((Fraction(x) * (Fraction(y) + Fraction(z)) for x, y, z in terms), Fraction(0))
            rest = abs(exact - Fraction(float(values[i, j]))) - abs(Fraction(float(values[i, j]))) / 2**53
            total += max(rest, Fraction(0)) ** 2
        assert total <= Fraction(float(lost[i])) ** 2


def test_levels_need_more_orders_the_nearer_to_one():
    stored = UnitRows.stored(0.9 ** np.arange(200.0)[:, None], arb(0), arb(0))
    assert np.all(np.diff(stored.terms) >= 0)
    assert stored.terms[np.searchsorted(LEVELS, 0.5)] < 60 < stored.terms[-1]
