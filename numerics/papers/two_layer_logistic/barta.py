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
from collections.abc import Callable
from dataclasses import dataclass
from itertools import accumulate, pairwise

import numpy as np
import sympy
from flint import arb, arb_series

from ....theory.activations.functions import X
from ....theory.errors import DerivationGap
from ...balls.ball import enclose
from ...balls.precision import precision
from ...expressions.elementary.series import coefficient
from ...expressions.lowering import lower_series
from ...expressions.range import infimum, supremum
from .loss import Floats
from .quadrature import CellMoments

DEPTH = 30.0
"""The core holds the nodes where the density is at least exp(-DEPTH) of its maximum."""
REFINEMENTS = 4
WIDENINGS = (1.00002, 1.00005, 1.0001, 1.0003, 1.001, 1.003, 1.01, 1.05, 1.3)
SMOOTHINGS = 3
LIFT = 0.05
MAX_POWER = 2


Cell = tuple[arb, arb, arb]
"""Coefficients of a quadratic f' about the centre of a cell, or of a cubic without constant term."""
BallTail = tuple[arb, arb, int]
Tail = tuple[float, float, int]
"""(c, ε, k): f' = c (1 + ε t)^k at the distance t beyond the core, k = 0, 1 or 2."""


@dataclass(frozen=True, eq=False)
class _Core:
    """The cells where the density counts, in float64: the search needs no more.

    ``nodes`` (k+1,), ``density`` (k+1,) at them, ``centres`` (k,) and ``moments`` (4, k) of the cells; ``first`` and
    ``last`` are the places of the end nodes in the whole grid.
    """

    first: int
    last: int
    nodes: Floats
    density: Floats
    centres: Floats
    moments: Floats


@dataclass(frozen=True, eq=False)
class _Trial:
    """A trial function: ``cells`` (k, 3) coefficients of f' about the centres of the core's cells, and two tails."""

    cells: Floats
    tails: tuple[Tail, Tail]


def gap_lower_bound(moments: CellMoments, eigenfunction: Floats, estimate: float) -> arb | None:
    """A proved positive lower bound of the gap; None when none was found.

    ``moments`` must hold orders 0 to 3, ``eigenfunction`` are values at the nodes, ``estimate`` a float near the gap.
    """
    core = _core(moments)
    drift = _drift_beyond(moments, core)
    trial = None if drift is None else _search(moments, core, eigenfunction, estimate, drift)
    if drift is None or trial is None:
        return None
    with precision(moments.bits):
        return _prove(moments, core, trial, estimate, drift)


# -- the search, in floats ----------------------------------------------------------


def _core(moments: CellMoments) -> _Core:
    values, step = moments.loss.network().loss(moments.nodes[:, None, None]), float(moments.step)
    deep = np.flatnonzero(2 * (values - values.min()) / step <= DEPTH)
    a, b = max(int(deep[0]) - 1, 1), min(int(deep[-1]) + 1, moments.nodes.size - 2)
    density = np.exp(-2 * (values[a : b + 1] - float(moments.offset.mid())) / step)
    table = np.array([[float(x.mid()) for x in row[a:b]] for row in moments.moments[:4]])
    return _Core(a, b, moments.nodes[a : b + 1], density, np.array([float(c) for c in moments.centres[a:b]]), table)


def _drift_beyond(moments: CellMoments, core: _Core) -> tuple[arb, arb] | None:
    r"""Lower bounds of :math:`L'(x)-\lambda x` beyond the core on the right, and mirrored on the left."""
    slope = sympy.diff(moments.loss.data_term, X)
    low, high = math.ceil(core.nodes[0]), math.floor(core.nodes[-1])
    if not low < 0 < high:
        return None
    try:
        right = infimum(slope, sympy.Integer(high), sympy.oo, bits=40).upper
        left = supremum(slope, -sympy.oo, sympy.Integer(low), bits=40).upper
    except DerivationGap:
        return None
    return (-left, -right) if right.is_finite() and left.is_finite() else None


def _search(
    moments: CellMoments, core: _Core, eigenfunction: Floats, estimate: float, drift: tuple[arb, arb]
) -> _Trial | None:
    values = eigenfunction[core.first : core.last + 1]
    slopes = np.diff(values) / np.diff(core.nodes) * np.sign(values[-1] - values[0])
    cells = np.zeros((slopes.size, 3))
    cells[:, 0] = np.maximum(slopes, 1e-300)
    trial = None
    for _ in range(SMOOTHINGS):
        trial = _smoothed(moments, core, cells, estimate, drift)
        if trial is None:
            return None
        cells = trial.cells
    return trial


def _float_values(core: _Core, cells: Floats) -> tuple[Floats, Floats]:
    """f at the nodes of the core (0 at its first) and the integral of f over each cell of the core."""
    c0, c1, c2 = cells.T

    def primitive(t: Floats) -> Floats:
        return np.asarray(c0 * t + c1 * t**2 / 2 + c2 * t**3 / 3)

    start = primitive(core.nodes[:-1] - core.centres)
    height = np.concatenate([[0.0], np.cumsum(primitive(core.nodes[1:] - core.centres) - start)])
    m = core.moments
    return height, (height[:-1] - start) * m[0] + c0 * m[1] + c1 * m[2] / 2 + c2 * m[3] / 3


def _smoothed(
    moments: CellMoments, core: _Core, cells: Floats, estimate: float, drift: tuple[arb, arb]
) -> _Trial | None:
    """One step of inverse iteration: f' becomes W, by quadratic interpolation on each cell."""
    height, integral = _float_values(core, cells)
    x, density, mass = core.nodes, core.density, core.moments[0]
    mean = integral.sum() / mass.sum()
    centred = integral - mean * mass
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
    bend = np.pad(2 * np.diff(slope) / (width[1:] + width[:-1]), 1)
    curve = (bend[1:] + bend[:-1]) / 2
    smooth = np.stack([(quotient[1:] + quotient[:-1]) / 2 - curve * width**2 / 8, slope, curve / 2], axis=1)
    height, integral = _float_values(core, smooth)
    mean = float(integral.sum() / mass.sum())
    left, right = (
        _tail_slope(moments, float(reach), float(rise), estimate, float(push))
        for reach, rise, push in ((-x[0], mean, drift[0]), (x[-1], height[-1] - mean, drift[1]))
    )
    return None if left is None or right is None else _Trial(smooth, (left, right))


def _tail_slope(moments: CellMoments, reach: float, height: float, gap: float, drift: float) -> Tail | None:
    """(c, ε, k) for which f' dominates W on a tail; None when a polynomial of degree 2 cannot."""
    rate = float(moments.loss.regularisation)
    push = rate * reach + drift
    if push <= 0:
        return None
    power = 0 if gap < rate else math.ceil(gap / rate) - 1
    bend = 2 * rate / push if power else 0.0
    room = push - power * bend * float(moments.step) / 2
    if room <= 0 or power > MAX_POWER:
        return None
    return max(height, 0.0) * gap / room * 1.02, bend, power


# -- the proof, in balls ------------------------------------------------------------


def _prove(moments: CellMoments, core: _Core, trial: _Trial, estimate: float, drift: tuple[arb, arb]) -> arb | None:
    a, b = core.first, core.last
    nodes = [arb(float(x)) for x in core.nodes]
    columns = list(zip(*moments.moments[:4], strict=True))
    heights, inside = [arb(0)], []
    cells = [(arb(float(c0)), arb(float(c1)), arb(float(c2))) for c0, c1, c2 in trial.cells]
    for cell, ends, centre, (m0, m1, m2, m3) in zip(
        cells, pairwise(nodes), moments.centres[a:b], columns[a:b], strict=True
    ):
        lo, hi = (x - centre for x in ends)
        if not _slope_at(cell, lo.union(hi)) > 0:
            return None
        base = heights[-1] - _primitive(cell, lo)
        heights.append(base + _primitive(cell, hi))
        inside.append(base * m0 + cell[0] * m1 + cell[1] * m2 / 2 + cell[2] * m3 / 3)
    tails = [(arb(c), arb(bend), power) for c, bend, power in trial.tails]
    integrals, outer = list(inside), arb(0)
    for sign, tail, start, level in ((-1, tails[0], nodes[0], heights[0]), (1, tails[1], nodes[-1], heights[-1])):
        rise, x = _rise(tail), abs(start)
        there = slice(b, None) if sign > 0 else slice(None, a)
        beyond = [
            level * m[0] + sign * _moved(rise, sign * (centre - start), (m[0], sign * m[1], m[2], sign * m[3]))
            for centre, m in zip(moments.centres[there], columns[there], strict=True)
        ]
        integrals = integrals + beyond if sign > 0 else beyond + integrals
        # |f| <= |level| + the primitive of f' at distance |t| + x
        q1, q2, q3 = rise
        far = [abs(level) + x * (q1 + x * (q2 + x * q3)), q1 + x * (2 * q2 + 3 * x * q3), q2 + 3 * x * q3, q3]
        outer += sum((p * q for p, q in zip(far, moments.tails[:4], strict=True)), arb(0))
    mean = (sum(integrals, arb(0)) + arb(0, outer.upper())) / moments.mass
    centred = [q - mean * m0 for q, m0 in zip(integrals, moments.moments[0], strict=True)]
    loose = arb(0, (outer + abs(mean) * moments.tails[0]).upper())
    right = list(accumulate(reversed(centred), initial=loose))[::-1]
    left = list(accumulate((-q for q in centred), initial=-loose))
    series = lower_series(moments.loss.expression)
    factor = 2 / enclose(moments.step)
    quotients = []
    for k, node in enumerate(nodes, start=a):
        density = (-factor * (coefficient(series(arb_series([node], prec=1)), 0) - moments.offset)).exp()
        best = left[k] if bool(left[k].rad() < right[k].rad()) else right[k]
        quotients.append(best / density)
    shifted = [h - mean for h in heights]
    sides = ((tails[0], -nodes[0], -shifted[0], drift[0]), (tails[1], nodes[-1], shifted[-1], drift[1]))
    for widening in WIDENINGS:
        gap = arb(estimate) / arb(widening)
        if all(_tail_holds(moments, gap, *side) for side in sides) and _holds(
            moments, nodes, moments.centres[a:b], cells, shifted, quotients, series, gap
        ):
            return arb(gap.lower())
    return None


def _moved(rise: Cell, t: arb, m: tuple[arb, ...]) -> arb:
    """The integral of the polynomial with these coefficients of t, t², t³ from moments about a centre at t."""
    value = rise[0] * (t * m[0] + m[1]) + rise[1] * (t * (t * m[0] + 2 * m[1]) + m[2])
    return value + rise[2] * (t * (t * (t * m[0] + 3 * m[1]) + 3 * m[2]) + m[3])


def _rise(tail: BallTail) -> Cell:
    """The coefficients of t, t², t³ in the integral of c (1 + ε t)^k."""
    c, bend, power = tail
    return c, c * bend * power / 2, c * bend * bend * power * (power - 1) / 6


def _primitive(cell: Cell, t: arb) -> arb:
    """f at a distance from the centre of a cell, up to a constant."""
    return t * (cell[0] + t * (cell[1] / 2 + t * cell[2] / 3))


def _slope_at(cell: Cell, t: arb) -> arb:
    """f' there."""
    return cell[0] + t * (cell[1] + cell[2] * t)


def _holds(
    moments: CellMoments,
    nodes: list[arb],
    centres: tuple[arb, ...],
    cells: list[Cell],
    shifted: list[arb],
    quotients: list[arb],
    series: Callable[[arb_series], arb_series],
    gap: arb,
) -> bool:
    """Whether W <= ω f' on every cell of the core, ω = s/(2 gap)."""
    factor = 2 / enclose(moments.step)
    omega = 1 / (factor * gap)
    for k, (lo, hi) in enumerate(pairwise(nodes)):
        h, box = hi - lo, lo.union(hi)
        rise = _slope_at(cells[k], box - centres[k])
        over = series(arb_series([box, 1], prec=3))
        slope, bend = coefficient(over, 1), 2 * coefficient(over, 2)
        f = shifted[k].union(shifted[k + 1])  # f is increasing
        growth = (factor * abs(slope) * h).upper().exp()
        w = arb(0, (growth * (abs(quotients[k + 1]) + h * abs(f))).upper())
        second = factor * (bend * w + slope * (factor * slope * w - f)) - rise
        for _ in range(REFINEMENTS):
            reach = second.abs_upper()
            w = quotients[k].union(quotients[k + 1]) + arb(0, (h * h / 8 * reach).upper())
            first = (quotients[k + 1] - quotients[k]) / h + arb(0, (h / 2 * reach).upper())
            second = factor * (bend * w + slope * first) - rise
        excess = (h * h / 8 * abs(second - 2 * omega * cells[k][2])).upper()
        for x, q in ((lo, quotients[k]), (hi, quotients[k + 1])):
            if not q - omega * _slope_at(cells[k], x - centres[k]) + excess <= 0:
                return False
    return True


def _tail_holds(moments: CellMoments, gap: arb, tail: BallTail, reach: arb, height: arb, push: arb) -> bool:
    """Whether S = ω f' satisfies S' <= (2/s) L' S - (f - m) on a tail: conditions on a polynomial in 1 + ε t."""
    rate, s = enclose(moments.loss.regularisation), enclose(moments.step)
    c, bend, power = tail
    force = rate * reach + push
    at_start = c * force / gap - height - c * power * bend * s / (2 * gap)
    if power and not (bend > 0 and force - rate / bend >= power * bend * s / 2):
        return False
    return bool(c > 0 and at_start >= 0 and rate * (power + 1) >= gap)
