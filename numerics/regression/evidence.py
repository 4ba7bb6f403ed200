r"""The log marginal likelihood of a Gaussian process, enclosed.

.. math:: \log p(y) = -\tfrac12y^TM^{-1}y - \tfrac12\log\det M - \tfrac n2\log2\pi, \qquad M = K + \sigma^2I .

The determinant comes from an approximate factor: if :math:`M = LDL^T + E`, :math:`\|E\| \le \delta` and
:math:`\lambda_{\min}(M) \ge \lambda > \delta`, then the logarithms of the determinants differ by at most
:math:`-n\log(1-\delta/\lambda)`. Proof: ``docs/prediction.md``, section 4.
"""

from __future__ import annotations

from fractions import Fraction

import numpy as np
from flint import arb, fmpq

from ...theory.errors import PrecisionExhausted
from ..balls.ends import between as hull
from ..balls.precision import precision
from ..balls.rounding import UNIT, raised, up
from ..eigenvalues.ldlt import ldlt, norm_bound, shifted
from ..eigenvalues.residual import residual_norm
from .attempts import WIDE, sharpest
from .posterior import Columns, factor, last_term, solved
from .posterior_balls import posterior_balls
from .problem import GUARD, NotDefinite, Regression, Ridge, balls_of, require_definite, spectrum, with_noise
from .products import LOST, OutOfRange, row_products, split, sums

BITS = 96


def log_evidence(problem: Regression, given: Ridge, *, bits: int | None = None) -> list[arb]:
    """The log marginal likelihood of each output, as balls.

    Without ``bits`` float64 is tried first, and balls as for a prediction.

    Raises :class:`NotDefinite` where K + noise·I is not proved positive definite, and :class:`PrecisionExhausted` where
    the radii of its entries leave nothing of the determinant.
    """
    if bits is not None:
        return _joined(problem.n, bits, *_in_balls(problem, given, bits))
    return sharpest(
        problem,
        lambda: _joined(problem.n, BITS, *_in_floats(problem, given)),
        lambda p: _joined(problem.n, p, *_in_balls(problem, given, p)),
        _wide,
    )


def _joined(n: int, bits: int, determinant: arb, forms: list[arb]) -> list[arb]:
    with precision(bits):
        constant = n * (2 * arb.pi()).log()
        found = [-(form + determinant + constant) / 2 for form in forms]
    if not all(value.is_finite() for value in found):
        raise OutOfRange("the likelihood leaves the range of float64: scale kernel and targets, or ask for bits = 128.")
    return found


def _wide(found: list[arb]) -> bool:
    return bool(max(v.rad() for v in found) > WIDE * max(abs(v.mid()) for v in found))


def _in_floats(problem: Regression, given: Ridge) -> tuple[arb, list[arb]]:
    lower = require_definite(spectrum(problem, given), problem)
    proof = factor(given)
    norm = None if proof is None else residual_norm(given.mid, proof)
    if proof is None or norm is None:
        raise NotDefinite("K + noise·I has no factor in float64: ask for bits = 128, or give more noise.")
    y = problem.targets
    x = solved(given, Columns(y.leading, y.rest, y.error), proof)
    rows = split(np.ascontiguousarray(x.solution.T))
    main = row_products(split(np.ascontiguousarray(y.leading.T)), rows)
    other = ((y.rest + x.residual) * x.solution).sum(axis=0)
    size = np.abs(x.solution)
    lost = (size * sums(x.error, y.error, given.spread(size))).sum(axis=0)
    lost = lost + (size * (np.abs(y.rest) + np.abs(x.residual))).sum(axis=0) * (8.0 * UNIT * problem.n)
    radius = sums(main.error, raised(lost * up(1.0 + 4.0 * problem.n * UNIT)) + 8.0 * problem.n * LOST)
    above = last_term(x.norms, x.norms, lower)
    with precision(BITS):
        forms = [
            arb(a) + arb(b) + arb(c) + arb(0, r) + hull(arb(0), arb(q))
            for a, b, c, r, q in zip(main.leading, main.rest, other, radius, above, strict=True)
        ]
        pivots = [arb(v) for v in np.diagonal(proof.factor).tolist()]
        # the factor is that of the matrix whose diagonal is one float below that of ``mid``
        down = float(np.max(np.diagonal(given.mid) - np.nextafter(np.diagonal(given.mid), -np.inf)))
        distance = arb(norm) + arb(given.whole_norm) + arb(down) * (1 + arb(2) ** -50)
        return 2 * _sum_of_logs(pivots) + _gap(distance, arb(lower), problem.n), forms


def _in_balls(problem: Regression, given: Ridge, bits: int) -> tuple[arb, list[arb]]:
    known = spectrum(problem, given, bits=bits)
    lower = require_definite(known, problem)
    forms = posterior_balls(problem, known, bits).fit.entries()
    with precision(bits + GUARD):
        matrix = with_noise(balls_of(problem, bits + GUARD).gram, problem.noise)
        found = ldlt(matrix, Fraction(0), bits + GUARD)
        if found is None or not found.positive:
            raise NotDefinite("K + noise·I has no factor at this precision: ask for more bits, or give more noise.")
        low = found.lower_factor
        weighted = [[x * d for x, d in zip(row, found.pivots, strict=True)] for row in low.table()]
        error = norm_bound(shifted(matrix, Fraction(0)) - type(low)(weighted) * low.transpose())
        if error is None:
            raise PrecisionExhausted("an entry of the kernel matrix is not finite: ask for more bits.")
        distance = arb(fmpq(error.numerator, error.denominator))
        return _sum_of_logs(list(found.pivots)) + _gap(distance, arb(lower), problem.n), list(forms)


def _sum_of_logs(values: list[arb]) -> arb:
    return sum((v.log() for v in values), arb(0))


def _gap(distance: arb, lower: arb, n: int) -> arb:
    share = (distance / lower).upper()
    if not share < 1:
        raise PrecisionExhausted("the radii of the entries leave nothing of the determinant: ask for more bits.")
    return arb(0, (-n * (1 - share).log()).upper())
