r"""Covariances [[a, c], [c, b]]: validity decided exactly on rationals, and soundly on balls.

A rational covariance is valid when a, b >= 0 and c^2 <= ab; nothing is rounded in the decision. A ball stands for the
numbers in it: it is refused when no number in it is valid, and otherwise stands for the valid ones.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

from flint import arb

from ...theory.errors import SpecError
from ..balls.ball import enclose, exact
from ..expressions.elementary import real

Number = Fraction | arb


@dataclass(frozen=True, slots=True)
class Covariance:
    """A valid covariance of a Gaussian pair; ``exact`` entries are Fractions, otherwise all three are balls."""

    a: Number
    b: Number
    c: Number

    @property
    def rational(self) -> tuple[Fraction, Fraction, Fraction] | None:
        """The three entries when they are exact."""
        if isinstance(self.a, Fraction) and isinstance(self.b, Fraction) and isinstance(self.c, Fraction):
            return self.a, self.b, self.c
        return None

    @property
    def degenerate(self) -> bool:
        """Whether the entries are exact and the law lies on a line or a point: c^2 = ab."""
        q = self.rational
        return q is not None and q[2] ** 2 == q[0] * q[1]

    def balls(self) -> tuple[arb, arb, arb]:
        """The entries as balls at the working precision."""
        a, b, c = (enclose(x) if isinstance(x, Fraction) else x for x in (self.a, self.b, self.c))
        return a, b, c

    def correlation(self) -> arb:
        r""":math:`\rho=c/\sqrt{ab}` as a ball at the working precision, inside [-1, 1] up to rounding."""
        a, b, c = self.balls()
        q = self.rational
        if q is not None and q[2] == 0:
            return arb(0)
        return (c / (a * b).sqrt()).intersection(arb(0, 1)) if a > 0 and b > 0 else arb(0, 1)

    def defect(self) -> arb:
        r""":math:`1-\rho^2` as a ball, relatively accurate when the entries are exact."""
        q = self.rational
        if q is not None:
            a, b, c = q
            return enclose((a * b - c * c) / (a * b))
        rho = self.correlation()
        return (1 - real.power(rho, 2)).nonnegative_part()

    def half_angles(self) -> tuple[arb, arb]:
        r""":math:`\alpha=\sqrt{(1+\rho)/2}` and :math:`\beta=\sqrt{(1-\rho)/2}`.

        Both are relatively accurate when the entries are exact.
        """
        rho, delta = self.correlation(), self.defect()
        large = (1 + abs(rho)) / 2
        small = delta / (4 * large)
        plus, minus = (small, large) if rho.mid() < 0 else (large, small)
        if not (rho >= 0 or rho <= 0):
            plus, minus = (1 + rho) / 2, (1 - rho) / 2
        return plus.nonnegative_part().sqrt(), minus.nonnegative_part().sqrt()


def covariance(a: Number, b: Number, c: Number) -> Covariance:
    """The covariance with variances ``a``, ``b`` and covariance ``c``; raises :class:`SpecError` when it is not one.

    >>> covariance(Fraction(1), Fraction(1), Fraction(1)).degenerate
    True
    >>> covariance(Fraction(1), Fraction(1), Fraction(2))
    Traceback (most recent call last):
        ...
    certigram.theory.errors.SpecError: [[1, 2], [2, 1]] is not a covariance: c**2 exceeds a*b; take c
    between -1 and 1.
    """
    entries = [_exact_if_possible(x, name) for x, name in ((a, "a"), (b, "b"), (c, "c"))]
    p, q, r = entries
    if isinstance(p, Fraction) and isinstance(q, Fraction) and isinstance(r, Fraction):
        if p < 0 or q < 0:
            raise SpecError(f"{_show(p, q, r)} is not a covariance: a variance is negative; take a, b >= 0.")
        if r * r > p * q:
            bound = float(p * q) ** 0.5
            raise SpecError(
                f"{_show(p, q, r)} is not a covariance: c**2 exceeds a*b; take c between {-bound:.6g} and {bound:.6g}."
            )
        return Covariance(p, q, r)
    x, y, z = (enclose(e) if isinstance(e, Fraction) else e for e in entries)
    if x < 0 or y < 0:
        raise SpecError(f"{_show(x, y, z)} is not a covariance: a variance is negative; take a, b >= 0.")
    x, y = x.nonnegative_part(), y.nonnegative_part()
    limit = (x * y).upper().sqrt().upper()
    if not abs(z) <= limit:
        if abs(z) > limit:
            raise SpecError(
                f"{_show(x, y, z)} is not a covariance: c**2 exceeds a*b; "
                f"take c between {-float(limit):.6g} and {float(limit):.6g}."
            )
        z = z.intersection(arb(0, limit))
    return Covariance(x, y, z)


def _exact_if_possible(x: Number, name: str) -> Number:
    if isinstance(x, Fraction):
        return x
    if not x.is_finite():
        raise SpecError(f"the entry {name} of the covariance is not finite: give a number or a finite ball.")
    return exact(x) if x.is_exact() else x


def _show(a: Number, b: Number, c: Number) -> str:
    x, y, z = (_short(e) for e in (a, b, c))
    return f"[[{x}, {z}], [{z}, {y}]]"


def _short(x: Number) -> str:
    if isinstance(x, arb):
        return str(x.str(6))
    text = str(x)
    return text if len(text) <= 40 else f"{float(x):.17g}..."
