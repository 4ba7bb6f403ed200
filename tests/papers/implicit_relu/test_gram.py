"""The arc-cosine Gram matrix of implicit ReLU networks against independent values.

A failure here means that a proved enclosure excludes the true number, or that an exact nullity is wrong.
"""

from __future__ import annotations

import math
from fractions import Fraction

import mpmath
import numpy as np
import pytest
import sympy
from flint import arb

from certigram.numerics.balls.ball import Ball
from certigram.numerics.balls.budget import Budget
from certigram.numerics.balls.precision import precision
from certigram.numerics.eigenvalues.eigenvalue import least_eigenvalue
from certigram.numerics.kernels.cosines import cosines_arb
from certigram.numerics.kernels.parallel import parallel_pairs
from certigram.numerics.kernels.points import points
from certigram.numerics.papers.deep_equilibrium.instance import EquilibriumInstance
from certigram.numerics.papers.implicit_relu.algebraic import AlgebraicPoints, algebraic, regular_polygon
from certigram.numerics.papers.implicit_relu.antipodes import nullity
from certigram.numerics.papers.implicit_relu.arc_cosine import (
    arc_cosine,
    arc_cosine_matrix,
    arc_cosine_series,
    hermite_bound,
    pair_eigenvalue,
)
from certigram.numerics.papers.implicit_relu.instance import ImplicitInstance
from certigram.numerics.papers.implicit_relu.limit import limit_map, limit_variance
from certigram.numerics.studies.data import DataSet
from certigram.theory.activations.activation import activation
from certigram.theory.errors import SpecError


def integer_inputs(n: int) -> np.ndarray:
    """The test inputs of docs/papers/implicit_relu/proofs.md, "Tables"."""
    return np.array(
        [
            [
                (7 * i + 3) % 11 - 5,
                (5 * i * i + 1) % 13 - 6,
                (3 * i**3 + 2) % 17 - 8,
                (i * i + i) % 7 - 3,
                (2 * i**3 + i) % 19 - 9,
            ]
            for i in range(n)
        ],
        dtype=np.float64,
    )


def model(table: np.ndarray) -> ImplicitInstance:
    return ImplicitInstance(DataSet(points(table), None, "a table"))


TABLE = [
    (2, "0.1542768823345330336233283776909061", 1, 0.049026375, 0.0591793520),
    (4, "0.1524081400773514515988626096040798", 6, 9.0212624e-5, 8.65909485e-4),
    (8, "0.05223639773312988948356821575446552", 11, 3.1526404e-5, 4.32895244e-4),
    (20, "0.002452438034104357292379827608745782", 53, 6.8747e-7, 4.20770966e-5),
]


@pytest.mark.parametrize(("n", "digits", "order", "single", "summed"), TABLE)
def test_table_of_integer_inputs(n: int, digits: str, order: int, single: float, summed: float) -> None:
    """Thirty digits of lambda_0 from an independent computation lie inside the enclosures at 53 and at 256 bits."""
    inst = model(integer_inputs(n))
    assert inst.eigenvalue.contains(Fraction(digits))
    assert inst.eigenvalue.relative_width < 1e-6
    sharp = least_eigenvalue(inst.refine(256), refine=inst.refine, relative_width=1e-15, known_psd=True)
    assert sharp.contains(Fraction(digits))
    assert sharp.relative_width < 1e-14
    bound = inst.hermite
    assert bound.order == order
    assert bound.single.lower == pytest.approx(single, rel=1e-4)
    assert bound.summed.lower <= summed * (1 + 1e-7)
    assert bound.summed.upper >= summed * (1 - 1e-7)
    assert bound.summed.upper - bound.summed.lower < 1e-9
    assert bound.single.upper <= bound.summed.upper <= inst.eigenvalue.lower
    if bound.simple is not None:
        assert bound.simple.upper <= inst.eigenvalue.lower


def test_mpmath_agrees_on_four_inputs() -> None:
    """An independent library at 40 digits, from the integers on."""
    with mpmath.workdps(40):
        rows = [[mpmath.mpf(int(x)) for x in row] for row in integer_inputs(4)]
        unit = [[x / mpmath.sqrt(sum(y * y for y in row)) for x in row] for row in rows]

        def entry(i: int, j: int) -> mpmath.mpf:
            c = sum(x * y for x, y in zip(unit[i], unit[j], strict=True)) if i != j else mpmath.mpf(1)
            return (mpmath.sqrt(1 - c * c) + (mpmath.pi - mpmath.acos(c)) * c) / (2 * mpmath.pi)

        values = mpmath.eigsy(mpmath.matrix(4, 4) + mpmath.matrix([[entry(i, j) for j in range(4)] for i in range(4)]))
        least = mpmath.nstr(min(values[0]), 36)
    sharp = least_eigenvalue(model(integer_inputs(4)).refine(256), relative_width=1e-15, known_psd=True)
    assert sharp.contains(Fraction(least))


@pytest.mark.parametrize(
    ("n", "digits"),
    [
        (3, "0.445501109477885320955501708755091"),
        (4, "0.1816901138162093284622324732549713"),
    ],
)
def test_regular_polygons_with_positive_eigenvalue(n: int, digits: str) -> None:
    polygon = regular_polygon(n)
    assert polygon.null_vectors() == ()
    found = least_eigenvalue(polygon.gram(128), refine=polygon.gram, relative_width=1e-15, known_psd=True)
    assert found.contains(Fraction(digits))
    assert found.relative_width < 1e-14


@pytest.mark.parametrize("n", [4, 6, 8, 10, 12])
def test_even_polygons_have_their_exact_nullity(n: int) -> None:
    """n/2 antipodal directions in the plane: nullity n/2 - 2, with vectors that the entries annihilate in balls."""
    polygon = regular_polygon(n)
    vectors = polygon.null_vectors()
    assert len(vectors) == n // 2 - 2
    matrix = polygon.gram(256).arb
    assert matrix is not None
    with precision(256):
        for vector in vectors:
            weights = [arb(str(sympy.N(x, 80))) + arb(0, "1e-70") for x in vector]
            for i in range(n):
                image = sum((matrix[i, j] * weights[j] for j in range(n)), arb(0))
                assert image.contains(0)
                assert image.rad() < arb("1e-60")


def test_the_hexagon_in_integers_and_in_radicals() -> None:
    """The same null vector from integer points of a plane in space, and from sqrt(3)."""
    table = points([[1, -1, 0], [1, 0, -1], [0, 1, -1], [-1, 1, 0], [-1, 0, 1], [0, -1, 1]])
    found = nullity(table, parallel_pairs(table))
    assert found.nullity == 1
    assert found.null_vector is not None
    assert list(found.null_vector.text.values()) == ["1", "-1", "1", "-1", "1", "-1"]
    assert regular_polygon(6).null_vectors() == ((1, -1, 1, -1, 1, -1),)


def test_unequal_norms_enter_the_null_vector() -> None:
    """x_2 = x_0 + x_1 with antipodes: the entries carry the norms, here sqrt(2) for the sum of two unit vectors."""
    table = points([[1, 0], [0, 1], [1, 1], [-1, 0], [0, -1], [-1, -1]])
    found = nullity(table, parallel_pairs(table))
    assert found.nullity == 1
    assert found.null_vector is not None
    assert set(found.null_vector.text.values()) == {"1", "-1", "-sqrt(2)", "sqrt(2)"}
    inst = model(table.values)
    matrix = inst.refine(200).arb
    assert matrix is not None
    with precision(200):
        vector = {
            i: Ball.exactly(a).arb * Ball.exactly(s).arb.sqrt() for i, (a, s) in found.null_vector.entries.items()
        }
        for i in range(6):
            image = sum((matrix[i, j] * w for j, w in vector.items()), arb(0))
            assert image.contains(0)
            assert image.rad() < arb("1e-50")


@pytest.mark.parametrize(
    ("rows", "expected"),
    [
        ([[1, 0], [2, 0]], 1),
        ([[1, 0], [-2, 0]], 0),
        ([[1, 0], [3, 0], [-2, 0], [-5, 0]], 2),
        ([[1, 0, 0], [-1, 0, 0], [0, 1, 0], [0, -1, 0], [0, 0, 1], [0, 0, -1]], 0),
        ([[1, 0], [0, 1], [1, 1], [2, 1]], 0),
        ([[1, 0], [-1, 0], [0, 1], [0, -1], [1, 1], [-1, -1], [1, 2], [-1, -2]], 2),
        ([[3, 4]], 0),
    ],
)
def test_nullity_matches_the_rank_in_high_precision(rows: list[list[int]], expected: int) -> None:
    """The exact rule against a numerical rank at 60 digits (an independent, unproved computation)."""
    table = points(rows)
    assert nullity(table, parallel_pairs(table)).nullity == expected
    with mpmath.workdps(60):
        unit = [[mpmath.mpf(x) / mpmath.sqrt(sum(y * y for y in row)) for x in row] for row in rows]
        n = len(rows)
        matrix = mpmath.matrix(n, n)
        for i in range(n):
            for j in range(n):
                c = min(max(sum(a * b for a, b in zip(unit[i], unit[j], strict=True)), mpmath.mpf(-1)), mpmath.mpf(1))
                matrix[i, j] = (mpmath.sqrt(1 - c * c) + (mpmath.pi - mpmath.acos(c)) * c) / (2 * mpmath.pi)
        values = mpmath.eigsy(matrix, eigvals_only=True)
        assert sum(abs(x) < mpmath.mpf(10) ** -25 for x in values) == expected


def test_near_duplicates_are_proved_definite() -> None:
    """Two inputs at an angle of 1e-12: the exact argument proves positivity, whatever the enclosure resolves."""
    inst = model(np.array([[1.0, 0.0], [1.0, 2.0**-40], [0.0, 1.0]]))
    assert inst.singularity.nullity == 0
    assert 0 <= inst.eigenvalue.lower <= inst.eigenvalue.upper < 1e-11


def test_series_and_closed_form_are_one_function() -> None:
    series = arc_cosine_series(400, 128)
    with precision(128):
        for k in range(-20, 21):
            t = arb(k) / 20
            assert series(t).overlaps(arc_cosine(t))
        assert sum(series.coefficients, arb(0)) <= arb(1) / 2
        for k in range(1, 30):
            double_factorial = math.prod(range(2 * k - 3, 0, -2))
            exact = Fraction(double_factorial**2, math.factorial(2 * k))
            assert Ball(series.coefficients[2 * k] * 2 * arb.pi()).contains(exact)


def test_closed_form_beside_the_ends() -> None:
    """Balls that touch the ends of [-1, 1], where acos and sqrt lose their digits, still contain the value."""
    with precision(128):
        for sign in (-1, 1):
            near = sign * (1 - arb(2) ** -90)
            value = arc_cosine(near)
            assert value.is_finite()
            assert value.rad() < arb("1e-30")
            wide = arc_cosine(near + arb(0, "1e-20"))
            assert wide.contains(value)
    with pytest.raises(ValueError, match="cosine"):
        arc_cosine(arb(2))


def test_two_inputs_and_orthonormal_ones() -> None:
    assert pair_eigenvalue(None).contains(Fraction(1, 2))
    eye = np.eye(5)
    assert model(eye).eigenvalue.contains(Fraction("0.34084505690810466423111623662748564"))
    assert model(eye[:2]).eigenvalue.contains(Fraction("0.34084505690810466423111623662748564"))


@pytest.mark.parametrize(
    ("gamma", "digits"),
    [
        ("1/10", "0.50374015441320468484419486691232"),
        ("1/5", "0.51514169241351562523380595907657"),
        ("3/10", "0.53500217294580222114173158581343"),
        ("2/5", "0.56496203468519899441950708252711"),
        ("1/2", "0.6078693558637393157232141961244"),
    ],
)
def test_digits_of_the_limit(gamma: str, digits: str) -> None:
    """Independent digits within one unit of their last place, and mpmath's own solution of the equation."""
    ball = Ball(limit_variance(Fraction(gamma), 160))
    assert abs(ball.mid - Fraction(digits)) <= Fraction(1, 10 ** (len(digits) - 2))
    with mpmath.workdps(50):
        g = mpmath.mpf(Fraction(gamma).numerator) / Fraction(gamma).denominator

        def equation(K: mpmath.mpf) -> mpmath.mpf:
            s = g * mpmath.sqrt(K)
            return s * s / 4 + ((1 + s * s) * (mpmath.pi - mpmath.atan(s)) + s) / (2 * mpmath.pi) - K

        root = mpmath.nstr(mpmath.findroot(equation, 0.55), 45)
    assert abs(ball.mid - Fraction(root)) <= ball.rad + Fraction(1, 10**43)


def test_the_limit_map_is_an_expectation() -> None:
    """K -> E relu(s g + relu(h))^2 by Gauss-Legendre quadrature in two dimensions, split at both kinks."""
    s = 0.3 * math.sqrt(0.7)
    nodes, weights = np.polynomial.legendre.leggauss(80)

    def rule(low: float, high: float) -> tuple[np.ndarray, np.ndarray]:
        x = (high - low) / 2 * nodes + (high + low) / 2
        return x, weights * (high - low) / 2 * np.exp(-(x**2) / 2) / math.sqrt(2 * math.pi)

    total = 0.0
    for low, high in ((-9.0, 0.0), (0.0, 9.0)):
        for h, outer in zip(*rule(low, high), strict=True):
            top = max(float(h), 0.0)
            if -top / s < 9.0:
                g, inner = rule(max(-top / s, -9.0), 9.0)
                total += outer * float(inner @ (s * g + top) ** 2)
    assert float(limit_map(arb("0.7"), Fraction(3, 10)).mid()) == pytest.approx(total, rel=1e-9)


def test_hermite_bound_of_one_input() -> None:
    """One input: every disc is a point, and the sum is what orders 2, 4, ... carry of the mass 1/2."""
    found = hermite_bound(1, (Fraction(0), Fraction(0)))
    rest = 0.5 - 0.25 - 1 / (2 * math.pi)
    assert found.summed.lower <= rest <= found.summed.upper


def test_refined_matrix_contains_the_float_matrix() -> None:
    inst = model(integer_inputs(12))
    fine = arc_cosine_matrix(cosines_arb(inst.data.source, 200), 200)
    gap = np.abs(fine.mid - inst.gram.mid)
    assert (gap <= np.asarray(inst.gram.rad) + np.asarray(fine.rad)).all()


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        ([], "n rows"),
        ([[1, 2], [3]], "equal length"),
        ([[0, 0], [1, 2]], "zero"),
        ([[sympy.Symbol("t"), 1]], "exact real"),
        ([[sympy.I, 1]], "exact real"),
        ([[sympy.pi, 1]], "number field"),
    ],
)
def test_algebraic_points_refuse_what_they_cannot_decide(rows: list[list[object]], message: str) -> None:
    with pytest.raises(SpecError, match=message):
        algebraic(rows)  # type: ignore[arg-type]  # wrong input on purpose


def test_algebraic_points_without_integer_directions() -> None:
    """Three antipodal directions in the plane with sqrt(2) among the coordinates: dependent, exactly."""
    r = sympy.sqrt(2)
    rows = [[1, 0], [0, 1], [1, r]]
    found: AlgebraicPoints = algebraic(rows + [[-a, -b] for a, b in rows])
    (vector,) = found.null_vectors()
    assert vector[2] != 0
    assert found.least_eigenvalue().upper == 0
    assert algebraic(rows).least_eigenvalue().lower > 0


def test_half_the_matrix_of_an_equilibrium_model_without_feedback() -> None:
    """At sigma_w = 0 an equilibrium model has the kernel E relu(sqrt(2) a) relu(sqrt(2) b), twice ours."""
    table = integer_inputs(12)
    other = EquilibriumInstance(
        "deq-general", activation("relu"), DataSet(points(table), None, "a table"), Fraction(0), Budget()
    )
    mine, theirs = model(table).eigenvalue, other.eigenvalue
    assert 2 * mine.lower <= theirs.upper
    assert theirs.lower <= 2 * mine.upper
    assert theirs.lower == pytest.approx(2 * mine.lower, rel=1e-6)
