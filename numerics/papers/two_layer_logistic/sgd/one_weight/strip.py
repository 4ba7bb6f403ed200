r"""How far the trapezoidal rule is from one step of the law of noisy descent: a bound from a strip.

One step takes a density p to :math:`\int\varphi(y-T(x))p(x)\,dx` with the density φ of :math:`N(0,\eta s)`, or to a
mean of such over batches. Where p is itself a mixture of :math:`N(\cdot,\eta s)`,
:math:`|p(x+ia)|\le e^{a^2/(2\eta s)}p(x)`, and :math:`|\varphi(y-T(x+ia))|\le\varphi(0)e^{a^2\tau^2/(2\eta s)}`
with :math:`\tau=1+\eta\sup|g''|` over the strip :math:`|\operatorname{Im}|\le a`. So the rule with spacing h misses,
at every y, at most

.. math:: E = \frac2{\sqrt{2\pi\eta s}}\,\frac{e^{a^2(1+\tau^2)/(2\eta s)}}{e^{2\pi a/h}-1}\int p .

docs/papers/two_layer_logistic/sgd-one-weight.md, section 5.
"""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from functools import lru_cache

import sympy
from flint import acb, arb

from ......theory.activations.functions import X
from ......theory.errors import PrecisionExhausted, SpecError
from .....balls.ball import enclose
from .....balls.precision import precision
from .....expressions.lowering import lower_acb
from ...scalar import ScalarLoss

STRIPS = (Fraction(1, 16), Fraction(1, 8), Fraction(1, 4))
"""Half-widths of the strips where the data terms are looked at."""
REACH = 48
BITS = 64


@lru_cache(maxsize=16)
def bend_in_strip(case: ScalarLoss, width: Fraction) -> arb:
    r"""A bound of :math:`|g_i''|` over :math:`|\operatorname{Im}|\le` ``width`` ≤ 1/4 for the data term of each input.

    Boxes of complex numbers within |Re| ≤ 48; beyond them with :math:`|\operatorname{sech}z|\le1/\sinh u`,
    :math:`|\tanh z|\le\coth u` for :math:`|\operatorname{Re}z|\ge u>0`. Raises :class:`SpecError` for an activation
    other than tanh and the logistic function, :class:`PrecisionExhausted` where a box holds a pole.
    """
    halved = {"tanh": 1, "sigmoid": 2}
    if case.activation.name not in halved:
        raise SpecError(f"{case.activation.name}: the strip is known for tanh and sigmoid only.")
    largest = arb(0)
    with precision(BITS):
        outer = enclose(abs(case.outer))
        for point, label, _ in case.data:
            single = ScalarLoss(
                case.name, case.activation, case.outer, case.regularisation, ((point, label, Fraction(1)),)
            )
            bend = lower_acb(sympy.diff(single.data_term, X, 2))
            largest = largest.max(_over_boxes(bend, width))
            u = enclose(abs(point)) * REACH / halved[case.activation.name]
            far = 1 / u.sinh() ** 2
            if (
                not outer * far <= 1
            ):  # |Im a sigma| <= |a|/2 sech^2: both derivatives of the logistic loss are at most 1
                raise PrecisionExhausted(f"{case.name}: the strip was not looked at far enough.")
            largest = largest.max(enclose(point * point) * (outer**2 * far**2 + 2 * outer * u.coth() * far))
    if not largest.is_finite():
        raise PrecisionExhausted(f"{case.name}: a pole is too near to the strip.")
    return arb(largest.upper())


def _over_boxes(function: Callable[[acb], acb], width: Fraction) -> arb:
    """A bound of the modulus for |Re| ≤ REACH, 0 ≤ Im ≤ ``width``; the function takes conjugates to conjugates."""
    box = min(width / 2, Fraction(1, 16))
    half, largest = enclose(box / 2), arb(0)
    across = int(REACH / box)
    for i in range(-across, across):
        for j in range(int(width / box)):
            x, y = enclose((2 * i + 1) * box / 2), enclose((2 * j + 1) * box / 2)
            value = function(acb(x + arb(0, half), y + arb(0, half)))
            largest = largest.max(value.abs_upper())
    return largest


def step_error(case: ScalarLoss, noise: Fraction, step: Fraction, spacing: float) -> arb:
    """A ball whose upper end bounds E for a density of mass one, with the best of some a ≤ 1/4."""
    with precision(BITS):
        variance, h = enclose(noise * step), arb(spacing)
        found = []
        for width in STRIPS:
            tau = 1 + enclose(step) * bend_in_strip(case, width)
            best = (2 * arb.pi() * variance / (h * (1 + tau**2))).min(enclose(width))
            a = arb(best.lower())
            strip = (a * a * (1 + tau**2) / (2 * variance)).exp() / (2 * arb.pi() * a / h).expm1()
            found.append(2 * strip / (2 * arb.pi() * variance).sqrt())
        return min(found, key=float)
