r"""One activation on arrays of covariances: what it needs of the diagonals, its values, and bounds of their errors.

Proofs: docs/theory/convolutional-networks.md, section 4; the values and the errors of a rectifier and of a Hermite
series are those of :mod:`..rectifier_layer` and :mod:`..hermite_layer`.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache
from typing import Protocol

import numpy as np
import sympy
from flint import arb

from ....theory.activations.activation import Activation as Function
from ....theory.errors import PrecisionExhausted, SpecError
from ...balls.ends import float_ball, upper_float
from ...balls.precision import precision
from ...balls.rounding import UNIT
from ...dual import vanishes_at_zero
from ...expressions.growth import require_square_integrable
from ...expressions.regularity import regularity
from ...kernels.points import Floats
from ..arcsine import arcsine
from ..bounds import sharp_constant
from ..error_function_layer import error_function
from ..hermite_layer import FEW, HermiteLayer
from ..rectifier_layer import RectifierLayer, rectifier
from .language import SCALE
from .pairs import Index, Pairs
from .scales import LARGEST_ERROR, SLACK, Scales, in_range, inverse_roots, rounded, units

BITS = 96
NEAR = 1.0 - 2.0**-6
"""Correlations beyond it are looked at one by one where the dual of the derivative has infinite slope at 1."""
MOST_TERMS = 512
MOST_STEP = 2.0**40
"""Beyond it, 2γ²U, an error function is a step."""
MOST_CLASSES = 4096
"""More variances than this are refused where there is no closed form: each has its Hermite coefficients."""


class Values(Protocol):
    """Values of the dual activation on one block, and of the dual of the derivative where it is asked for."""

    def __call__(self, sigma: Floats, pairs: Pairs, slopes: bool) -> tuple[Floats, Floats | None, Nearby | None]:
        """G, and the dual of the derivative with the entries of larger error."""
        ...


@dataclass(frozen=True, slots=True, eq=False)
class Nearby:
    r"""Entries, by their places in the flat block, whose slope may be off by ``error`` more, in units of
    :math:`\sqrt{\dot G_a\dot G_b}`."""

    places: Index
    error: Floats


@dataclass(frozen=True, slots=True, eq=False)
class Dual:
    r"""An activation at the diagonals of one layer.

    ``moments``: :math:`G_a = \mathbb E\phi(u_a)^2`, (positions, n), off by at most ``moment_error`` (relative).
    ``slopes``: :math:`\dot G_a`, the same for the derivative, ``slope_diagonal_error``.
    ``feature_error`` in units of :math:`\sqrt{G_aG_b}`, ``slope_error`` in units of :math:`\sqrt{\dot G_a\dot G_b}`.
    """

    moments: Floats
    moment_error: float
    slopes: Floats
    slope_diagonal_error: float
    feature_error: float
    slope_error: float
    values: Values


def dual_of(phi: Function, scales: Scales, *, slopes: bool) -> Dual:
    """The dual of an activation at these variances; closed forms for rectifiers and error functions."""
    line, wave, still = _kind(phi)
    if line is None and not still and not scales.U.all():
        raise SpecError(
            f"{phi.name} does not vanish at 0 and is fed a variance that is zero (a window of black pixels): give a"
            " bias to the layer before it."
        )
    if line is not None:
        return _rectifier(line, scales)
    return _hermite(phi, scales, slopes) if wave is None else _error_function(wave, scales)


@lru_cache(maxsize=256)
def _kind(phi: Function) -> tuple[_Line | None, tuple[float, float, float] | None, bool]:
    with precision(BITS):
        slopes = rectifier(phi)
        if slopes is not None:
            return _line(phi, *slopes), None, True
        wave = error_function(phi)
        if wave is None:
            return None, None, vanishes_at_zero(phi)
        c, gamma = wave
        factor, rate = sharp_constant(2 * c**2 / sympy.pi), sharp_constant(2 * gamma**2)
        return None, (_number(phi, factor), _number(phi, rate), _number(phi, factor * rate)), True


def _number(phi: Function, value: arb) -> float:
    """A constant of an activation in float64, one rounding away, within the range of weights."""
    if not 1 <= value * SCALE <= SCALE * SCALE:
        raise SpecError(
            f"{phi.name} has slopes or values whose squares are not between 2^-400 and 2^400: scale the activation,"
            " and the weights of the layer behind it the other way."
        )
    return float(value.mid())


@dataclass(frozen=True, slots=True, eq=False)
class _Line:
    """A rectifier with its constants in floats: its mean square slope, ν, and the errors of its values at distance 0
    and what a distance adds, rounded upwards."""

    layer: RectifierLayer
    mean: float
    nu: float
    steepest: float
    feature_rounding: float
    slope_rounding: float


def _line(phi: Function, p: sympy.Expr, n: sympy.Expr) -> _Line:
    layer = RectifierLayer.of(p, n, [arb(1)])
    one, zero = arb(1), arb(0)
    return _Line(
        layer,
        _number(phi, layer.moments[0]),
        upper_float(layer.nu),
        upper_float(layer.feature_error(one, one)),
        upper_float(layer.feature_error(one, zero)),
        upper_float(layer.slope_error(one, zero)),
    )


def correlation_error(scales: Scales) -> float:
    r"""The error of :math:`\tilde\rho = \tilde\Sigma\tilde r_a\tilde r_b`, :math:`r = 1/\sqrt U`: section 3."""
    return rounded(scales.e, scales.eta, units(6))


def _rectifier(line: _Line, scales: Scales) -> Dual:
    r"""φ is homogeneous: G_a = mean U_a. The slope changes by at most :math:`\nu\min(\delta/\sqrt{1-\tau^2},
    2\arcsin\sqrt{\delta/2})`, :math:`2\arcsin\sqrt{\delta/2} \le \sqrt{2\delta}(1+\delta)` for δ up to 2^-20."""
    distance = correlation_error(scales)
    if not distance <= LARGEST_ERROR:
        raise PrecisionExhausted("the errors of correlations grow beyond 1e-6 in float64.")
    feature_error = rounded(line.steepest * distance, line.feature_rounding)
    far = NEAR + 2.0 * LARGEST_ERROR
    slope_error = rounded(line.nu * distance / math.sqrt((1.0 - far) * (1.0 + far)), line.slope_rounding)
    worst = rounded(line.nu * math.sqrt(2.0 * distance))
    moments = line.mean * scales.U
    moment_error = rounded(scales.eta, units(2))
    inverse, root = inverse_roots(scales.U), np.sqrt(moments)
    mean = np.full(scales.U.shape, line.mean)

    def values(sigma: Floats, pairs: Pairs, slopes: bool) -> tuple[Floats, Floats | None, Nearby | None]:
        rho = pairs.scaled(sigma, inverse)
        nearby = None
        if slopes:
            places = np.flatnonzero(np.abs(rho) > NEAR)
            if places.size:
                flat = rho.reshape(-1)
                signs = pairs.known_signs(places, np.abs(flat[places]) + distance * SLACK >= 1.0)
                known = signs != 0
                flat[places[known]] = signs[known]
                places = places[~known]
                nearby = Nearby(places, _slope_change(np.abs(flat[places]), distance, line.nu, worst))
        np.clip(rho, -1.0, 1.0, out=rho)
        features, slope = line.layer.features_on(NOWHERE, NOWHERE, rho, slopes)
        pairs.scale(features, root)
        if slope is not None:
            slope *= line.mean
        return features, slope, nearby

    return Dual(
        moments,
        moment_error,
        mean,
        units(1),
        rounded(feature_error, moment_error, units(4)),
        rounded(slope_error, units(2)),
        values,
    )


NOWHERE = np.empty(0, dtype=np.int64)


def _slope_change(size: Floats, distance: float, nu: float, worst: float) -> Floats:
    r""":math:`\nu\min(\delta/\sqrt{1-\tau^2}, 2\arcsin\sqrt{\delta/2})` with :math:`\tau = |\tilde\rho| + \delta`."""
    room = np.maximum((1.0 - np.minimum(size, 1.0)) - distance * SLACK, 0.0)  # 1 - tau, rounded downwards below
    room *= 1.0 - 2.0**-20
    steep = np.sqrt(room * (2.0 - room) * (1.0 - 2.0**-20))
    change = np.divide(nu * distance, steep, out=np.full_like(room, np.inf), where=steep > 0.0)
    return np.minimum(change, worst) * SLACK


def _error_function(wave: tuple[float, float, float], scales: Scales) -> Dual:
    r"""φ = c erf(γx): :math:`G_{ab} = f\arcsin x` with :math:`x = \kappa\Sigma_{ab}t_at_b`, and
    :math:`\dot G_{ab} = f\kappa\,t_at_b/\sqrt{1-x^2}`, where :math:`t = (1+\kappa U)^{-1/2}`, :math:`f = 2c^2/\pi`,
    :math:`\kappa = 2\gamma^2`."""
    factor, rate, both = wave
    grown = rate * scales.U
    top = float(grown.max(initial=0.0)) * SLACK
    if not top <= MOST_STEP:
        raise PrecisionExhausted("an error function is nearly a step at these variances: scale them down.")
    widest = top / (1.0 + top)
    room = (1.0 + 2.0 * top) / (1.0 + top) / (1.0 + top) / SLACK  # a lower bound of 1 - x^2
    alpha = SLACK / math.sqrt(room)
    ratio = widest / math.asin(widest) if widest > 0.0 else 1.0
    steepest = SLACK * SLACK * ratio * alpha  # of G in units of its diagonal
    t = 1.0 / np.sqrt(1.0 + grown)
    squares = grown / (1.0 + grown)
    moments = factor * arcsine(squares, np.empty_like(squares))
    slopes = both * (t * t) / np.sqrt((1.0 - squares) * (1.0 + squares))
    moment_error = rounded(scales.eta, units(5) * alpha, units(14))
    slope_diagonal = rounded(scales.eta * (1.0 + alpha * alpha), units(5) * alpha * alpha, units(18))
    distance = rounded(scales.e, scales.eta, units(14))
    if not distance <= LARGEST_ERROR * room:
        raise PrecisionExhausted("an error function is nearly a step at these variances: scale them down.")
    feature_error = rounded(distance * steepest, units(13))
    slope_error = rounded(distance * (alpha * widest) ** 2, scales.eta, units(14))
    reach = np.sqrt(rate) * t

    def values(sigma: Floats, pairs: Pairs, slopes: bool) -> tuple[Floats, Floats | None, Nearby | None]:
        x = pairs.scaled(sigma, reach)
        np.clip(x, -1.0, 1.0, out=x)
        features = arcsine(x, np.empty_like(x))
        features *= factor
        if not slopes:
            return features, None, None
        root = np.subtract(1.0, x)
        root *= 1.0 + x
        np.sqrt(root, out=root)
        np.divide(both, root, out=root)
        pairs.scale(root, t)
        return features, root, None

    return Dual(moments, moment_error, slopes, slope_diagonal, feature_error, slope_error, values)


def _hermite(phi: Function, scales: Scales, slopes: bool) -> Dual:
    """Any activation, by Hermite coefficients at each variance; positions of variance 0 take part with weight 0."""
    found, where = np.unique(scales.U, return_inverse=True)
    where = where.reshape(scales.U.shape)
    dead = bool(found.size and found[0] == 0.0)
    if dead:
        found, where = found[1:], np.maximum(where - 1, 0)
    if not found.size:
        found = np.array([1.0])
    first, second = _lipschitz(phi)
    known = first is not None and (second is not None or not slopes)
    if len(found) > (MOST_CLASSES if known else FEW):
        raise SpecError(
            f"{phi.name} has no closed form here and is fed {len(found)} different variances, of which"
            f" {MOST_CLASSES if known else FEW} are possible: put LayerNorm(eps=0) before it, or take fewer images."
        )
    distance = correlation_error(scales)
    with precision(BITS):
        balls = [arb(q) if known else arb(q, q * scales.eta * SLACK) for q in found.tolist()]
        require_square_integrable(phi.expression, balls[-1].upper(), name=phi.name)
        layer = HermiteLayer.of(phi, balls, MOST_TERMS, BITS, slopes=slopes, reach=arb(1))
        feature_error = upper_float(layer.feature_error(arb(1), arb(distance)))
        slope_error = upper_float(layer.slope_error(arb(1), arb(distance))) if slopes else 0.0
        moments, moment_error = _floats(layer.moments)
        squares, square_error = _floats(layer.slopes) if slopes else (np.ones_like(moments), 0.0)
    if not (moments.all() and squares.all()):
        raise SpecError(f"{phi.name} is constant: it has no kernel worth a layer; choose another activation.")
    if not (in_range(moments) and in_range(squares)):
        raise SpecError(f"{phi.name} has mean squares that are not between 2^-500 and 2^500: scale it, or the layer.")
    if known:  # what the stored variances may be off by moves phi by at most L |sqrt(U) - sqrt(U~)| |z|
        assert first is not None
        moved = scales.eta * first * float(np.sqrt(found / moments).max())
        feature_error, moment_error = rounded(feature_error, moved), rounded(moment_error, moved)
        if slopes:
            assert second is not None
            moved = scales.eta * second * float(np.sqrt(found / squares).max())
            slope_error, square_error = rounded(slope_error, moved), rounded(square_error, moved)
    alive = scales.U != 0.0
    diagonal, derivative = moments[where] * alive, squares[where] * alive
    inverse, root, slope_root = inverse_roots(scales.U), np.sqrt(diagonal), np.sqrt(derivative)

    def values(sigma: Floats, pairs: Pairs, slopes: bool) -> tuple[Floats, Floats | None, Nearby | None]:
        rho = pairs.scaled(sigma, inverse)
        np.clip(rho, -1.0, 1.0, out=rho)
        features, slope = layer.features_on(pairs.rows(where), pairs.columns(where), rho, slopes)
        pairs.scale(features, root)
        if slope is not None:
            pairs.scale(slope, slope_root)
        return features, slope, None

    return Dual(
        diagonal,
        moment_error,
        derivative,
        square_error,
        rounded(feature_error, moment_error, units(5)),
        rounded(slope_error, square_error, units(5)),
        values,
    )


@lru_cache(maxsize=256)
def _lipschitz(phi: Function) -> tuple[float | None, float | None]:
    """Upper bounds of the Lipschitz constants of φ and of φ', None where none is proved."""
    found = regularity(phi, BITS)
    one, two = found.lipschitz, found.second_lipschitz
    return None if one is None else upper_float(one), None if two is None else upper_float(two)


def _floats(balls: tuple[arb, ...]) -> tuple[Floats, float]:
    """Midpoints and the largest relative error."""
    pairs = [float_ball(x) for x in balls]
    mid = np.array([m for m, _ in pairs])
    worst = max((r / m if m > 0.0 else (0.0 if r == 0.0 else np.inf) for m, r in pairs), default=0.0)
    return mid, rounded(float(worst), UNIT)
