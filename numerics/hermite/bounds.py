r"""Bounds of Hermite polynomials and of Gaussian integrals, every constant proved.

Throughout, :math:`h_r` are the normalised probabilists' Hermite polynomials and a
:class:`~certigram.numerics.expressions.growth.Growth` stands for
:math:`|f(x)|\le g(|x|) = C(1+|x|)^d e^{\rho|x|+\kappa x^2}`.

Reference: ``docs/theory/hermite-coefficients.md``, section 3.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from fractions import Fraction

from flint import arb, fmpq

from ..expressions.growth import Growth


@dataclass(frozen=True, slots=True)
class Envelope:
    r""":math:`|h_r(x)|\le C e^{\gamma x^2}` for every real x and every :math:`r` up to the order it was made for."""

    constant: arb
    rate: arb


def log_float(x: arb) -> float:
    """The logarithm of the upper end of a non-negative ball, as a float that guides a choice and proves nothing."""
    upper = x.abs_upper()
    if not upper.is_finite():
        return math.inf
    return float(upper.log()) if upper > 0 else -math.inf


def envelopes(order: int) -> list[Envelope]:
    r"""The bounds :math:`|h_r(x)|\le t^{-r/2}(1-t^2)^{-1/4}e^{t x^2/(2(1+t))}`, r up to ``order``, for a choice of t.

    A small t makes the Gaussian tail short, a large one the constant small. For order 0 the bound is :math:`h_0=1`.

    Reference: Mehler's formula; ``docs/theory/hermite-coefficients.md``, Lemma 2.

    >>> all(52 <= e.constant * (16 * e.rate).exp() * arb(6).sqrt() for e in envelopes(3))  # |He_3(4)| = 52
    True
    """
    if order == 0:
        return [Envelope(arb(1), arb(0))]
    found = []
    for t in (
        Fraction(1, 32),
        Fraction(1, 8),
        Fraction(1, 4),
        Fraction(1, 2),
        Fraction(3, 4),
        Fraction(order, order + 1),
    ):
        ball, rate = arb(fmpq(t.numerator, t.denominator)), t / (2 * (1 + t))
        constant = ball.rsqrt() ** order * (1 - ball * ball).rsqrt().sqrt()
        found.append(Envelope(constant, arb(fmpq(rate.numerator, rate.denominator))))
    return found


def flattest(order: int) -> Envelope:
    """The envelope with the smallest constant, about ``order ** (1/4)``; its rate is below 1/4."""
    return envelopes(order)[-1]


def growth_mean(growth: Growth, sigma: arb) -> arb:
    r"""An upper bound of :math:`\mathbb E\,g(\sigma|z|)`, infinite when none is found.

    With :math:`\tau^2=1/(1-2\kappa\sigma^2)` and :math:`s=\max(\rho,0)\sigma\tau` it is
    :math:`2C\tau e^{s^2/2}\,\mathbb E(1+\sigma\tau s+\sigma\tau|z|)^d`.

    Reference: ``docs/theory/hermite-coefficients.md``, Lemma 4.

    >>> growth_mean(Growth(arb(1), 2, arb(0), arb(0)), arb(1)) >= 1 + 2 * (2 / arb.pi()).sqrt() + 1
    True
    """
    shrink = 1 - 2 * growth.quadratic * sigma**2
    if not shrink > 0:
        return arb.pos_inf()
    tau = shrink.rsqrt()
    s, b = growth.rate.max(arb(0)) * sigma * tau, sigma * tau
    a, total = 1 + b * s, arb(0)
    moments = [arb(1), (2 / arb.pi()).sqrt()]
    for j in range(growth.degree + 1):
        if j >= 2:
            moments.append((j - 1) * moments[j - 2])
        total += math.comb(growth.degree, j) * a ** (growth.degree - j) * b**j * moments[j]
    return (2 * growth.constant * tau * (s * s / 2).exp() * total).upper()


def growth_tail(growth: Growth, sigma: arb, envelope: Envelope, cut: arb, step: arb | None = None) -> arb:
    r"""An upper bound of :math:`\int_{|x|\ge T}g(\sigma|x|)\,Ce^{\gamma x^2-x^2/2}/\sqrt{2\pi}\,dx`, T = ``cut``.

    With a ``step`` h it bounds h times the sum of the integrand over the points :math:`\pm(T+jh)`, j = 0, 1, ...,
    instead.
    Infinite when the integrand is not yet decreasing geometrically at T.

    Reference: ``docs/theory/hermite-coefficients.md``, Lemma 5.
    """
    decay = arb(0.5) - envelope.rate - growth.quadratic * sigma**2
    slope = 2 * decay * cut - growth.rate * sigma - growth.degree * sigma / (1 + sigma * cut)
    if not (decay > 0 and slope > 0):
        return arb.pos_inf()
    at_cut = growth.constant * envelope.constant * (1 + sigma * cut) ** growth.degree
    at_cut *= (growth.rate * sigma * cut - decay * cut**2).exp() / (2 * arb.pi()).sqrt()
    length = 1 / slope if step is None else step / (1 - (-slope * step).exp())
    return (2 * at_cut * length).upper()


def choose_cut(growth: Growth, sigma: arb, order: int, log_target: float) -> tuple[float, Envelope] | None:
    """The smallest cut (a guide that proves nothing) whose tail is about ``exp(log_target)``, with its envelope."""
    best: tuple[float, Envelope] | None = None
    spread, rate = float(sigma.upper()), float((growth.rate * sigma).upper())
    for envelope in envelopes(order):
        decay = float((arb(0.5) - envelope.rate - growth.quadratic * sigma**2).lower())
        if not decay > 0:
            continue
        constant = log_float(growth.constant * envelope.constant)
        low, high = max(rate + growth.degree * min(spread, 1.0), 0.0) / (2 * decay) + 0.5, 1e9
        for _ in range(48):
            middle = math.sqrt(low * high)
            value = constant + growth.degree * math.log1p(spread * middle) + rate * middle - decay * middle**2
            low, high = (low, middle) if value <= log_target else (middle, high)
        if best is None or high < best[0]:
            best = high, envelope
    return best
