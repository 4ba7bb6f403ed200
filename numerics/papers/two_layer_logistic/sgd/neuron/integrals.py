r"""Integrals over the law of one tilted neuron, :math:`m\propto e^{-bh_q}`, by the trapezoid rule in a strip.

With Z :math:`=\int e^{-bh_q}`, the rule on the lattice hℤᵈ within :math:`|w_k|\le R` misses Z, and each
:math:`\int\sigma(x_i\cdot w)^je^{-bh_q}`, j = 1, 2, by at most

.. math:: d\,e^{bcQ}(\gamma+h)^{d-1}\Bigl[\frac{2e^{b\lambda pa^2/2}\gamma}{e^{2\pi a/h}-1}
          +\gamma\operatorname{erfc}\bigl(R\sqrt{b\lambda p/2}\bigr)\Bigr],\qquad
          \gamma=\sqrt{2\pi/(b\lambda p)},\ Q=\sum_i\omega_iq_i,\ a\le\frac{\pi}{4\max_i|x_i|_\infty} .

docs/papers/two_layer_logistic/one-neuron.md, section 2.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache

from flint import arb

from ......theory.errors import PrecisionExhausted
from .....balls.ball import enclose
from .case import NeuronCase

EXPONENT = 40.0
"""The parts that are left out are below exp(-EXPONENT), where the integrand at 0 is 1."""
MAX_NODES = 400_000


@dataclass(frozen=True, eq=False)
class NeuronLaw:
    r"""``log_mass`` encloses log Z; ``means`` and ``squares`` the means of :math:`\sigma(x_i\cdot w)` and of
    its square."""

    log_mass: arb
    means: tuple[arb, ...]
    squares: tuple[arb, ...]

    @property
    def variances(self) -> tuple[arb, ...]:
        """The variances, which are not negative."""
        return tuple((s - m * m).max(arb(0)) for m, s in zip(self.means, self.squares, strict=True))


def neuron_law(case: NeuronCase, q: Sequence[Fraction], b: Fraction, *, moments: bool = True) -> NeuronLaw:
    r"""The law at the inverse temperature b, at the working precision; without ``moments`` only its mass.

    Raises :class:`PrecisionExhausted` where more than :data:`MAX_NODES` nodes would be needed.

    >>> from .....balls.precision import precision
    >>> data = (((Fraction(1),), 1, Fraction(1)),)
    >>> flat = NeuronCase("flat", data, 1, Fraction(1, 10**9), Fraction(2), (Fraction(0),), Fraction(1))
    >>> with precision(64):
    ...     neuron_law(flat, (Fraction(1, 2),), Fraction(1)).log_mass.overlaps(arb.pi().log() / 2)
    True
    """
    step, count = _lattice(case, q, b)
    if (2 * count + 1) ** case.dimension > MAX_NODES:
        raise PrecisionExhausted(f"{case.name}: the integrals over one neuron need too many nodes: take a larger s.")
    columns = _values(case, step, count)
    tilt = enclose(b)
    exponents = [-tilt * enclose(case.rate) / 2 * r for r in columns[0]]
    for row, sign, share in zip(columns[1:], case.signs, q, strict=True):
        factor = tilt * enclose(case.outer * sign * share)
        exponents = [e + factor * t for e, t in zip(exponents, row, strict=True)]
    weights = [e.exp() for e in exponents]
    cell = enclose(step) ** case.dimension
    slack = arb(0, missed(case, q, b, step, count).upper())
    mass = cell * _total(weights) + slack
    means, squares = [], []
    for row in columns[1:] if moments else ():
        first = [w * t for w, t in zip(weights, row, strict=True)]
        means.append((cell * _total(first) + slack) / mass)
        squares.append((cell * _total([w * t for w, t in zip(first, row, strict=True)]) + slack) / mass)
    return NeuronLaw(mass.log(), tuple(means), tuple(squares))


def missed(case: NeuronCase, q: Sequence[Fraction], b: Fraction, step: Fraction, count: int) -> arb:
    """The bound of what the rule misses; see the module."""
    d, steep = case.dimension, enclose(b * case.rate)
    a, h, reach = arb.pi() / 4 / enclose(_largest(case, q, b)), enclose(step), enclose(step * count)
    gauss = (2 * arb.pi() / steep).sqrt()
    strip = 2 * (steep * a * a / 2).exp() * gauss / (2 * arb.pi() * a / h).expm1()
    tail = gauss * (reach * (steep / 2).sqrt()).erfc()
    return d * (enclose(b * case.outer * case.pull(q))).exp() * (gauss + h) ** (d - 1) * (strip + tail)


def _largest(case: NeuronCase, q: Sequence[Fraction], b: Fraction) -> Fraction:
    """The largest coordinate; a larger number where the strip would be too wide to help, or all inputs are zero."""
    useful = math.pi / 4 * math.sqrt(float(b * case.rate) / (2 * _depth(case, q, b)))
    return max(Fraction(useful), *(abs(v) for x, _, _ in case.data for v in x))


def _depth(case: NeuronCase, q: Sequence[Fraction], b: Fraction) -> float:
    """About the logarithm of what the errors are divided by."""
    return EXPONENT + float(b * case.outer * case.pull(q))


def _lattice(case: NeuronCase, q: Sequence[Fraction], b: Fraction) -> tuple[Fraction, int]:
    """A step, a power of two, and the number of nodes on each side of 0."""
    a, steep, depth = math.pi / 4 / float(_largest(case, q, b)), float(b * case.rate), _depth(case, q, b)
    step = 2.0 ** math.floor(math.log2(2 * math.pi * a / (depth + steep * a * a / 2)))
    return Fraction(step), math.ceil(math.sqrt(2 * depth / steep) / step)


@lru_cache(maxsize=8)
def _values(case: NeuronCase, step: Fraction, count: int) -> list[list[arb]]:
    """|w|² and each σ(x_i·w) at the nodes, in one order; equal inputs share their column."""
    axis = [enclose(step * k) for k in range(-count, count + 1)]
    nodes = list(itertools.product(axis, repeat=case.dimension))
    made: dict[tuple[Fraction, ...], list[arb]] = {}
    for (x, _, _), row in zip(case.data, case.points, strict=True):
        if x not in made:
            made[x] = [_inner(row, w).tanh() for w in nodes]
    return [[_inner(w, w) for w in nodes], *(made[x] for x, _, _ in case.data)]


def _inner(left: Sequence[arb], right: Sequence[arb]) -> arb:
    return _total([a * b for a, b in zip(left, right, strict=True)])


def _total(values: list[arb]) -> arb:
    return sum(values[1:], values[0])
