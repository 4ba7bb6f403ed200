"""Wrong regressions, planted in the formulas: mpmath's solution falls out of what they enclose.

A failure means that a dropped residual, a wrong noise, sign or radius would go unseen, and with it false predictions.
"""

from __future__ import annotations

import inspect
import textwrap
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from fractions import Fraction
from types import FunctionType

import mpmath
import numpy as np
import pytest
from flint import arb_mat

from certigram.numerics.balls.ball import Ball
from certigram.numerics.regression import (
    evidence,
    expansion,
    flow,
    flow_balls,
    posterior,
    posterior_balls,
    problem,
    products,
)
from certigram.numerics.regression import prediction as whole
from certigram.numerics.regression.products import Floats

from ..numerics.regression_oracle import Case, all_inside, inside, random_signs, spectral_case

EXACT = spectral_case(1, 8, 3, 1e9, 0.0, Fraction(1, 10**6))
STEEP = spectral_case(2, 8, 3, 1e13, 0.0, Fraction(0))
BALLS = spectral_case(3, 8, 3, 1e2, 1e-9, Fraction(1, 7))
POOR = spectral_case(4, 8, 3, 10.0, 0.0, Fraction(0))
LATE = Fraction(20)


@contextmanager
def changed(function: FunctionType, old: str, new: str) -> Iterator[None]:
    """The function with one place of its source changed: whoever imported it runs the changed code."""
    source = textwrap.dedent(inspect.getsource(function))
    assert source.count(old) == 1, f"{old!r} stands {source.count(old)} times in {function.__name__}"
    made: dict[str, FunctionType] = {}
    exec(compile(source.replace(old, new), function.__module__, "exec"), function.__globals__, made)  # type: ignore[arg-type]
    code = function.__code__
    function.__code__ = made[function.__name__].__code__
    try:
        yield
    finally:
        function.__code__ = code


def _members(case: Case) -> list[np.ndarray | None]:
    return [None, *([random_signs(s, len(case.joint)) for s in range(4)] if case.radius.any() else [])]


def _means(case: Case, time: Fraction | None, bits: int | None) -> bool:
    given = case.problem()
    found = whole.predict(given, time, bits=bits)
    return all(all_inside(*found.mean, case.truth(s, time)["mean"]) for s in _members(case))


def _variances(case: Case, bits: int | None) -> bool:
    found = whole.predict(case.problem(), bits=bits).variance
    assert found is not None
    return all(all_inside(*found, case.truth(s)["variance"]) for s in _members(case))


def _evidence(case: Case, bits: int | None) -> bool:
    given = case.problem()
    found = evidence.log_evidence(given, problem.ridge(given.gram, given.noise), bits=bits)
    return all(
        inside(Ball(b).mid, Ball(b).rad, v)
        for s in _members(case)
        for b, v in zip(found, case.truth(s)["evidence"], strict=True)
    )


def in_floats() -> bool:
    """Means, variances, evidence in float64."""
    cases = (EXACT, STEEP, BALLS)
    return all(_means(c, None, None) and _variances(c, None) and _evidence(c, None) for c in cases)


def in_balls() -> bool:
    """The same in balls."""
    return all(_means(c, None, 128) and _variances(c, 128) and _evidence(c, 128) for c in (EXACT, BALLS))


def at_a_time() -> bool:
    """Gradient flow in float64."""
    return all(_means(c, t, None) for c in (EXACT, BALLS) for t in (LATE, Fraction(1, 3)))


def scaled() -> bool:
    """Gradient flow in balls."""
    return all(_means(c, t, 64) for c in (EXACT, BALLS) for t in (LATE, Fraction(1, 3)))


def with_a_poor_solver() -> bool:
    """Means and variances where the solutions are those of another matrix: all rests on the quadratic term."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(posterior, "REFINEMENTS", 0)
        patch.setattr(whole, "WIDE", np.inf)
        patch.setattr(whole, "factor", lambda given: posterior.factor(problem.ridge(POOR.problem().gram, Fraction(3))))
        return _means(POOR, None, None) and _variances(POOR, None)


def with_an_unrefined_solver() -> bool:
    """Evidence whose solution keeps the residual of one solve, thousands of radii, whatever the processor rounds."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(posterior, "REFINEMENTS", 0)
        return _evidence(EXACT, None)


def with_radii_of_the_matrix_alone() -> bool:
    """Variances and evidence without targets at the vertices that pull all entries the same way."""
    joint, n = BALLS.joint, BALLS.n
    radius = np.zeros_like(joint)
    radius[:n, :n] = 1e-9
    inverse = np.linalg.inv(joint[:n, :n] + float(BALLS.noise) * np.eye(n))
    z = inverse @ joint[:n, n]
    case = Case(joint, n, radius, [[0.0]] * n, BALLS.noise)
    given = case.problem()
    found = whole.predict(given).variance
    assert found is not None
    good = True
    for pull in (np.multiply.outer(z, z), inverse):
        signs = np.zeros(joint.shape, dtype=np.int64)
        signs[:n, :n] = np.sign(pull)
        truth = case.truth(signs)
        good = good and all_inside(*found, truth["variance"])
        for bits in (None, 128):
            (e,) = evidence.log_evidence(given, problem.ridge(given.gram, given.noise), bits=bits)
            good = good and inside(Ball(e).mid, Ball(e).rad, truth["evidence"][0])
    return good


def after_long_times() -> bool:
    """The limit in place of a prediction at a time: never too early, and never without what it is off by."""
    (found,) = flow_balls.remainder(arb_mat([[3]]), arb_mat([[2]]), Fraction(2), 0.25).entries()
    attained = 6 * mpmath.exp(-0.5) / 0.25
    with pytest.MonkeyPatch.context() as patch:
        early = _means(POOR, LATE, None)
        patch.setattr(whole, "settled", lambda time, lower, bits: True)
        return inside(0, Ball(found).rad, attained) and early and _means(POOR, LATE, 128)


def of_tiny_rows() -> bool:
    """Products of rows below 2^-300."""
    good = True
    for a, b in ((2.0**-310 + 2.0**-330, 0.1), (2.0**-800, 3.0 * 2.0**-801)):
        p = products.product(*(products.split(np.array([[x, x]])) for x in (a, b)))
        off = 2 * Fraction(a) * Fraction(b) - Fraction(float(p.leading[0, 0])) - Fraction(float(p.rest[0, 0]))
        good = good and abs(off) <= Fraction(float(p.error[0, 0]))
    return good


Mutant = tuple[Callable[[], bool], FunctionType, str, str]
MUTANTS: dict[str, Mutant] = {
    "noise forgotten": (in_floats, problem.ridge, "Fraction(x) + noise", "Fraction(x)"),
    "noise doubled": (in_floats, problem.ridge, "Fraction(x) + noise", "Fraction(x) + 2 * noise"),
    "what rounding cut off the diagonal": (in_floats, posterior.residual, "second + small", "second"),
    "noise forgotten in balls": (in_balls, problem.with_noise, "total[i, i] + c", "total[i, i]"),
    "residual of the mean dropped": (in_floats, posterior.mean, "main.rest + correction", "main.rest"),
    "residual of the mean subtracted": (in_floats, posterior.mean, "main.rest + correction", "main.rest - correction"),
    "quadratic term of the mean dropped": (with_a_poor_solver, posterior.mean, "linear, quadratic)", "linear)"),
    "linear term of the mean dropped": (in_floats, posterior.mean, "linear, quadratic)", "quadratic)"),
    "rest of the product dropped": (in_floats, posterior.mean, "main.rest + correction", "correction"),
    "radii of k* dropped": (in_floats, posterior.variance, "2.0 * problem.cross_radii", "0.0 * problem.cross_radii"),
    "radii of K dropped": (with_radii_of_the_matrix_alone, posterior.variance, "given.spread(size), ", ""),
    "variance with the wrong sign": (in_floats, posterior.variance, "second - correction", "second + correction"),
    "variance added": (in_floats, posterior.variance, "problem.prior - main", "problem.prior + main"),
    "quadratic term of the variance dropped": (with_a_poor_solver, posterior.variance, "mid - below", "mid - radius"),
    "posterior residual dropped in balls": (in_balls, posterior_balls._posterior, "+ z.transpose() * r", ""),
    "variance residual dropped in balls": (in_balls, posterior_balls._posterior, "- a - b -", "- a -"),
    "long times: settled too early": (after_long_times, flow.settled, "SETTLED + bits", "1 + bits"),
    "long times: another rate": (after_long_times, flow_balls.remainder, "(-rate *", "(-2 * rate *"),
    "long times: not over the eigenvalue": (after_long_times, flow_balls.remainder, ".exp() / rate", ".exp()"),
    "long times: nothing remains": (after_long_times, whole._in_balls, "limit + remainder", "limit + 0 * remainder"),
    "tiny rows: scaled by another power": (of_tiny_rows, products.split, "ldexp(1.0, -exp", "ldexp(2.0, -exp"),
    "tiny rows: rest dropped": (of_tiny_rows, products.product, "rest = left.rest", "rest = 0 * left.rest"),
    "tiny rows: underflow of the error": (of_tiny_rows, products._error, "* scale) + LOST", "* scale)"),
    "evidence: form halved": (in_floats, evidence._joined, "form + determinant", "form / 2 + determinant"),
    "evidence: determinant of the factor alone": (in_floats, evidence._in_floats, "2 * _sum_of_logs", "_sum_of_logs"),
    "evidence: residual dropped": (with_an_unrefined_solver, evidence._in_floats, "arb(b) + arb(c)", "arb(b)"),
    "evidence: gap of the determinant": (with_radii_of_the_matrix_alone, evidence._gap, "-n *", "0 *"),
    "flow: weights of another time": (at_a_time, flow.growth, "-rate * t", "-rate * t / 2"),
    "flow: defect of the modes dropped": (at_a_time, flow.flow, "y_norms, c_norms * basis.defect", "y_norms"),
    "flow: radii of k* dropped": (at_a_time, flow.flow, "+ LOST, from_cross))", "+ LOST))"),
    "flow in balls: squares not squared": (scaled, flow_balls._doubled, "state.decay * state.decay", "state.decay"),
    "flow in balls: step not added": (scaled, flow_balls._doubled, "state.flow + state.decay", "state.decay"),
    "flow in balls: radii of K dropped": (scaled, flow_balls.flow_balls, "(e + radius * v)", "(e + 0 * v)"),
    "flow in balls: signs of the series": (scaled, flow_balls._start, "(-tau / k)", "(tau / k)"),
}  # fmt: skip


@pytest.mark.parametrize(
    "check",
    [
        in_floats,
        in_balls,
        at_a_time,
        scaled,
        with_a_poor_solver,
        with_an_unrefined_solver,
        with_radii_of_the_matrix_alone,
        after_long_times,
        of_tiny_rows,
    ],
)
def test_the_formulas_as_they_are(check: Callable[[], bool]) -> None:
    assert check()


@pytest.mark.parametrize("name", MUTANTS)
def test_a_wrong_formula_is_noticed(name: str) -> None:
    check, function, old, new = MUTANTS[name]
    with changed(function, old, new):
        assert not check()


def test_an_expansion_with_another_sign_is_noticed() -> None:
    from certigram.numerics.kernels.ballarray import BallArray

    cross = BallArray(np.array([[1.0], [0.5]]), 1e-9)
    coefficients: Floats = np.array([[0.1], [0.3]])
    truth = Fraction(0.1) + Fraction(0.3) / 2 - Fraction(1, 10)
    good = expansion.expansion(cross, coefficients, np.array([-0.1]))
    assert abs(truth - Fraction(float(good.mid[0, 0]))) <= Fraction(float(np.max(good.rad)))
    with changed(expansion.expansion, "main.leading + offset", "main.leading - offset"):
        bad = expansion.expansion(cross, coefficients, np.array([-0.1]))
    assert abs(truth - Fraction(float(bad.mid[0, 0]))) > Fraction(float(np.max(bad.rad)))
