"""A failure here means that a posterior mean, a variance or a prediction at a time lies outside of its enclosure.

Matrices are taken out of the balls, midpoints and vertices, and solved by mpmath at 60 digits.
"""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from typing import Any

import mpmath
import numpy as np
import pytest

import certigram as cg
from certigram.numerics.balls.ball import Ball
from certigram.numerics.regression import attempts, prediction
from certigram.numerics.regression.evidence import log_evidence
from certigram.numerics.regression.posterior import columns as right_sides
from certigram.numerics.regression.posterior import factor, solved
from certigram.numerics.regression.prediction import predict
from certigram.numerics.regression.problem import NotDefinite, ridge
from certigram.numerics.regression.products import majorant, product, row_products, split
from certigram.numerics.regression.targets import targets
from certigram.theory.errors import PrecisionExhausted, SpecError

from .regression_oracle import DIGITS, Case, all_inside, inside, number, random_signs, spectral_case

CASES = [
    spectral_case(1, 8, 3, 1e2, 0.0, Fraction(0), 2),
    spectral_case(2, 8, 1, 1e6, 1e-15, Fraction(0)),
    spectral_case(3, 1, 1, 3.0, 1e-16, Fraction(0)),
    spectral_case(4, 2, 4, 1e3, 1e-12, Fraction(1, 3)),
    spectral_case(5, 8, 3, 1e14, 0.0, Fraction(0)),
    spectral_case(6, 8, 3, 1e14, 1e-16, Fraction(1, 10**9)),
    spectral_case(7, 10, 2, 1e10, 1e-7, Fraction(1, 100), 2),
]
TIMES = [Fraction(1, 7), Fraction(50), Fraction(10) ** 9, Fraction(10) ** 2000]


@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize("bits", [None, 160])
def test_posteriors_of_every_member_are_enclosed(case: Case, bits: int | None) -> None:
    problem = case.problem()
    found = predict(problem, bits=bits)
    assert found.variance is not None
    evidence = log_evidence(problem, ridge(problem.gram, problem.noise), bits=bits)
    for signs in (None, random_signs(1, len(case.joint)), random_signs(2, len(case.joint))):
        truth = case.truth(signs)
        assert all_inside(*found.mean, truth["mean"])
        assert all_inside(*found.variance, truth["variance"])
        assert all(inside(Ball(e).mid, Ball(e).rad, v) for e, v in zip(evidence, truth["evidence"], strict=True))


@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize("time", TIMES)
def test_predictions_at_a_time_are_enclosed(case: Case, time: Fraction) -> None:
    problem = case.problem()
    ways = [predict(problem, time), *([predict(problem, time, bits=64)] if not problem.gram.rad.any() else [])]
    for signs in (None, random_signs(3, len(case.joint))):
        truth = case.truth(signs, time)["mean"]
        assert all(all_inside(*found.mean, truth) for found in ways)


def test_digits_are_those_that_the_data_have() -> None:
    """The vertex that pulls every entry the same way moves the mean by two thirds of the radius and more."""
    case = spectral_case(8, 12, 1, 1e4, 1e-13, Fraction(1, 10**3))
    problem = case.problem()
    found = predict(problem)
    matrix = case.joint[:12, :12] + 1e-3 * np.eye(12)
    x, z = (np.linalg.solve(matrix, b) for b in (np.array(case.y)[:, 0], case.joint[:12, 12]))
    pull = -np.multiply.outer(z, x)
    signs = np.zeros((13, 13), dtype=np.int64)
    signs[:12, :12] = np.sign(pull + pull.T)
    signs[:12, 12] = signs[12, :12] = np.sign(x)
    moved = case.truth(signs)["mean"][0, 0] - case.truth()["mean"][0, 0]
    assert float(moved) > 0.6 * float(found.mean.rad[0, 0])  # K is symmetric, which the bound does not know
    exact = predict(spectral_case(8, 12, 1, 1e4, 0.0, Fraction(1, 10**3)).problem())
    assert float(exact.mean.rad[0, 0]) <= 3e-16 * abs(float(exact.mean.mid[0, 0]))  # a rounding of the result


Row = list[Any]
"""A point, its coordinates numbers of mpmath."""


def _gaussian(a: Row, b: Row, scale: Fraction) -> Any:
    return mpmath.exp(-sum((x - y) ** 2 for x, y in zip(a, b, strict=True)) / (2 * number(scale) ** 2))


def _rectifier_tangent(a: Row, b: Row) -> Any:
    """The tangent kernel of one hidden layer of ReLU with weight variance 2, by Cho and Saul's formulas."""
    p, q, c = (sum(u * v for u, v in zip(x, y, strict=True)) for x, y in ((a, a), (b, b), (a, b)))
    d, norm = len(a), mpmath.sqrt(p * q)
    angle = mpmath.acos(min(max(c / norm, -1), 1))
    dual = 2 * norm / d * (mpmath.sin(angle) + (mpmath.pi - angle) * mpmath.cos(angle)) / (2 * mpmath.pi)
    slope = (mpmath.pi - angle) / (2 * mpmath.pi)
    return 2 * dual + 2 * slope * 2 * c / d


@pytest.mark.parametrize("name", ["gaussian", "ntk"])
def test_sixty_points_against_mpmath(name: str) -> None:
    n, rng = 60, np.random.default_rng(60)
    X, T, y = rng.standard_normal((n, 3)), rng.standard_normal((4, 3)), rng.standard_normal(n)
    if name == "gaussian":
        k, value = cg.kernel("gaussian", scale="3/2"), lambda a, b: _gaussian(a, b, Fraction(3, 2))
    else:
        k, value = cg.kernel("ntk", activation="relu", depth=1, sigma_w2=2), _rectifier_tangent
    found = cg.predict(k, X, y, T, noise="1/1000")
    with mpmath.workdps(50):
        rows, tests = ([[number(v) for v in row] for row in points.tolist()] for points in (X, T))
        M = mpmath.eye(n) / 1000
        for i in range(n):
            for j in range(i + 1):
                entry = value(rows[i], rows[j])
                M[i, j] += entry
                M[j, i] += entry if j < i else 0
        cross = mpmath.matrix([[value(a, b) for b in tests] for a in rows])
        LU, order = mpmath.mp.LU_decomp(M)
        sides = mpmath.matrix([number(v) for v in y]), cross[:, 0]
        x, z = (mpmath.mp.U_solve(LU, mpmath.mp.L_solve(LU, b, order)) for b in sides)
        spread = value(tests[0], tests[0]) - sum(cross[i, 0] * z[i] for i in range(n))
    assert all_inside(found.mean.mid, found.mean.rad, cross.T * x)
    assert found.variance is not None
    assert inside(found.variance.mid[0, 0], found.variance.rad[0, 0], spread)
    assert float(found.mean.rad.max()) < 1e-9


def test_exact_targets_and_narrow_formats() -> None:
    X, T = np.array([[0.0], [1.0], [2.5]]), np.array([[0.5]])
    k = cg.kernel("gaussian")
    big = [2**53 + 1, -(2**60) - 1, Fraction(1, 3)]
    found = cg.predict(k, X, big, T)
    with mpmath.workdps(DIGITS):
        rows = [[number(v)] for v in X[:, 0]]
        M = mpmath.matrix([[_gaussian(a, b, Fraction(1)) for b in rows] for a in rows])
        cross = mpmath.matrix([_gaussian(a, [number(0.5)], Fraction(1)) for a in rows])
        z = mpmath.lu_solve(M, cross)
        truth = sum(z[i] * number(big[i]) for i in range(3))
    assert inside(found.mean.mid[0, 0], found.mean.rad[0, 0], truth)
    narrow = [cg.predict(k, a.astype(np.float32), np.float32([1, 2, 3]), T.astype(np.float32)) for a in (X,)]
    assert np.array_equal(narrow[0].mean.mid, cg.predict(k, X, [1, 2, 3], T).mean.mid)
    rest = targets([[2**53 + 1], [Fraction(1, 3)]], 2)[0]
    assert abs(Fraction(float(rest.leading[1, 0])) + Fraction(float(rest.rest[1, 0])) - Fraction(1, 3)) <= Fraction(
        float(rest.error[1, 0])
    )


def test_variances_begin_at_zero() -> None:
    """At a training point without noise the variance is 0: no lower end is negative, and 0 is not excluded."""
    X = np.random.default_rng(3).standard_normal((9, 2))
    for bits in (None, 100):
        found = cg.predict(cg.kernel("matern-5/2"), X, X[:, 0], X, bits=bits)
        assert found.variance is not None
        assert (found.variance.mid - found.variance.rad == 0.0).all()
        assert found.standard_deviation is not None
        assert (found.standard_deviation.mid - found.standard_deviation.rad == 0.0).all()


def test_equal_points() -> None:
    X, y, T = [[0], [1], [1]], [1, 2, 4], [["1/2"]]
    k = cg.kernel("gaussian")
    with pytest.raises(SpecError, match="singular"):
        cg.predict(k, X, y, T)
    # gradient flow sees the mean of the two targets, twice as fast: K acts on the sum
    with pytest.raises(SpecError, match="positive noise, or a shorter time"):
        cg.predict(k, X, y, T, time=10**2000)
    at_time = cg.predict(k, X, y, T, time=3)
    noisy = cg.predict(k, X, y, T, noise="1/10")
    rows = [number(x[0]) for x in X]
    with mpmath.workdps(DIGITS):
        K = mpmath.matrix([[mpmath.exp(-((a - b) ** 2) / 2) for b in rows] for a in rows])
        cross = mpmath.matrix([mpmath.exp(-((a - mpmath.mpf("0.5")) ** 2) / 2) for a in rows])
        values, vectors = mpmath.eigsy(K)
        weights = [-mpmath.expm1(-3 * v) / v for v in values]
        flow = (cross.T * vectors * mpmath.diag(weights) * (vectors.T * mpmath.matrix(y)))[0, 0]
        posterior = (cross.T * mpmath.lu_solve(K + mpmath.eye(3) / 10, mpmath.matrix(y)))[0, 0]
    assert inside(at_time.mean.mid[0, 0], at_time.mean.rad[0, 0], flow)
    assert inside(noisy.mean.mid[0, 0], noisy.mean.rad[0, 0], posterior)


def test_long_times_lead_to_the_posterior() -> None:
    problem = CASES[0].problem()
    limit = predict(problem)
    late = predict(problem, Fraction(10) ** 5)
    assert late.method != limit.method
    assert (np.abs(late.mean.mid - limit.mean.mid) <= late.mean.rad + limit.mean.rad).all()
    assert not predict(problem, Fraction(0)).mean.mid.any()


def test_what_is_not_definite_is_refused() -> None:
    case = spectral_case(9, 5, 1, 1e4, 1e-3, Fraction(0))
    with pytest.raises(NotDefinite, match="positive noise"):
        predict(case.problem())
    indefinite = Case(np.diag([1.0, -1.0, 1.0]), 2, np.zeros((3, 3)), [[1.0], [1.0]], Fraction(1, 2))
    with pytest.raises(NotDefinite, match="more noise"):
        predict(indefinite.problem())
    assert all_inside(*predict(indefinite.problem(), Fraction(2)).mean, indefinite.truth(time=Fraction(2))["mean"])
    huge = Case(np.diag([1e200, 1e200, 1.0]), 2, np.full((3, 3), 1e180), [[1.0], [1.0]], Fraction(0))
    with pytest.raises(PrecisionExhausted, match="range"):
        predict(huge.problem())


def test_test_points_come_in_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    problem = CASES[0].problem()
    monkeypatch.setattr(prediction, "CHUNK", 2)
    for time in (None, Fraction(5)):
        assert all_inside(*predict(problem, time).mean, CASES[0].truth(time=time)["mean"])


def test_products_are_enclosed() -> None:
    """Against rational arithmetic, for rows of very different sizes."""
    rng = np.random.default_rng(0)
    a = rng.standard_normal((3, 7)) * np.ldexp(1.0, rng.integers(-40, 40, (3, 7)))
    b = rng.standard_normal((7, 2)) * np.ldexp(1.0, rng.integers(-200, 200, (1, 2)))
    found = product(split(a), split(b.T))
    for i in range(3):
        for j in range(2):
            exact = sum(Fraction(x) * Fraction(y) for x, y in zip(a[i].tolist(), b[:, j].tolist(), strict=True))
            error = abs(exact - Fraction(float(found.leading[i, j])) - Fraction(float(found.rest[i, j])))
            assert (
                error
                <= Fraction(float(found.error[i, j]))
                <= Fraction(1, 2**60)
                * Fraction(
                    float(
                        majorant(np.abs(a[i : i + 1]).max(axis=1, keepdims=True), np.abs(b[:, j]).max(keepdims=True))[0]
                    )
                )
            )


def test_products_of_tiny_rows_are_enclosed() -> None:
    """Down to the smallest subnormal numbers: the error is at most that of rows of size 2^-300."""
    rng = np.random.default_rng(1)
    for low_a, low_b in ((-340, -20), (-340, -340), (-1080, 230), (-1080, -1080), (-700, -700)):
        a, b = (rng.standard_normal((3, 5)) * np.ldexp(1.0, rng.integers(e, e + 60, (3, 5))) for e in (low_a, low_b))
        found, pairs = product(split(a), split(b)), row_products(split(a), split(b))
        for i, j in np.ndindex(3, 3):
            exact = sum(Fraction(x) * Fraction(y) for x, y in zip(a[i].tolist(), b[j].tolist(), strict=True))
            ways = [tuple(x[i, j] for x in found)] + ([tuple(x[i] for x in pairs)] if i == j else [])
            largest = Fraction(max(2.0**-300, np.abs(a[i]).max())) * Fraction(max(2.0**-300, np.abs(b[j]).max()))
            for leading, rest, error in ways:
                assert abs(exact - Fraction(float(leading)) - Fraction(float(rest))) <= Fraction(float(error))
                assert Fraction(float(error)) <= largest / 2**60 + Fraction(2.0**-989)


@pytest.mark.parametrize("time", [None, Fraction(3)])
def test_points_far_from_all_others(time: Fraction | None, monkeypatch: pytest.MonkeyPatch) -> None:
    """Tiny covariances with a test point, tiny targets: float64 encloses what they predict, and tells nothing else."""
    monkeypatch.setattr(attempts, "LARGEST_IN_BALLS", 0)
    case = spectral_case(10, 6, 4, 1e3, 0.0, Fraction(1, 100), 3)
    sizes = np.array([1.0, 2.0**-290, 2.0**-450, 2.0**-1060])
    case.joint[:6, 6:] *= sizes
    case.joint[6:, :6] = case.joint[:6, 6:].T
    case = replace(case, y=[[v * s for v, s in zip(row, (1.0, 2.0**-500, 2.0**-1060), strict=True)] for row in case.y])
    found = predict(case.problem(), time)
    truth = case.truth(None, time)
    assert all_inside(*found.mean, truth["mean"])
    assert (found.mean.rad[:, 0] <= 1e-12 * np.maximum(sizes, 2.0**-300)).all()
    if time is None:
        assert found.variance is not None
        assert all_inside(*found.variance, truth["variance"])
        given = case.problem()
        evidence = log_evidence(given, ridge(given.gram, given.noise))
        assert all(inside(Ball(e).mid, Ball(e).rad, v) for e, v in zip(evidence, truth["evidence"], strict=True))


def test_one_far_point_among_many() -> None:
    """More training points than balls are tried for: the others are predicted as without it."""
    rng = np.random.default_rng(11)
    X, y, k = rng.standard_normal((401, 2)), rng.standard_normal(401), cg.kernel("gaussian")
    for time in (None, 5):
        found = cg.predict(k, X, y, [[0, 0], [25, 0]], noise="1/100", time=time)
        alone = cg.predict(k, X, y, [[0, 0]], noise="1/100", time=time)
        assert np.allclose(found.mean.rad[0], alone.mean.rad[0], rtol=1e-6)
        assert abs(found.mean.mid[1, 0]) <= found.mean.rad[1, 0] < 1e-9
    assert cg.classify(k, X, X[:, 0] > 0, [[1, 0], [25, 0]], noise="1/100").labels[0] is True


def test_targets_that_are_zero_or_nearly() -> None:
    """Means are then 0 up to what floats can say, which calls for no balls; what no float shows still counts."""
    case = replace(CASES[0], y=[[0.0]] * 8)
    for time in (None, Fraction(5)):
        found = predict(case.problem(), time)
        assert found.method.startswith("float64")
        assert not found.mean.mid.any()
        assert (found.mean.rad < 1e-80).all()
    unseen = targets([Fraction(1, 10**400)], 1)[0]
    assert not unseen.leading.any()
    assert Fraction(1, 10**400) <= Fraction(float(unseen.error[0, 0]))
    assert not unseen.zero


def test_likelihoods_beyond_float64() -> None:
    """Where float64 leaves nothing of the determinant, or of the targets, balls follow by themselves."""
    stiff = spectral_case(12, 6, 1, 1e3, 0.0, Fraction(0))
    stiff.joint[:6, :6] = 1.0
    stiff = replace(stiff, noise=Fraction(1, 10**16))
    huge = replace(CASES[0], y=[[v * 1e200 for v in row] for row in CASES[0].y])
    for case in (stiff, huge, replace(CASES[0], y=[[v * 1e-200 for v in row] for row in CASES[0].y])):
        given = case.problem()
        found = log_evidence(given, ridge(given.gram, given.noise))
        assert all(inside(Ball(e).mid, Ball(e).rad, v) for e, v in zip(found, case.truth()["evidence"], strict=True))
        assert all(e.rel_accuracy_bits() > 20 for e in found)
    with pytest.raises(SpecError, match="not a number for time"):
        cg.predict(cg.kernel("gaussian"), [[0], [1]], [1, 2], [[0]], time=np.array([1, 2]))  # type: ignore[arg-type]


def test_residuals_hold_for_any_solution() -> None:
    """Nothing is trusted of the solver: with another matrix factorised the norms of the residuals still bound."""
    case = CASES[0]
    given = ridge(case.problem().gram, Fraction(1, 7))
    wrong = factor(ridge(case.problem().gram, Fraction(3)))
    found = solved(given, right_sides(case.joint[:8, 8:].copy()), wrong)
    M = [
        [Fraction(v) + (Fraction(1, 7) if i == j else 0) for j, v in enumerate(row)]
        for i, row in enumerate(case.joint[:8, :8].tolist())
    ]
    x = [Fraction(v) for v in found.solution[:, 0].tolist()]
    left = [
        Fraction(v) - sum(m * c for m, c in zip(row, x, strict=True))
        for v, row in zip(case.joint[:8, 8].tolist(), M, strict=True)
    ]
    assert sum(v * v for v in left) <= Fraction(float(found.norms[0])) ** 2
