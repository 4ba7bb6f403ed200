r"""Gaussian smoothings in closed form: functions that are, between kinks, sums of terms :math:`\kappa x^ke^{px}`.

For :math:`y\sim N(m,s^2)`, with :math:`m'=m+ps^2` and the standardised ends
:math:`l=(\mathrm{lo}-m')/s,\ h=(\mathrm{hi}-m')/s`,

.. math:: E[y^ke^{py};\,\mathrm{lo}<y<\mathrm{hi}]=e^{pm+p^2s^2/2}\,T_k,\qquad
          T_k=m'T_{k-1}+(k-1)s^2T_{k-2}-s\,[y^{k-1}\phi]_{\mathrm{lo}}^{\mathrm{hi}},

:math:`T_0=\Phi(h)-\Phi(l)`, taken as a difference of the smaller tails. The product of the exponential and the tail
stays finite however large m and s are: balls have exponents of any size, and erfc is relatively accurate.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import sympy
from flint import arb

from ...theory.closed_forms.terms import NoClosedForm, smooth_terms
from ..expressions.lowering import constant
from .smoothing import Pieces, Scales, Stretch


@dataclass(frozen=True, slots=True, eq=False)
class Part:
    """A piece as sums :math:`e^{px}P(x)`: for each rate p the coefficients of P, constant term first."""

    stretch: Stretch
    terms: tuple[tuple[sympy.Expr, tuple[sympy.Expr, ...]], ...]


@lru_cache(maxsize=256)
def exponential_parts(function: Pieces) -> tuple[Part, ...] | None:
    """The pieces as exponential polynomials, None when one of them is something else."""
    parts = []
    for stretch in function.stretches:
        by_rate: dict[sympy.Expr, dict[int, sympy.Expr]] = {}
        try:
            terms = smooth_terms(stretch.expression)
        except NoClosedForm:
            return None
        for t in terms:
            if t.core != "one" or not t.decay.is_zero:
                return None
            powers = by_rate.setdefault(t.rate, {})
            powers[t.power] = powers.get(t.power, sympy.S.Zero) + t.coefficient
        parts.append(
            Part(
                stretch,
                tuple(
                    (rate, tuple(powers.get(k, sympy.S.Zero) for k in range(max(powers) + 1)))
                    for rate, powers in by_rate.items()
                ),
            )
        )
    return tuple(parts)


@dataclass(frozen=True, slots=True, eq=False)
class ClosedSmoothing:
    """F in closed form, evaluated at the working precision of the call."""

    scales: Scales
    parts: tuple[Part, ...]

    def values(self, points: list[arb]) -> list[arb]:
        """F at real points."""
        return [self.value(z) for z in points]

    def value(self, z: arb) -> arb:
        """F at one real point."""
        mean, s = self.scales.alpha * z, self.scales.beta
        total = arb(0)
        for part in self.parts:
            for rate, coefficients in part.terms:
                total += _truncated(part.stretch, constant(rate), [constant(k) for k in coefficients], mean, s)
        return total


def _truncated(stretch: Stretch, rate: arb, coefficients: list[arb], mean: arb, s: arb) -> arb:
    """The mean of the polynomial times exp(rate y) over the piece, y of law N(mean, s^2)."""
    shifted = mean + rate * s * s
    lo = None if stretch.lo is None else (arb(stretch.lo) - shifted) / s
    hi = None if stretch.hi is None else (arb(stretch.hi) - shifted) / s
    moments = [_mass(lo, hi)]
    if len(coefficients) > 1:
        scale = s / (2 * arb.pi()).sqrt()
        left = arb(0) if lo is None else scale * (-lo * lo / 2).exp()
        right = arb(0) if hi is None else scale * (-hi * hi / 2).exp()
        for k in range(1, len(coefficients)):
            moment = shifted * moments[k - 1] + left - right
            if k > 1:
                moment += (k - 1) * s * s * moments[k - 2]
            moments.append(moment)
            left = left if stretch.lo is None else left * arb(stretch.lo)
            right = right if stretch.hi is None else right * arb(stretch.hi)
    total = sum((c * t for c, t in zip(coefficients, moments, strict=True)), arb(0))
    return total if rate.is_zero() else total * (rate * (mean + shifted) / 2).exp()


def _mass(lo: arb | None, hi: arb | None) -> arb:
    """The probability of an interval of a standard normal law, without loss in the tails."""
    root = arb(2).sqrt()
    if lo is None:
        return arb(1) if hi is None else (-hi / root).erfc() / 2
    if hi is None:
        return (lo / root).erfc() / 2
    if lo > 0:
        return ((lo / root).erfc() - (hi / root).erfc()) / 2
    if hi < 0:
        return ((-hi / root).erfc() - (-lo / root).erfc()) / 2
    return ((hi / root).erf() - (lo / root).erf()) / 2
