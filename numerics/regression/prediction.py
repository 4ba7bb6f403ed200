"""Predictions of a regression: in float64 with proved radii, and in balls where these are too wide or prove nothing."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction

import numpy as np
from flint import arb_mat

from ..balls.enclosure import Enclosure
from ..balls.ends import float_ball
from ..balls.precision import precision
from ..balls.rounding import require_ieee_arithmetic
from .attempts import WIDE, sharpest
from .flow import flow, modes, settled
from .flow_balls import flow_balls, remainder
from .posterior import Columns, Enclosed, columns, factor, mean, not_negative, solved, variance
from .posterior_balls import posterior_balls
from .problem import GUARD, Regression, Ridge, balls_of, require_definite, ridge, spectrum
from .products import LOST, OutOfRange, finite, sums

CHUNK = 1024
"""Test points that are dealt with at a time in float64."""
SOLUTION = "a solution, its residual, and the least eigenvalue of K + noise·I"


@dataclass(frozen=True, slots=True, eq=False)
class Predicted:
    """Means (t, o) and variances (t,), None with a time; ``method`` says how, ``spectrum`` what M was proved to be.

    ``balls`` and ``variance_balls`` hold the same at more digits where they were computed so.
    """

    mean: Enclosed
    variance: Enclosed | None
    method: str
    spectrum: Enclosure
    balls: arb_mat | None = None
    variance_balls: arb_mat | None = None


def predict(problem: Regression, time: Fraction | None = None, *, bits: int | None = None) -> Predicted:
    """The posterior, or the gradient flow at a ``time``; in balls of ``bits`` where these are given.

    Without ``bits``: float64, and balls where they can be sharper, there are at most 400 points, and float64 gives
    radii above a millionth of the largest mean, or no proof that K + noise·I is positive definite.

    Raises :class:`NotDefinite` where that matrix is not proved positive definite and ``time`` is None.
    """
    require_ieee_arithmetic()
    given = ridge(problem.gram, problem.noise)
    if time == 0:
        zero = np.zeros((problem.prior.size, problem.targets.outputs))
        return Predicted(Enclosed(zero, zero), None, "at time 0 nothing has been learnt", spectrum(problem, given))
    if bits is not None:
        return _in_balls(problem, given, time, bits)
    return sharpest(
        problem,
        lambda: _in_floats(problem, given, time),
        lambda p: _in_balls(problem, given, time, p),
        lambda found: not problem.targets.zero and _wide(found.mean),
    )


def _wide(mean: Enclosed) -> bool:
    return float(mean.rad.max()) > WIDE * float(np.abs(mean.mid).max())


def _in_floats(problem: Regression, given: Ridge, time: Fraction | None) -> Predicted:
    known = spectrum(problem, given)
    means, variances = [], []
    late = time is not None and settled(time, known.lower)
    if late or time is None:
        lower = require_definite(known, problem)
        proof, y = factor(given), problem.targets
        of_targets = solved(given, Columns(y.leading, y.rest, y.error), proof)
        for part in _parts(problem):
            of_tests = solved(given, columns(part.cross), proof, part.cross_radii)
            limit = mean(part, given, of_targets, of_tests, lower)
            means.append(Enclosed(limit.mid, sums(limit.rad, np.array(LOST))) if late else limit)
            if not late:
                variances.append(variance(part, given, of_tests, lower))
        method = f"float64: {SOLUTION}"
    else:
        basis = modes(given)
        means = [flow(part, basis, time, known.lower) for part in _parts(problem)]
        method = "float64: approximate eigenvectors, and the defect of their trajectory"
    joined = _joined(means)
    spread = _joined(variances) if variances else None
    if not all(finite(x) for x in (*joined, *(spread or ()))):
        raise OutOfRange("the enclosures leave the range of float64: scale kernel and targets, or ask for bits = 128.")
    return Predicted(joined, spread, method, known)


def _in_balls(problem: Regression, given: Ridge, time: Fraction | None, bits: int) -> Predicted:
    known = spectrum(problem, given, bits=bits)
    if time is None:
        found = posterior_balls(problem, known, bits)
        variances = found.variance
        spread = Enclosed(*(x[:, 0] for x in floats(variances)))
        if problem.kernel:
            low, high = spread.mid - spread.rad, spread.mid + spread.rad
            spread = not_negative(np.nextafter(low, -np.inf), np.nextafter(high, np.inf))
        return Predicted(floats(found.mean), spread, f"balls at {bits} bits: {SOLUTION}", known, found.mean, variances)
    if settled(time, known.lower, bits):
        limit, work = posterior_balls(problem, known, bits).mean, bits + GUARD
        with precision(work):
            balls = limit + remainder(balls_of(problem, work).cross, problem.targets.balls(), time, known.lower)
        return Predicted(floats(balls), None, f"balls at {bits} bits: {SOLUTION}", known, balls)
    balls = flow_balls(problem, time, known.lower, bits)
    return Predicted(floats(balls), None, f"balls at {bits} bits: scaling and squaring", known, balls)


def _parts(problem: Regression) -> Iterator[Regression]:
    for i in range(0, problem.prior.size, CHUNK):
        yield problem.part(slice(i, i + CHUNK))


def _joined(parts: list[Enclosed]) -> Enclosed:
    return Enclosed(np.concatenate([p.mid for p in parts]), np.concatenate([p.rad for p in parts]))


def floats(balls: arb_mat) -> Enclosed:
    """The float64 view of a matrix of balls, rounded outwards; :class:`PrecisionExhausted` where one is not finite."""
    pairs = np.array([float_ball(x) for x in balls.entries()]).reshape(balls.nrows(), balls.ncols(), 2)
    if not finite(pairs):
        raise OutOfRange("the enclosures leave the range of float64: scale kernel and targets, or ask for more bits.")
    return Enclosed(pairs[..., 0].copy(), pairs[..., 1].copy())
