"""Claim: 64 Hermite orders of tanh at 128 bits, with proved radii, cost at most 1/20 of the CPU time of mpmath.quad.

Both sides compute E tanh(sqrt(2) z) h_r(z), r = 0..63, at 128 bits in one run; mpmath proves nothing. The even orders
are zero by symmetry: they are timed apart, and the claim must hold on the odd orders alone.
"""

import sys
import time
from fractions import Fraction

import mpmath
from mpmath import mp, mpf

from certigram.numerics.hermite import hermite_transform
from certigram.theory.activations.activation import activation

BITS, ORDERS, CLAIM = 128, 64, 20


def by_quad(order: int) -> mpf:
    """One coefficient by mpmath's tanh-sinh rule on the line cut at 0."""
    sigma, roots = mpmath.sqrt(2), [mpmath.sqrt(r) for r in range(order + 1)]
    scale = 1 / mpmath.sqrt(2 * mpmath.pi)

    def integrand(x: mpf) -> mpf:
        previous, current = mpf(0), mpf(1)
        for r in range(order):
            previous, current = current, (x * current - roots[r] * previous) / roots[r + 1]
        return mpmath.tanh(sigma * x) * current * mpmath.exp(-x * x / 2) * scale

    return mpmath.quad(integrand, [-mpmath.inf, 0, mpmath.inf])


def ours(bits: int, order: int) -> float:
    """CPU seconds of one transform, the best of five."""
    phi, best = activation("tanh"), float("inf")
    for _ in range(5):
        start = time.process_time()
        hermite_transform(phi, order, Fraction(2), bits)
        best = min(best, time.process_time() - start)
    return best


def main() -> int:
    proved = ours(BITS, ORDERS - 1)
    found = hermite_transform(activation("tanh"), ORDERS - 1, Fraction(2), BITS)
    seconds, worst = {0: 0.0, 1: 0.0}, 0.0
    with mp.workprec(BITS):
        for order in range(ORDERS):
            start = time.process_time()
            value = by_quad(order)
            seconds[order % 2] += time.process_time() - start
            worst = max(worst, abs(float(value - mpf(found.coefficients[order].str(45, radius=False)))))
    radius = max(float(mu.rad()) for mu in found.coefficients)
    print(f"{ORDERS} orders of tanh at {BITS} bits, CPU seconds (all 64 timed on both sides)")
    print(f"  certigram, proved (largest radius {radius:.1e}):        {proved:.4f}")
    print(f"  mpmath.quad, 32 odd orders:  {seconds[1]:.2f}   ratio {seconds[1] / proved:.0f}")
    print(f"  mpmath.quad, 64 orders:      {sum(seconds.values()):.2f}   ratio {sum(seconds.values()) / proved:.0f}")
    print(f"  largest difference: {worst:.1e}")
    print(f"also: 256 orders at 96 bits {ours(96, 255):.4f} s; 64 orders at 80 bits {ours(80, 63):.4f} s")
    holds = seconds[1] >= CLAIM * proved and radius <= 1e-30
    print(f"claim (at least {CLAIM} times faster): {'holds' if holds else 'FAILS'}")
    return 0 if holds else 1


if __name__ == "__main__":
    sys.exit(main())
