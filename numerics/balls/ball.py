"""A ball ``[m ± r]``: a real number known to lie within an exact radius of an exact midpoint."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction

from flint import arb, fmpq

from ...theory.errors import PrecisionExhausted, SpecError
from ...theory.numbers import Exact, rational
from ...theory.printable import shown
from ...theory.verdict import Verdict

MAX_EXPONENT = 1 << 24
"""Largest binary exponent of a number that is written out as a fraction (it takes two megabytes)."""


def exact(x: arb) -> Fraction:
    """The value of a ball of radius zero, exactly; raises ``ValueError`` for NaN or infinity.

    Raises :class:`PrecisionExhausted` when the binary exponent is beyond :data:`MAX_EXPONENT`.
    """
    if not x.is_finite():
        raise ValueError("the ball is not finite: compute it again with more bits")
    mantissa, exponent = x.man_exp()
    m, e = int(mantissa), int(exponent)
    if abs(e) > MAX_EXPONENT:
        raise PrecisionExhausted(
            f"a number near 2^{m.bit_length() + e} is too long for an exact fraction: compare or print the ball."
        )
    return Fraction(m << e) if e >= 0 else Fraction(m, 1 << -e)


def enclose(value: Exact) -> arb:
    """The exact rational ``value`` as a ball at the working precision."""
    q = value if isinstance(value, Fraction) else rational(value)  # what was computed may be long
    return arb(fmpq(q.numerator, q.denominator))


class Ball:
    """A real number with a proved radius; immutable, picklable, compared by verdicts.

    ``<``, ``<=``, ``>``, ``>=`` return a :class:`Verdict` (overlapping balls give UNKNOWN); ``==`` means the same ball.

    >>> x = Ball.exactly("1/2")
    >>> x < Ball.exactly("0.75")
    <Verdict.PROVED: 'true: a machine has established all of it, from exact or enclosed evidence only'>
    >>> x.contains("0.5"), x.lower, x.rad
    (True, Fraction(1, 2), Fraction(0, 1))
    """

    __slots__ = ("_arb",)
    _arb: arb

    def __init__(self, value: arb) -> None:
        given: object = value
        if not isinstance(given, arb):
            raise SpecError(f"Ball: {shown(given)} is no flint.arb: for an exact number take Ball.exactly.")
        object.__setattr__(self, "_arb", value)

    def __setattr__(self, name: str, value: object) -> None:
        raise AttributeError("a Ball is immutable")

    @classmethod
    def exactly(cls, value: Exact) -> Ball:
        """The smallest ball at the working precision around an exact rational."""
        return cls(enclose(value))

    @classmethod
    def from_dyadic(cls, mid: tuple[int, int], rad: tuple[int, int]) -> Ball:
        """The ball with midpoint ``m·2^e`` and a radius of at least ``m·2^e``.

        It contains the ball that :meth:`dyadic` came from. The radius is exact up to 29 bits; one of 30 bits, the most
        that FLINT keeps, is rounded up by at most one part in 2^29, and so is that of a ball that was pickled.
        """
        return cls(arb(mid, rad))

    @property
    def arb(self) -> arb:
        """The underlying ``flint.arb``."""
        return self._arb

    @property
    def finite(self) -> bool:
        """Whether midpoint and radius are finite; a ball that is not contains everything."""
        return bool(self._arb.is_finite())

    @property
    def mid(self) -> Fraction:
        """The midpoint, exactly."""
        return exact(self._arb.mid())

    @property
    def rad(self) -> Fraction:
        """The radius, exactly."""
        return exact(self._arb.rad())

    @property
    def lower(self) -> Fraction:
        """The lower end, exactly."""
        return self.mid - self.rad

    @property
    def upper(self) -> Fraction:
        """The upper end, exactly."""
        return self.mid + self.rad

    @property
    def accuracy_bits(self) -> int | None:
        """How many binary digits are known, relative to the number: 0 where not even one is, None for an exact number.

        >>> from .precision import precision
        >>> with precision(100):
        ...     Ball.exactly("1/3").accuracy_bits, Ball.exactly("1/2").accuracy_bits, Ball(arb(0, 1)).accuracy_bits
        (98, None, 0)
        """
        if not self.finite:
            return 0
        return None if self._arb.is_exact() else max(0, int(self._arb.rel_accuracy_bits()))

    def dyadic(self) -> tuple[tuple[int, int], tuple[int, int]]:
        """Midpoint and radius as pairs (mantissa, exponent) of integers."""
        (m, e), (r, f) = self._arb.mid().man_exp(), self._arb.rad().man_exp()
        return (int(m), int(e)), (int(r), int(f))

    def contains(self, value: Exact | Ball) -> bool:
        """Whether an exact number (a decimal string means that rational), or a whole ball, lies inside.

        The decision is exact, except that a ball with an end beyond the range of :data:`MAX_EXPONENT` contains a number
        only if it contains the number's own ball at the working precision.
        """
        if isinstance(value, Ball):
            return bool(self._arb.contains(value._arb))
        if not self.finite:
            return True
        q = rational(value)
        try:
            return self.lower <= q <= self.upper
        except PrecisionExhausted:
            return bool(self._arb.contains(enclose(q)))

    def overlaps(self, other: Ball) -> bool:
        """Whether the two balls have a point in common."""
        return bool(self._arb.overlaps(other._arb))

    def _compare(self, proved: bool, refuted: bool) -> Verdict:
        return Verdict.PROVED if proved else Verdict.REFUTED if refuted else Verdict.UNKNOWN

    def __lt__(self, other: Ball | Exact) -> Verdict:
        y = other._arb if isinstance(other, Ball) else enclose(other)
        return self._compare(bool(self._arb < y), bool(self._arb >= y))

    def __le__(self, other: Ball | Exact) -> Verdict:
        y = other._arb if isinstance(other, Ball) else enclose(other)
        return self._compare(bool(self._arb <= y), bool(self._arb > y))

    def __gt__(self, other: Ball | Exact) -> Verdict:
        y = other._arb if isinstance(other, Ball) else enclose(other)
        return self._compare(bool(self._arb > y), bool(self._arb <= y))

    def __ge__(self, other: Ball | Exact) -> Verdict:
        y = other._arb if isinstance(other, Ball) else enclose(other)
        return self._compare(bool(self._arb >= y), bool(self._arb < y))

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Ball):
            return NotImplemented
        return self._key() == other._key()

    def __hash__(self) -> int:
        return hash(self._key())

    def _key(self) -> object:
        return self.dyadic() if self.finite else "not finite"

    def __float__(self) -> float:
        return float(self._arb)

    def __reduce__(self) -> tuple[object, ...]:
        if not self.finite:
            return (_not_finite, ())
        return (Ball.from_dyadic, self.dyadic())

    def __str__(self) -> str:
        if not self.finite:
            return "[nan ± inf]"
        bits = min(self._arb.rel_accuracy_bits(), max(53, self._arb.mid().bits()), 10_000)
        return str(self._arb.str(max(5, int(bits * 0.30103) + 3))).replace("+/-", "±")

    def __repr__(self) -> str:
        return f"Ball({self})"

    def _repr_latex_(self) -> str:
        return f"${str(self).replace('±', chr(92) + 'pm')}$"


def accuracy_of_series(coefficients: Sequence[Ball], rest: Ball) -> int | None:
    r"""The accuracy in bits of the worst coefficient, relative to the norm; None when all are exact.

    ``rest`` is the sum of the squares of the coefficients that are not given.

    >>> accuracy_of_series([Ball(arb(1)), Ball(arb(0, 2.0**-40))], Ball(arb(0)))
    40
    """
    square = sum((abs(x.arb) * abs(x.arb) for x in coefficients), abs(rest.arb))
    worst = max((x.arb.rad() for x in coefficients), key=float, default=arb(0))
    if not square.is_finite() or not all(x.finite for x in coefficients):
        return 0
    if worst.is_zero():
        return None
    quotient = (square.abs_lower() / (worst * worst)).log() / (2 * arb(2).log()) if square > 0 else arb(0)
    return max(0, int(float(quotient.lower()) + 0.01)) if quotient.is_finite() else 0


def _not_finite() -> Ball:
    return Ball(arb("nan"))


def excludes(left: arb, right: arb) -> bool:
    """Whether two balls that are to enclose one number exclude each other.

    Raises :class:`PrecisionExhausted` for a ball that is not finite: it overlaps with everything, and agrees with
    nothing.

    >>> excludes(arb(1), arb("1 +/- 0.1")), excludes(arb(1), arb(2))
    (False, True)
    """
    if not (left.is_finite() and right.is_finite()):
        raise PrecisionExhausted("two enclosures cannot be compared, since one of them is not finite: raise bits.")
    return not left.overlaps(right)
