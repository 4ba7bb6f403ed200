r"""The one type every kernel on the sphere takes: a power series with non-negative coefficients and a known sum.

By Schoenberg's theorem a dot-product kernel that is positive semidefinite in every dimension is
:math:`g(t) = \sum_r b_r t^r` with :math:`b_r \ge 0`. Storing balls :math:`b_0, \dots, b_R` and the *mass* :math:`g(1)`
leaves nothing to guess about the rest: :math:`\sum_{r>R} b_r = g(1) - \sum_{r \le R} b_r`.
Proofs of every bound used here: ``docs/papers/deep_equilibrium/kernel.md``, section 1.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass, field
from fractions import Fraction

import flint
import numpy as np
from flint import arb, arb_poly, arb_series
from numpy.typing import NDArray

from ...theory.errors import SpecError
from ..balls.ends import Undecided, between, nonnegative, upper_float, within_unit
from ..balls.precision import MAX_BITS, MIN_BITS, precision, same_precision
from ..expressions.elementary.series import coefficient

BOUND_BITS = 64
"""Precision of quantities that are used only as upper bounds."""


@dataclass(frozen=True, slots=True, eq=False)
class FloatSeries:
    r"""A dot-product kernel in float64, with what was lost: for every :math:`|t| \le 1`,

    .. math:: \Bigl| g(t) - \sum_{r \le R} c_r t^r \Bigr| \le \mathrm{radius} + |t|^{R+1}\, \mathrm{tail}.

    ``coefficients`` has shape (R + 1,), is non-negative and read-only.
    """

    coefficients: NDArray[np.float64]
    radius: float
    tail: float

    @property
    def order(self) -> int:
        """The exponent R of the last stored coefficient."""
        return len(self.coefficients) - 1


@dataclass(frozen=True, slots=True, eq=False)
class DotProductSeries:
    r""":math:`g(t) = \sum_r b_r t^r`, :math:`b_r \ge 0`: the first coefficients, the mass :math:`g(1)`, hence the tail.

    .. math:: \Bigl| g(t) - \sum_{r \le R} b_r t^r \Bigr| \le |t|^{R+1} \Bigl( g(1) - \sum_{r \le R} b_r \Bigr),
              \qquad |t| \le 1.

    ``coefficients`` are balls around b_0..b_R and ``mass`` is one around g(1); both are cut down to the non-negative
    numbers (up to the 30 bits of a radius), which loses nothing because the b_r are. ``tail`` encloses the sum of all
    b_r with r > R. Evaluation and algebra round at the working precision. Raises ``ValueError`` when a coefficient is
    proved negative or the mass is proved smaller than the sum of the coefficients, and :class:`Undecided`, which
    is one too, when a ball is not finite. Source:
    schoenberg1942; own proofs in ``docs/papers/deep_equilibrium/kernel.md``, section 1.

    >>> half = DotProductSeries((arb(1) / 4, arb(1) / 4), arb(1))           # 1/4 + t/4 + (mass 1/2 above t)
    >>> print(half.tail, half(arb(0)), half(arb(1)))
    0.500000000000000 0.250000000000000 1.00000000000000
    >>> DotProductSeries((arb(1), arb(-1)), arb(1))
    Traceback (most recent call last):
        ...
    ValueError: coefficient 1 of a dot-product kernel is proved negative: [-1.00000000000000]
    """

    coefficients: tuple[arb, ...]
    mass: arb
    tail: arb = field(init=False)

    def __post_init__(self) -> None:
        if not self.coefficients:
            raise ValueError("a dot-product series needs at least its constant term")
        kept = []
        for r, b in enumerate(self.coefficients):
            if not b.is_finite():
                raise Undecided(f"coefficient {r} of a dot-product kernel is not finite: compute it with more bits.")
            if b < 0:
                raise ValueError(f"coefficient {r} of a dot-product kernel is proved negative: [{b}]")
            kept.append(nonnegative(b))
        if not self.mass.is_finite():
            raise Undecided("the mass of a dot-product kernel is not finite: compute it with more bits.")
        with precision(_bits(*kept, self.mass)):
            tail = self.mass - _sum(kept)
            if tail < 0:
                raise ValueError(f"the mass {self.mass} is proved smaller than the sum of the coefficients")
        object.__setattr__(self, "coefficients", tuple(kept))
        object.__setattr__(self, "mass", nonnegative(self.mass))
        object.__setattr__(self, "tail", nonnegative(tail))

    @property
    def order(self) -> int:
        """The exponent R of the last stored coefficient."""
        return len(self.coefficients) - 1

    def __call__(self, t: arb) -> arb:
        r"""Enclose :math:`g(t)` for the number in [-1, 1] that ``t`` encloses; ``ValueError`` when :math:`|t| > 1`.

        >>> g = DotProductSeries((arb(0), arb(1)), arb(1))
        >>> print(g(arb("0.5")))
        0.500000000000000
        """
        t = _cosine(t)
        if t == 1:
            return +self.mass
        return arb_poly(list(self.coefficients))(t) + self.tail_at(t)

    def tail_at(self, t: arb) -> arb:
        r"""Enclose :math:`\sum_{r>R} b_r t^r`: in :math:`[0, t^{R+1}\,\mathrm{tail}]` for t ≥ 0; for t < 0 the even
        powers bound it from above and the odd ones from below.
        """
        if self.tail.is_zero():
            return arb(0)
        first = self.order + 1
        even, odd = first + first % 2, first + 1 - first % 2
        size, mass = t.abs_upper(), self.tail.upper()
        upper = size ** (even if t < 0 else first) * mass
        lower = arb(0) if t >= 0 else -(size**odd) * mass
        return between(lower, upper)

    def derivative(self, t: arb) -> arb:
        r"""Enclose :math:`g'(t)`, |t| < 1; by positivity :math:`\sup_{|t|\le\delta} |g'(t)| = g'(\delta)`.

        The tail contributes at most :math:`\max_{r>R} r |t|^{r-1}` times its mass. Raises ``ValueError`` unless
        :math:`|t| < 1` is proved (g' may be infinite at 1).

        >>> g = DotProductSeries((arb(0), arb(0), arb(1)), arb(1))
        >>> print(g.derivative(arb("0.5")))
        1.00000000000000
        """
        partial = arb_poly(list(self.coefficients)).derivative()(t)
        if self.tail.is_zero():
            return partial
        bound = (_peak(1, self.order + 1, _upper_rational(t)) * self.tail).upper()
        return partial + (between(arb(0), bound) if t >= 0 else between(-bound, bound))

    def recentre(self, x: arb, order: int) -> tuple[arb, ...]:
        r"""The Taylor coefficients of the kernel at a number x in [0, 1), orders 0..``order``, enclosed:

        .. math:: g^{(k)}(x)/k! = \sum_{r \ge k} b_r \binom rk x^{r-k}.

        The stored coefficients are shifted exactly; the rest lies in
        :math:`[0, \mathrm{tail} \cdot \max_{r>R} \binom rk x^{r-k}]`, which vanishes for x = 0 and k ≤ R.
        Raises ``ValueError`` unless ``x`` is proved below 1 and not proved negative.

        >>> g = DotProductSeries((arb(0), arb(0), arb(1)), arb(1))
        >>> [str(c) for c in g.recentre(arb("0.5"), 3)]
        ['0.250000000000000', '1.00000000000000', '1.00000000000000', '0']
        """
        if x < 0:
            raise ValueError(f"the centre of a dot-product series must lie in [0, 1), not at {x}")
        ceiling = _upper_rational(x)
        shifted = arb_poly(list(self.coefficients))(arb_poly([x, 1]))
        tail = self.tail.upper()
        return tuple(
            nonnegative(shifted[k] + between(arb(0), (_peak(k, self.order + 1, ceiling) * tail).upper()))
            if not tail.is_zero()
            else nonnegative(shifted[k])
            for k in range(order + 1)
        )

    def truncate(self, order: int) -> DotProductSeries:
        """The same kernel with fewer coefficients stored; the mass is kept, so the tail grows by what was dropped."""
        return self if order >= self.order else DotProductSeries(self.coefficients[: order + 1], self.mass)

    def _padded(self, order: int) -> tuple[arb, ...]:
        """Coefficients 0..order, as far as they are known (a polynomial is known to every order)."""
        missing = order - self.order if self.tail.is_zero() else 0
        return self.coefficients[: order + 1] + (arb(0),) * missing

    def _matched(self, other: DotProductSeries) -> tuple[tuple[arb, ...], tuple[arb, ...]]:
        order = max(self.order, other.order)
        mine, theirs = self._padded(order), other._padded(order)
        common = min(len(mine), len(theirs))
        return mine[:common], theirs[:common]

    def __add__(self, other: DotProductSeries) -> DotProductSeries:
        """The sum of two kernels: coefficients and masses add."""
        mine, theirs = self._matched(other)
        return DotProductSeries(tuple(a + b for a, b in zip(mine, theirs, strict=True)), self.mass + other.mass)

    def scale(self, factor: arb) -> DotProductSeries:
        """The kernel times a non-negative number; ``ValueError`` when the factor is proved negative."""
        if factor < 0:
            raise ValueError(f"a kernel may be multiplied by a non-negative number only, not by {factor}")
        return DotProductSeries(tuple(factor * b for b in self.coefficients), factor * self.mass)

    def __mul__(self, other: DotProductSeries) -> DotProductSeries:
        """The Hadamard product of two kernels (Schur): coefficients convolve, masses multiply.

        >>> t = DotProductSeries((arb(0), arb(1)), arb(1))
        >>> [str(b) for b in (t * t).coefficients]
        ['0', '0', '1.00000000000000']
        """
        polynomials = self.tail.is_zero() and other.tail.is_zero()
        mine, theirs = self._matched(other)
        order = self.order + other.order if polynomials else len(mine) - 1
        product = arb_poly(list(mine)) * arb_poly(list(theirs))
        return DotProductSeries(tuple(product[r] for r in range(order + 1)), self.mass * other.mass)

    def compose(self, inner: DotProductSeries) -> DotProductSeries:
        r"""The kernel :math:`g(p(t))` for ``inner`` p with :math:`p(1) \le 1`; its mass is :math:`g(p(1))`.

        g is re-expanded at :math:`p(0)` by :meth:`recentre`, so nothing is lost when :math:`p(0) = 0`. Raises
        ``ValueError`` when p(1) > 1 is proved or p(0) < 1 is not.

        >>> t = DotProductSeries((arb(0), arb(1)), arb(1))
        >>> [str(b) for b in (t * t).compose(t * t).truncate(4).coefficients]
        ['0', '0', '0', '0', '1.00000000000000']
        """
        if inner.mass > 1:
            raise ValueError(f"the inner kernel of a composition must have mass at most 1, not {inner.mass}")
        polynomials = self.tail.is_zero() and inner.tail.is_zero()
        if polynomials:
            order = self.order * inner.order
        else:
            order = inner.order if self.tail.is_zero() else min(self.order, inner.order)
            order = self.order if inner.tail.is_zero() else order
        with same_precision():
            start = inner.coefficients[0]
            outer = arb_series(list(self.recentre(start, order)), prec=order + 1)
            step = arb_series([arb(0), *inner._padded(order)[1:]], prec=order + 1)
            value = outer(step)
            coefficients = tuple(coefficient(value, r) for r in range(order + 1))
        return DotProductSeries(coefficients, self(inner.mass))

    def to_float(self) -> FloatSeries:
        r"""The series in float64, rounded outwards: see :class:`FloatSeries` for the inequality it satisfies.

        Raises :class:`SpecError` when a coefficient is beyond the range of float64.

        >>> DotProductSeries((arb(0), arb(1) / 4), arb("0.5")).to_float().coefficients.tolist()
        [0.0, 0.25]
        """
        coefficients = np.array([max(float(b.mid()), 0.0) for b in self.coefficients])
        if not np.isfinite(coefficients).all():
            raise SpecError("a coefficient of the kernel is beyond the range of float64: scale the activation down.")
        coefficients.flags.writeable = False
        with precision(_bits(*self.coefficients)):
            lost = _sum((b - arb(float(c))).abs_upper() for b, c in zip(self.coefficients, coefficients, strict=True))
        radius, tail = upper_float(lost), upper_float(self.tail)
        if not (math.isfinite(radius) and math.isfinite(tail) and math.isfinite(upper_float(self.mass))):
            raise SpecError("the kernel is beyond the range of float64: scale the activation or the variances down.")
        return FloatSeries(coefficients, radius, tail)


def _bits(*values: arb) -> int:
    """A precision at which sums of these balls lose nothing worth mentioning."""
    longest = max((v.bits() for v in values), default=0)
    return min(max(flint.ctx.prec, longest, MIN_BITS) + 16, MAX_BITS)


def _sum(values: Iterable[arb]) -> arb:
    return sum(values, arb(0))


def _cosine(t: arb) -> arb:
    """The ball of a number in [-1, 1]."""
    if t.abs_lower() > 1:
        raise ValueError(f"a dot-product series is evaluated on [-1, 1], not at {t}")
    return within_unit(t)


def _upper_rational(x: arb) -> Fraction:
    """A short rational upper bound of |x|; ``ValueError`` unless it is below 1."""
    ceiling = Fraction(upper_float(x.abs_upper())) if x.is_finite() else Fraction(1)
    if ceiling >= 1:
        raise Undecided(
            f"|{x.str(20)}| < 1 is not proved, or the difference is below float64, and the series may have no"
            " derivative at 1: ask for more bits."
        )
    return ceiling


def _peak(k: int, first: int, x: Fraction) -> arb:
    r"""An upper bound of :math:`\max_{r \ge \max(first, k)} \binom rk x^{r-k}` for 0 ≤ x < 1.

    Consecutive terms have ratio :math:`(r+1)x/(r+1-k) \ge 1` iff :math:`r + 1 \le k/(1-x)`, so the sequence climbs up
    to :math:`r = \lfloor k/(1-x) \rfloor` and falls afterwards.
    """
    r = max(first, int(Fraction(k) / (1 - x)))
    if x == 0:
        return arb(1 if r == k else 0)
    with precision(BOUND_BITS):
        base = arb(x.numerator) / arb(x.denominator)
        return (arb.bin_uiui(r, k) * base ** (r - k)).upper()
