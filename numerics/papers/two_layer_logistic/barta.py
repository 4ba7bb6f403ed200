r"""A proved lower bound of the spectral gap in one dimension.

For every absolutely continuous f with f' > 0 almost everywhere, with density ρ of :math:`\mu_s` and mean m of f,

.. math:: \lambda_s\ge\frac s2\operatorname*{ess\,inf}_x\frac{f'(x)\rho(x)}{\int_x^\infty(f-m)\rho}

(Chen and Wang 1997; an elementary proof by Cauchy and Schwarz is in
docs/papers/two_layer_logistic/proofs.md, section 9). Here f' is quadratic on each cell of a core and a power on the two
tails; :math:`T(x)=\int_x^\infty(f-m)\rho` is summed in balls, and :math:`W=T/\rho`, which solves
:math:`W'=\tfrac2sL'W-(f-m)`, is compared with f' on whole cells through a bound of the second derivative of the
difference. f comes from the float eigenfunction; nothing is assumed of it.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import sympy
from flint import arb, arb_series

from ....theory.errors import DerivationGap
from ...balls.ball import enclose
from ...balls.precision import precision
from ...expressions.elementary.series import coefficient
from ...expressions.lowering import lower_series
from ...expressions.range import infimum, supremum
from .loss import Floats
from .quadrature import CellMoments
from .scalar import ScalarLoss

DEPTH = 30.0
"""The core holds the nodes where the density is at least exp(-DEPTH) of its maximum."""
REFINEMENTS = 4
WIDENINGS = (1.00002, 1.00005, 1.0001, 1.0003, 1.001, 1.003, 1.01, 1.05, 1.3)
SMOOTHINGS = 3
LIFT = 0.05
MAX_POWER = 2


@dataclass(frozen=True, eq=False)
class _Trial:
    """A trial function: ``cells`` (k, 3) coefficients of f' about the centres of the core's cells, tails, f at start.

    A tail is (c, ε, k): f' = c (1 + ε t)^k at the distance t beyond the core, k = 0, 1 or 2.
    """

    first: int
    last: int
    cells: Floats
    left: tuple[float, float, int]
    right: tuple[float, float, int]


@dataclass(frozen=True, eq=False)
class _Floats:
    """What the search for a trial function needs in float64: moments and log density."""

    nodes: Floats
    centres: Floats
    moments: Floats
    density: Floats


def gap_lower_bound(moments: CellMoments, eigenfunction: Floats, estimate: float) -> arb | None:
    """A proved positive lower bound of the gap; None when none was found.

    ``moments`` must hold orders 0 to 3, ``eigenfunction`` are values at the nodes, ``estimate`` a float near the gap.
    """
    drift = _drift_beyond(moments)
    if drift is None:
        return None
    trial = _search(moments, eigenfunction, estimate, drift)
    if trial is None:
        return None
    with precision(moments.bits):
        return _prove(moments, trial, estimate, drift)


# -- the search, in floats ----------------------------------------------------------


def _core(moments: CellMoments) -> tuple[int, int]:
    """First and last node of the core."""
    values = moments.loss.network().loss(moments.nodes[:, None, None])
    deep = np.flatnonzero(2 * (values - values.min()) / float(moments.step) <= DEPTH)
    return max(int(deep[0]) - 1, 1), min(int(deep[-1]) + 1, moments.nodes.size - 2)


def _drift_beyond(moments: CellMoments) -> tuple[arb, arb] | None:
    r"""Lower bounds of :math:`L'(x)-\lambda x` beyond the core on the right, and mirrored on the left."""
    first, last = _core(moments)
    slope = sympy.diff(moments.loss.data_term, _variable())
    low, high = (sympy.Rational(float(moments.nodes[k])) for k in (first, last))
    low, high = sympy.ceiling(low), sympy.floor(high)
    if not low < 0 < high:
        return None
    try:
        right = infimum(slope, high, sympy.oo, bits=40).upper
        left = supremum(slope, -sympy.oo, low, bits=40).upper
    except DerivationGap:
        return None
    return (-left, -right) if right.is_finite() and left.is_finite() else None


def _variable() -> sympy.Symbol:
    from ....theory.activations.functions import X

    return X


def _search(moments: CellMoments, eigenfunction: Floats, estimate: float, drift: tuple[arb, arb]) -> _Trial | None:
    nodes = moments.nodes
    values = moments.loss.network().loss(nodes[:, None, None])
    table = np.array([[float(x.mid()) for x in row] for row in moments.moments[:4]])
    centres = np.array([float(c) for c in moments.centres])
    offset = float(moments.offset.mid())
    floats = _Floats(nodes, centres, table, np.exp(-2 * (values - offset) / float(moments.step)))
    first, last = _core(moments)
    rise = eigenfunction[last] - eigenfunction[first]
    slopes = np.diff(eigenfunction) / np.diff(nodes) * np.sign(rise)
    cells = np.zeros((last - first, 3))
    cells[:, 0] = np.maximum(slopes[first:last], 1e-300)
    trial = _Trial(first, last, cells, (cells[0, 0], 0.0, 0), (cells[-1, 0], 0.0, 0))
    for _ in range(SMOOTHINGS):
        better = _smoothed(moments, floats, trial, estimate, drift)
        if better is None:
            return None
        trial = better
    return trial


def _float_values(floats: _Floats, trial: _Trial) -> tuple[Floats, Floats]:
    """f at the nodes of the core (0 at its first) and the integral of f over each cell of the core."""
    a, b = trial.first, trial.last
    t0, t1 = floats.nodes[a:b] - floats.centres[a:b], floats.nodes[a + 1 : b + 1] - floats.centres[a:b]
    c0, c1, c2 = trial.cells.T

    def primitive(t: Floats) -> Floats:
        return np.asarray(c0 * t + c1 * t**2 / 2 + c2 * t**3 / 3)

    height = np.concatenate([[0.0], np.cumsum(primitive(t1) - primitive(t0))])
    base = height[:-1] - primitive(t0)
    m = floats.moments[:, a:b]
    return height, base * m[0] + c0 * m[1] + c1 * m[2] / 2 + c2 * m[3] / 3


def _smoothed(
    moments: CellMoments, floats: _Floats, trial: _Trial, estimate: float, drift: tuple[arb, arb]
) -> _Trial | None:
    """One step of inverse iteration: f' becomes W, by quadratic interpolation on each cell."""
    a, b = trial.first, trial.last
    height, integral = _float_values(floats, trial)
    mass = floats.moments[0, a:b]
    mean = integral.sum() / mass.sum()
    centred = integral - mean * mass
    x, density = floats.nodes[a : b + 1], floats.density[a : b + 1]
    # the tails beyond the core, by the first term of Laplace's expansion
    forces = moments.loss.network().gradient(x[[0, -1], None, None]).ravel() * 2 / float(moments.step)
    if not forces[0] < 0 < forces[1]:
        return None
    rest = (-mean * density[0] / forces[0], (height[-1] - mean) * density[-1] / forces[1])
    beyond_right = np.concatenate([np.cumsum(centred[::-1])[::-1], [0.0]]) + rest[1]
    beyond_left = rest[0] - np.concatenate([[0.0], np.cumsum(centred)])
    quotient = np.where(height < mean, beyond_left, beyond_right) / density
    if not bool((quotient > 0).all()):
        return None
    # near the ends f' is raised a little: there it must dominate what the tails add, and weighs nothing elsewhere
    quotient *= 1 + LIFT * np.clip((-np.log(density) - DEPTH / 2) / (DEPTH / 2), 0.0, 1.0)
    width = np.diff(x)
    slope = np.diff(quotient) / width
    bend = np.zeros_like(quotient)
    bend[1:-1] = 2 * np.diff(slope) / (width[1:] + width[:-1])
    curve = (bend[1:] + bend[:-1]) / 2
    cells = np.stack([(quotient[1:] + quotient[:-1]) / 2 - curve * width**2 / 8, slope, curve / 2], axis=1)
    made = _Trial(a, b, cells, trial.left, trial.right)
    height, integral = _float_values(floats, made)
    mean = float(integral.sum() / mass.sum())
    left = _tail_slope(moments.loss, float(-x[0]), mean, estimate, float(drift[0]), float(moments.step))
    right = _tail_slope(
        moments.loss, float(x[-1]), float(height[-1]) - mean, estimate, float(drift[1]), float(moments.step)
    )
    if left is None or right is None:
        return None
    return _Trial(a, b, cells, left, right)


def _tail_slope(
    loss: ScalarLoss, reach: float, height: float, gap: float, drift: float, step: float
) -> tuple[float, float, int] | None:
    """(c, ε, k) for which f' dominates W on a tail; None when a polynomial of degree 2 cannot."""
    rate = float(loss.regularisation)
    push = rate * reach + drift
    if push <= 0:
        return None
    power = 0 if gap < rate else math.ceil(gap / rate) - 1
    bend = 2 * rate / push if power else 0.0
    room = push - power * bend * step / 2
    if room <= 0 or power > MAX_POWER:
        return None
    return max(height, 0.0) * gap / room * 1.02, bend, power


# -- the proof, in balls ------------------------------------------------------------


def _prove(moments: CellMoments, trial: _Trial, estimate: float, drift: tuple[arb, arb]) -> arb | None:
    a, b = trial.first, trial.last
    nodes = [arb(float(x)) for x in moments.nodes]
    cells = [tuple(arb(float(c)) for c in row) for row in trial.cells]
    heights = [arb(0)]
    bases: list[arb] = []
    for k, (c0, c1, c2) in enumerate(cells):
        if not _positive_on(c0, c1, c2, nodes[a + k], nodes[a + k + 1], moments.centres[a + k]):
            return None
        t0, t1 = nodes[a + k] - moments.centres[a + k], nodes[a + k + 1] - moments.centres[a + k]
        base = heights[-1] - _primitive(c0, c1, c2, t0)
        bases.append(base)
        heights.append(base + _primitive(c0, c1, c2, t1))
    tails = [(arb(c), arb(bend), power) for c, bend, power in (trial.left, trial.right)]
    integrals = [arb(0)] * len(moments.centres)
    for i in range(len(moments.centres)):
        m = [row[i] for row in moments.moments[:4]]
        if a <= i < b:
            c0, c1, c2 = cells[i - a]
            integrals[i] = bases[i - a] * m[0] + c0 * m[1] + c1 * m[2] / 2 + c2 * m[3] / 3
        else:
            sign = 1 if i >= b else -1
            start, level = (nodes[b], heights[-1]) if i >= b else (nodes[a], heights[0])
            t = sign * (moments.centres[i] - start)
            q1, q2, q3 = _rise(tails[1] if i >= b else tails[0])
            turned = [m[0], sign * m[1], m[2], sign * m[3]]
            value = q1 * (t * turned[0] + turned[1]) + q2 * (t * (t * turned[0] + 2 * turned[1]) + turned[2])
            value += q3 * (t * (t * (t * turned[0] + 3 * turned[1]) + 3 * turned[2]) + turned[3])
            integrals[i] = level * m[0] + sign * value
    outer = arb(0)
    for tail, start, level in ((tails[0], nodes[a], heights[0]), (tails[1], nodes[b], heights[-1])):
        q1, q2, q3 = _rise(tail)
        x = abs(start)
        far = [abs(level) + x * (q1 + x * (q2 + x * q3)), q1 + x * (2 * q2 + 3 * x * q3), q2 + 3 * x * q3, q3]
        outer += sum((p * q for p, q in zip(far, moments.tails[:4], strict=True)), arb(0))
    total = sum(integrals, arb(0)) + arb(0, outer.upper())
    mean = total / moments.mass
    centred = [q - mean * m0 for q, m0 in zip(integrals, moments.moments[0], strict=True)]
    loose = arb(0, (outer + abs(mean) * moments.tails[0]).upper())
    right = [loose]
    for q in reversed(centred):
        right.append(right[-1] + q)
    right.reverse()
    left = [-loose]
    for q in centred:
        left.append(left[-1] - q)
    series = lower_series(moments.loss.expression)
    factor = 2 / enclose(moments.step)
    quotients = []
    for k in range(a, b + 1):
        density = (-factor * (coefficient(series(arb_series([nodes[k]], prec=1)), 0) - moments.offset)).exp()
        best = left[k] if bool(left[k].rad() < right[k].rad()) else right[k]
        quotients.append(best / density)
    shifted = [h - mean for h in heights]
    for widening in WIDENINGS:
        gap = arb(estimate) / arb(widening)
        tails_hold = _tails_hold(moments, nodes[a], nodes[b], shifted, tails, gap, drift)
        if tails_hold and _holds(moments, nodes[a : b + 1], cells, shifted, quotients, series, gap):
            return arb(gap.lower())
    return None


def _rise(tail: tuple[arb, arb, int]) -> tuple[arb, arb, arb]:
    """The coefficients of t, t², t³ in the integral of c (1 + ε t)^k."""
    c, bend, power = tail
    return c, c * bend * power / 2, c * bend * bend * power * (power - 1) / 6


def _primitive(c0: arb, c1: arb, c2: arb, t: arb) -> arb:
    return t * (c0 + t * (c1 / 2 + t * c2 / 3))


def _positive_on(c0: arb, c1: arb, c2: arb, lo: arb, hi: arb, centre: arb) -> bool:
    t = (lo - centre).union(hi - centre)
    return bool(c0 + t * (c1 + c2 * t) > 0)


def _holds(
    moments: CellMoments,
    nodes: list[arb],
    cells: list[tuple[arb, ...]],
    shifted: list[arb],
    quotients: list[arb],
    series: object,
    gap: arb,
) -> bool:
    """Whether W <= ω f' on every cell of the core, ω = s/(2 gap)."""
    factor = 2 / enclose(moments.step)
    omega = 1 / (factor * gap)
    offset = int(np.searchsorted(moments.nodes, float(nodes[0])))
    for k, (lo, hi) in enumerate(pairwise(nodes)):
        c0, c1, c2 = cells[k]
        centre = moments.centres[offset + k]
        h = hi - lo
        box = lo.union(hi)
        t = box - centre
        over = series(arb_series([box, 1], prec=3))  # type: ignore[operator]  # a lowered function of flint, untyped
        slope, bend = coefficient(over, 1), 2 * coefficient(over, 2)
        f = shifted[k].union(shifted[k + 1])  # f is increasing
        rise = c0 + t * (c1 + c2 * t)
        growth = (factor * abs(slope) * h).upper().exp()
        size = growth * (abs(quotients[k + 1]) + h * abs(f))
        w = arb(0, size.upper())
        second = factor * (bend * w + slope * (factor * slope * w - f)) - rise
        for _ in range(REFINEMENTS):
            reach = second.abs_upper()
            w = quotients[k].union(quotients[k + 1]) + arb(0, (h * h / 8 * reach).upper())
            first = (quotients[k + 1] - quotients[k]) / h + arb(0, (h / 2 * reach).upper())
            second = factor * (bend * w + slope * first) - rise
        excess = (h * h / 8 * abs(second - 2 * omega * c2)).upper()
        for x, q in ((lo, quotients[k]), (hi, quotients[k + 1])):
            u = x - centre
            if not q - omega * (c0 + u * (c1 + c2 * u)) + excess <= 0:
                return False
    return True


def _tails_hold(
    moments: CellMoments,
    low: arb,
    high: arb,
    shifted: list[arb],
    tails: list[tuple[arb, arb, int]],
    gap: arb,
    drift: tuple[arb, arb],
) -> bool:
    """Whether S = ω f' satisfies S' <= (2/s) L' S - (f - m) on both tails: conditions on a polynomial in 1 + ε t."""
    rate, s = enclose(moments.loss.regularisation), enclose(moments.step)
    for (c, bend, power), reach, height, push in (
        (tails[0], -low, -shifted[0], drift[0]),
        (tails[1], high, shifted[-1], drift[1]),
    ):
        force = rate * reach + push
        at_start = c * force / gap - height - c * power * bend * s / (2 * gap)
        if not (c > 0 and at_start >= 0 and rate * (power + 1) >= gap):
            return False
        if power and not (bend > 0 and force - rate / bend >= power * bend * s / 2):
            return False
    return True
