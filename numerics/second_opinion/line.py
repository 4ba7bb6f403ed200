r"""Means over one Gaussian, Hermite coefficients and suprema, by mpmath's quadrature.

.. math:: \mathbb E f(z) = \int f(z)\,e^{-z^2/2}\,\frac{dz}{\sqrt{2\pi}}

on panels that end at the kinks of f, twice, with other panels; without kinks by the trapezoid rule with finer and finer
steps. The difference of the last two values is the estimated error.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise

from mpmath import mp

from .functions import Evaluated, Number

GUARD = 12
"""Digits of the computation beyond those that are asked for."""
COARSEST, LEVELS = 3, 13
"""The first step of a trapezoid rule (:func:`step`), and how many are tried."""
FARTHEST = 80
"""Standard deviations at which an integrand must have died out."""


@dataclass(frozen=True, slots=True)
class Recomputed:
    """A number as mpmath sees it: its estimated ``error``, and the ``scale`` that relative accuracy refers to.

    ``lower_bound``: the number is only known to be at least this, up to the error.
    """

    value: Number
    error: Number
    scale: Number
    lower_bound: bool = False


def floor(digits: int, scale: Number) -> Number:
    """What rounding may do to a number of this scale."""
    return mp.mpf(10) ** -(digits + 4) * scale


def reach(size: Callable[[Number], Number], digits: int) -> Number:
    """How many standard deviations from the middle a function of this size matters: a multiple of 1/2."""
    found = mp.ceil(2 * mp.sqrt(2 * mp.log(10) * (digits + 6))) / 2
    limit = mp.mpf(10) ** -(digits + 6)
    while found < FARTHEST and max(size(found), size(-found)) * mp.exp(-(found**2) / 2) > limit * (1 + size(mp.one)):
        found += 1
    return found


def mean(f: Callable[[Number], Number], kinks: Sequence[Number], digits: int) -> Recomputed:
    """The mean of f(z), z standard normal, with ``digits`` correct digits where they can be had.

    >>> with mp.workdps(30):
    ...     print(mp.nstr(mean(lambda z: abs(z), [mp.zero], 20).value ** 2 * mp.pi, 18))
    2.0
    """
    with mp.workdps(digits + GUARD):
        far = reach(lambda z: abs(f(z)), digits)

        def integrand(z: Number) -> Number:
            return f(z) * mp.exp(-z * z / 2)

        weight = mp.sqrt(2 * mp.pi)
        scale = mp.fsum(abs(integrand(mp.mpf(k) / 2 + mp.mpf(1) / 8)) for k in range(-int(2 * far), int(2 * far))) / 2
        if kinks:
            first, second = (
                mp.quad(integrand, cuts(-far, far, kinks, 3, more), method="gauss-legendre") for more in (0, 1)
            )
        else:
            first, second = _trapezoid(integrand, far, scale * mp.mpf(10) ** -digits)
        return Recomputed(second / weight, abs(first - second) / weight + floor(digits, scale), scale / weight)


def _trapezoid(integrand: Callable[[Number], Number], far: Number, close: Number) -> tuple[Number, Number]:
    """The last two values of the trapezoid rule at finer and finer steps, until they are close."""
    found: list[Number] = []
    for level in range(COARSEST, COARSEST + LEVELS):
        h = step(level)
        count = int(mp.ceil(far / h))
        found.append(h * mp.fsum(integrand(k * h) for k in range(-count, count + 1)))
        if len(found) > 1 and abs(found[-1] - found[-2]) <= close:
            break
    return found[-2], found[-1]


def step(level: int) -> Number:
    """The step of a trapezoid rule: about 2 to minus half the level.

    >>> [float(1 / step(level)) for level in range(5)]
    [1.0, 1.4, 2.0, 2.8, 4.0]
    """
    return mp.mpf(10) / round(10 * 2 ** (level / 2))


def cuts(low: Number, high: Number, inner: Sequence[Number], longest: int, more: int = 0) -> list[Number]:
    """Ends of panels at most ``longest`` long, with these points among them; ``more``: so many more between two points.

    >>> [[float(x) for x in cuts(mp.mpf(-4), mp.mpf(2), [mp.zero], 4, more)] for more in (0, 1)]
    [[-4.0, 0.0, 2.0], [-4.0, -2.0, 0.0, 1.0, 2.0]]
    """
    fixed = [low, *sorted(x for x in set(inner) if low < x < high), high]
    found = [low]
    for a, b in pairwise(fixed):
        pieces = max(1, int(mp.ceil((b - a) / longest))) + more
        found += [a + (b - a) * k / pieces for k in range(1, pieces + 1)]
    return found


def hermite(f: Evaluated, order: int, deviation: Number, digits: int) -> Recomputed:
    r"""The coefficient :math:`\mathbb E f(\sigma z)h_r(z)`, by the recurrence of the normalised polynomials."""

    with mp.workdps(digits + GUARD):
        roots = [mp.sqrt(r) for r in range(order + 1)]

    def integrand(z: Number) -> Number:
        before, here = mp.zero, mp.one
        for r in range(order):
            before, here = here, (z * here - roots[r] * before) / roots[r + 1]
        return f.value(deviation * z) * here

    return mean(integrand, [k / deviation for k in f.numeric_kinks()], digits)


def supremum(f: Evaluated, digits: int) -> Recomputed:
    """The largest |f| found on a grid, refined around its best points: never more than the supremum.

    >>> from certigram.theory.activations.functions import X
    >>> from .functions import evaluated
    >>> float(supremum(evaluated(X * (1 - X) / (1 + X**2)), 15).value)
    1.2071067811865475
    """
    with mp.workdps(digits + GUARD):
        grid = sorted({s * mp.mpf(k) / 16 for k in range(1, 161) for s in (1, -1)} | {mp.zero})
        grid += [s * mp.mpf(2) ** k for k in range(4, 10) for s in (1, -1)]
        sizes = [(abs(f.value(x)), x) for x in grid if x not in f.numeric_kinks()]
        best = max(size for size, _ in sizes)
        for _, x in sorted(sizes, reverse=True)[:3]:
            step = mp.mpf(1) / 16
            for _ in range(3 * digits // 2):
                size, x = max((abs(f.value(y)), y) for y in (x - step, x - step / 3, x, x + step / 3, x + step))
                best, step = max(best, size), step / 2
        return Recomputed(best, floor(digits, best), best, lower_bound=True)
