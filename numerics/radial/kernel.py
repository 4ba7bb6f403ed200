r"""Gaussian and Matérn kernels of half-integer order, in float64 with a bound, in ball arithmetic, and their constants.

.. math::
    k(r) = e^{-r^2/2s^2}, \qquad
    k(r) = M_p(t) = e^{-t}\,\frac{p!}{(2p)!} \sum_{j\le p} \frac{(2p-j)!}{(p-j)!\,j!} (2t)^j, \quad
    t = \frac{\sqrt{2\nu}\,r}{\ell},\ \nu = p + \tfrac12 .

As a function of :math:`u = r^2` one has :math:`k_u = -\tfrac{\kappa_1^2}{2} m(u)` with :math:`m(0) = 1`: m is k itself
for the Gaussian kernel and :math:`M_{p-1}` for :math:`M_p`. Proofs: ``docs/papers/resnet_rkhs/proofs.md``,
"Admissibility".
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from fractions import Fraction
from functools import cache, cached_property

import numpy as np
from flint import arb, arb_poly
from numpy.typing import NDArray

from ...theory.errors import SpecError
from ...theory.numbers import Exact, rational
from ...theory.suggestion import suggestion
from ..balls.ball import enclose
from ..balls.enclosure import float_above
from ..balls.ends import upper_float
from ..balls.precision import precision
from ..balls.rounding import UNIT, gamma
from ..kernels.horner import horner
from .elementary import EXP_ABSOLUTE, EXP_ERROR, exp_minus

Array = NDArray[np.float64]

LARGEST_ORDER = 8
"""Largest p of a Matérn kernel: nu = 17/2."""
NAMES = ("gaussian", *(f"matern-{2 * p + 1}/2" for p in range(1, LARGEST_ORDER + 1)))
EXPONENTIAL = "matern-1/2"
"""The kernel exp(-r/s), which is not differentiable at r = 0: :func:`radial_kernel` does not know it."""
SMALLEST_SCALE = Fraction(1, 2**100)
CUT = 700.0
"""Arguments t beyond this are replaced by it: the kernel is below 2^-900 there."""


@cache
def matern_coefficients(order: int) -> tuple[Fraction, ...]:
    r"""The coefficients :math:`a_0 = 1, a_1, \dots, a_p > 0` of :math:`M_p(t) = e^{-t}\sum_j a_j t^j`.

    >>> matern_coefficients(2)
    (Fraction(1, 1), Fraction(1, 1), Fraction(1, 3))
    """
    f, p = math.factorial, order
    return tuple(Fraction(f(p) * f(2 * p - j) * 2**j, f(2 * p) * f(p - j) * f(j)) for j in range(p + 1))


@dataclass(frozen=True)
class RadialKernel:
    """A kernel of the distance: ``order`` is None for the Gaussian kernel, p for Matérn with ν = p + 1/2.

    >>> k = radial_kernel("matern-5/2", "1/2")
    >>> k.kappa1_squared, k.kappa2_squared
    (Fraction(20, 3), Fraction(400, 1))
    """

    order: int | None
    scale: Fraction

    @property
    def name(self) -> str:
        """``gaussian`` or ``matern-ν``."""
        return "gaussian" if self.order is None else f"matern-{2 * self.order + 1}/2"

    @property
    def nu(self) -> Fraction | None:
        """The smoothness ν = p + 1/2 of a Matérn kernel."""
        return None if self.order is None else self.order + Fraction(1, 2)

    @property
    def kappa1_squared(self) -> Fraction:
        """κ₁² = −k''(0): 1/s², or ν/((ν − 1) ℓ²)."""
        if self.order is None:
            return 1 / self.scale**2
        return Fraction(2 * self.order + 1, (2 * self.order - 1)) / self.scale**2

    @property
    def kappa2_squared(self) -> Fraction | None:
        """κ₂² = k''''(0): 3/s⁴, or 3ν²/((ν − 1)(ν − 2) ℓ⁴); None where it is infinite (ν = 3/2)."""
        if self.order is None:
            return 3 / self.scale**4
        if self.order < 2:
            return None
        p = self.order
        return Fraction(3 * (2 * p + 1) ** 2, (2 * p - 1) * (2 * p - 3)) / self.scale**4

    @property
    def rate(self) -> Fraction:
        """The factor of r² in the argument: 1/(2s²) of the exponent, or t² = (2ν/ℓ²) r²."""
        return (1 / (2 * self.scale**2)) if self.order is None else (2 * self.order + 1) / self.scale**2

    def rescaled(self, factor: Exact) -> RadialKernel:
        """The kernel whose scale is multiplied by ``factor``."""
        return RadialKernel(self.order, self.scale * rational(factor))

    def with_scale(self, scale: Exact) -> RadialKernel:
        """The same kernel at another scale."""
        return radial_kernel(self.name, scale)

    # -- ball arithmetic ------------------------------------------------------------

    def value(self, squared: arb) -> arb:
        """k at a squared distance, an enclosure for every point of the ball; k(0) = 1."""
        return _ball(self.order, squared * enclose(self.rate))

    def slope(self, squared: arb) -> arb:
        """m at a squared distance: the derivative of k in u, divided by −κ₁²/2."""
        return _ball(None if self.order is None else self.order - 1, squared * enclose(self.rate))

    # -- float64 --------------------------------------------------------------------

    @cached_property
    def value_error(self) -> float:
        """An upper bound of the error of :meth:`values` at float64 arguments."""
        return _evaluation_error(self.order)

    @cached_property
    def slope_error(self) -> float:
        """An upper bound of the error of :meth:`slopes` at float64 arguments."""
        return _evaluation_error(None if self.order is None else self.order - 1)

    @cached_property
    def kappa1(self) -> float:
        """An upper bound of κ₁."""
        return _root_above(self.kappa1_squared)

    @cached_property
    def kappa2(self) -> float:
        """An upper bound of κ₂, infinite for ν = 3/2."""
        return math.inf if self.kappa2_squared is None else _root_above(self.kappa2_squared)

    def values(self, squared: Array) -> Array:
        """k at squared distances >= 0, in float64."""
        return _floats(self.order, squared * float(self.rate))

    def slopes(self, squared: Array) -> Array:
        """m at squared distances >= 0, in float64."""
        return _floats(None if self.order is None else self.order - 1, squared * float(self.rate))

    def values_and_slopes(self, squared: Array) -> tuple[Array, Array]:
        """Both at once, with the exponentials in common; for the Gaussian kernel they are one array."""
        if self.order is None:
            both = self.values(squared)
            return both, both
        t = np.minimum(np.sqrt(squared * float(self.rate)), CUT)
        decay = exp_minus(t)
        return _polynomial(self.order, t) * decay, _polynomial(self.order - 1, t) * decay

    def slope_change(self, change: Array) -> Array:
        """Upper bounds of :math:`|m(u) - m(u')|` where :math:`|u - u'|` is at most ``change`` (before rounding up)."""
        if self.order is None or self.order >= 2:
            factor = self.rate if self.order is None else self.rate / (2 * (2 * self.order - 3))
            return np.asarray(float_above(factor) * change)
        return np.asarray(_root_above(self.rate) * np.sqrt(change))


def radial_kernel(name: str, scale: Exact) -> RadialKernel:
    """The kernel called ``gaussian`` or ``matern-3/2``, ``matern-5/2``, ... at a positive rational scale.

    >>> radial_kernel("matern-7/2", 1).nu
    Fraction(7, 2)
    >>> radial_kernel("gaussain", 1)
    Traceback (most recent call last):
        ...
    certigram.theory.errors.SpecError: no kernel is called 'gaussain'. Did you mean gaussian?
    """
    q = rational(scale, what="scale")
    if not SMALLEST_SCALE <= q <= 1 / SMALLEST_SCALE:
        raise SpecError(
            f"{name[:60]!r}: the scale of a kernel must be positive, and neither below 2^-100 nor above 2^100."
        )
    if name not in NAMES:
        raise SpecError(f"no kernel is called {name[:60]!r}." + suggestion(name, list(NAMES)))
    return RadialKernel(None if name == "gaussian" else NAMES.index(name), q)


def _ball(order: int | None, argument: arb) -> arb:
    argument = argument if bool(argument >= 0) else argument.max(arb(0))
    if order is None:
        return (-argument).exp()
    t = argument.sqrt()
    if bool(t.rad() == 0):
        return _matern(order, t)
    ends = _matern(order, t.lower()).union(_matern(order, t.upper()))  # it is decreasing
    return _matern(order, t).intersection(ends)


def _matern(order: int, t: arb) -> arb:
    return arb_poly(list(map(enclose, matern_coefficients(order))))(t) * (-t).exp()


def _floats(order: int | None, argument: Array) -> Array:
    if order is None:
        return exp_minus(argument)
    t = np.minimum(np.sqrt(argument), CUT)
    return np.asarray(_polynomial(order, t) * exp_minus(t))


def _polynomial(order: int, t: Array) -> Array:
    p = np.empty_like(t)
    horner(np.array([float(a) for a in matern_coefficients(order)]), t, p)
    return p


@cache
def _evaluation_error(order: int | None) -> float:
    """Proof: docs/error-analysis.md, "Radial kernels"."""
    if order is None:
        return EXP_ERROR + 3 * UNIT + 2 * EXP_ABSOLUTE
    # the argument is off by a relative 3u, and |t M_p'(t)| <= 2/e; then the exponential, Horner's rule, a product
    return (2.25 * UNIT + EXP_ERROR + gamma(3 * order + 3)) * 1.01 + 2.0**-900


def _root_above(q: Fraction) -> float:
    with precision(80):
        return upper_float(enclose(q).sqrt())
