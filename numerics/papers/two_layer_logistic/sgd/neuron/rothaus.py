r"""The inequality between entropies behind Hardy's criterion: for every g and every number a

.. math:: \operatorname{Ent}((g+a)^2) \le \sup\Bigl\{\int g^2\psi(\varphi)\ :\ \int e^\varphi=1\Bigr\},\qquad
          \psi(t) = t+\frac{t^2}{e^t-1-t}

(ψ(0) = 2): Rothaus' inequality, by Cauchy and Schwarz. What is used of ψ is :math:`e^{\psi(t)}\le A+Be^t` for all t.
docs/papers/two_layer_logistic/one-neuron.md, section 7.
"""

from __future__ import annotations

from fractions import Fraction
from functools import lru_cache
from itertools import pairwise

from flint import arb

from .....balls.ball import enclose
from .....balls.precision import precision

LOW, HIGH, PIECES = -3, 4, 1400
BITS = 128


@lru_cache(maxsize=16)
def majorised(a: Fraction, b: Fraction) -> bool:
    r"""Whether :math:`e^{\psi(t)}\le A+Be^t` is proved for all t, with A ≥ 1.

    :math:`\kappa(t)=t^2/(e^t-1-t)` decreases, so that :math:`\psi\le r+\kappa(l)` on [l, r]; ψ(t) ≤ 3/2 below -3, and
    :math:`\psi(t)\le t+\kappa(4)` above 4.

    >>> majorised(Fraction(15, 2), Fraction(3, 2)), majorised(Fraction(7), Fraction(3, 2))
    (True, False)
    """
    with precision(BITS):
        size, slope = enclose(a), enclose(b)
        if not (a >= 1 and (arb(3) / 2).exp() <= size and _kappa(Fraction(HIGH)).exp() <= slope):
            return False
        nodes = [LOW + Fraction((HIGH - LOW) * k, PIECES) for k in range(PIECES + 1)]
        return all(
            (enclose(r) + _kappa(left)).exp() <= size + slope * enclose(left).exp() for left, r in pairwise(nodes)
        )


def _kappa(t: Fraction) -> arb:
    x = enclose(t)
    return arb(2) if t == 0 else x * x / (x.expm1() - x)
