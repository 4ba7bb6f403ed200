r"""Gradient flow at a time in float64, every rounding and radius accounted for.

.. math:: f_t(x^*) = k^{*T}\varphi_t(M)y, \qquad \varphi_t(\lambda) = (1 - e^{-\lambda t})/\lambda .

An approximate eigendecomposition :math:`MV \approx VD` gives the trajectory :math:`\tilde u(s) = V\varphi_s(D)q` of
:math:`u' = y - Mu`, whose defect is known: :math:`(y - Vq) - (MV - VD)\varphi_s(D)q`. With h(a) a bound of
:math:`|e^{-Ma}k^*|`,

.. math:: |k^{*T}(u - \tilde u)(t)| \le \int_0^t h(a)\,da \cdot \sup_{s\le t}|\mathrm{defect}(s)| .

V need not be orthogonal, nor D positive: nothing is trusted but the defect. Proof: ``docs/prediction.md``, section 3.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from fractions import Fraction

import numpy as np
from flint import arb, fmpq
from scipy.linalg import LinAlgError, eigh

from ...theory.errors import PrecisionExhausted
from ..balls.enclosure import float_above
from ..balls.ends import float_ball, upper_float
from ..balls.precision import precision
from ..balls.rounding import UNIT, gamma, norm_up, raised, up
from ..radial.elementary import EXP_ABSOLUTE, EXP_ERROR, LARGEST_EXPONENT, exp_minus
from .posterior import PANEL, Columns, Enclosed, residual
from .problem import Regression, Ridge
from .products import EXPONENTS, LOST, Floats, OutOfRange, column_norms, majorant, product, rounded, split, sums

BITS = 96
RATIO = 1.2
"""The ratio of consecutive nodes of the integral over time."""
LONGEST = 2.0**EXPONENTS
"""Longer times are refused: what grows with them would leave the range of float64."""
GROWTH = 512
"""So are those after which an eigenvalue that is not proved positive may have made more than e^512 of anything."""
SETTLED = 4096
"""After so many times 1/λ the limit is reached, up to what float64 does not show."""
FIRST = 0.05
"""The first node, in units of the shortest time scale."""


def settled(time: Fraction, lower: float, bits: int = 0) -> bool:
    r"""Whether :math:`\lambda t` is 4096 + bits and more: then the posterior is the prediction up to a share of
    :math:`e^{-\lambda t}`.

    >>> settled(Fraction(10**4), 0.5), settled(Fraction(10**4), 0.25), settled(Fraction(10**9), -1.0)
    (True, False, False)
    """
    return lower > 0 and time * Fraction(lower) >= SETTLED + bits


@dataclass(frozen=True, slots=True, eq=False)
class Modes:
    r"""An approximate eigendecomposition: ``vectors`` V (n, n), ``rates`` d >= 0 (n,); none of it is trusted.

    ``norm`` bounds :math:`\|V\|_2`, ``defect`` bounds :math:`\|MV - VD\|_2` for every M within its radii.
    """

    vectors: Floats
    rates: Floats
    norm: float
    defect: float


def modes(given: Ridge) -> Modes:
    """The modes of ``mid + diag(left)``, with bounds that hold for every member."""
    try:
        rates, vectors = eigh(given.mid)
    except (LinAlgError, ValueError):
        raise PrecisionExhausted("LAPACK found no eigenvectors of the kernel matrix: ask for bits = 128.") from None
    vectors, rates, n = np.ascontiguousarray(vectors), np.maximum(rates, 0.0), rates.size
    total = norm_up(vectors)
    gram = vectors.T @ vectors
    gram[np.diag_indices(n)] -= 1.0
    off = up(norm_up(gram) * (1.0 + 4.0 * UNIT) + up(gamma(n + 2) * total * total)) + up(4.0 * n * n * LOST)
    norm = up(math.sqrt(up(1.0 + off)))
    right = vectors * rates
    found, error = residual(given, vectors, Columns(right, np.zeros_like(right), rounded(right)))
    own = norm_up(sums(np.abs(found), error))
    return Modes(vectors, rates, norm, float_above(Fraction(own) + Fraction(given.norm) * Fraction(norm)))


def flow(problem: Regression, basis: Modes, time: Fraction, lower: float) -> Enclosed:
    r"""Enclosures of :math:`k^{*T}\varphi_t(M)y`, (t, o); ``lower`` <= the least eigenvalue of M, of any sign."""
    if time >= LONGEST or -Fraction(lower) * time > GROWTH:
        raise OutOfRange("the time leaves the range of float64: ask for bits = 128, or give time=None.")
    y, cross = problem.targets, problem.cross
    q, y_norms = coordinates(basis, y.leading, sums(np.abs(y.rest), y.error))
    p, k_norms = coordinates(basis, cross, np.zeros_like(cross))
    weights, doubt, whole = _weights(basis.rates, time, lower)
    c = weights[:, None] * q
    c_error = sums(rounded(c), doubt[:, None] * np.abs(q))
    c_norms = column_norms(sums(np.abs(c), c_error))
    # the mean of the approximate trajectory, in the basis
    g = product(split(np.ascontiguousarray(cross.T)), split(np.ascontiguousarray(basis.vectors.T)))
    g_mid = g.leading + g.rest
    g_error = sums(g.error, rounded(g_mid))
    main = product(split(g_mid), split(np.ascontiguousarray(c.T)))
    mid = main.leading + main.rest
    evaluation = sums(
        main.error,
        rounded(mid),
        majorant(g_error, sums(np.abs(c), c_error)),
        majorant(np.abs(g_mid), c_error),
    )
    # what the defect adds
    passed = passage(basis, p, k_norms, time, whole)
    defect = sums(y_norms, c_norms * basis.defect)
    trajectory = basis.vectors @ c
    size = sums(
        np.abs(trajectory), majorant(np.abs(basis.vectors), sums(c_error, np.abs(c) * (8.0 * UNIT * problem.n)))
    )
    radii = np.ascontiguousarray(problem.cross_radii.T)
    late = raised(np.multiply.outer(column_norms(radii.T) * whole + LOST, defect)) + LOST
    from_cross = sums(majorant(radii, size), late)
    return Enclosed(mid, sums(evaluation, raised(np.multiply.outer(passed, defect)) + LOST, from_cross))


def coordinates(basis: Modes, x: Floats, away: Floats) -> tuple[Floats, Floats]:
    r"""Any q with :math:`Vq \approx x`, and bounds of :math:`|x - Vq|` for members ``away`` from x: (n, c), (c,)."""
    v = basis.vectors
    rows = split(v)
    q = v.T @ x
    for last in (False, True):
        p = product(rows, split(np.ascontiguousarray(q.T)))
        first = x - p.leading
        found = first - p.rest
        if not last:
            q = q + v.T @ found
    return q, column_norms(sums(np.abs(found), p.error, rounded(first, found), away))


def _weights(rates: Floats, time: Fraction, lower: float) -> tuple[Floats, Floats, float]:
    r"""The weights :math:`\varphi_t(d_i)` with radii, and :math:`\varphi_t(\lambda)`, rounded upwards, at ``lower``."""
    with precision(BITS):
        t = arb(fmpq(time.numerator, time.denominator))
        pairs = [float_ball(growth(arb(d), t)) for d in rates.tolist()]
        return np.array([m for m, _ in pairs]), np.array([r for _, r in pairs]), upper_float(growth(arb(lower), t))


def growth(rate: arb, t: arb) -> arb:
    r"""The integral of :math:`e^{-\lambda s}` over [0, t] at an exact rate.

    >>> with precision(64):
    ...     float(growth(arb(0), arb(3))), round(float(growth(arb(2), arb(1))), 9)
    (3.0, 0.432332358)
    """
    return t if rate.is_zero() else -(-rate * t).expm1() / rate


def passage(basis: Modes, p: Floats, away: Floats, time: Fraction, whole: float) -> Floats:
    r"""Upper bounds of :math:`\int_0^t|e^{-Ma}k^*|da` for every member M, (t,).

    The norm of :math:`e^{-Da}p` is convex in a (its square is log-convex): the trapezoidal rule is an upper bound.
    """
    nodes = _nodes(float(basis.rates.max()), float_above(time))
    exponents = np.maximum(np.frexp(np.max(np.abs(p), axis=0, initial=0.0))[1], -EXPONENTS)
    squares = np.square(p * np.ldexp(1.0, -exponents)) + LOST  # of numbers up to 1
    norms = np.empty((nodes.size, p.shape[1]))
    for j in range(0, nodes.size, PANEL):
        slower = np.multiply.outer(nodes[j : j + PANEL], basis.rates) * (1.0 - 4.0 * UNIT)
        decay = exp_minus(np.minimum(slower, LARGEST_EXPONENT)) * (1.0 + 2.0 * EXP_ERROR) + 2.0 * EXP_ABSOLUTE
        norms[j : j + PANEL] = raised(np.sqrt(majorant(np.square(decay) + LOST, raised(squares))))
    steps = np.diff(nodes) * (1.0 + 4.0 * UNIT)
    integral = majorant(0.5 * steps[None, :], norms[:-1] + norms[1:])[0] * np.ldexp(1.0, exponents)
    share = sums(np.array(basis.norm), np.array(raised(basis.defect * whole)))
    total: Floats = raised((integral + LOST) * share + away * whole) + LOST
    return total


def _nodes(fastest: float, end: float) -> Floats:
    """Times from 0 to ``end``, first as fine as the fastest rate, then in a geometric progression."""
    first = FIRST / fastest if fastest > 0 else end
    if not first < end:
        return np.array([0.0, end])
    count = int(math.log(end / first) / math.log(RATIO)) + 1
    inner = first * RATIO ** np.arange(count, dtype=np.float64)
    return np.concatenate([[0.0], inner[inner < end], [end]])
