r"""How small the least eigenvalue of the feature Gram matrix can be at a finite width, with which probability.

.. math:: \mathbb P\bigl(G_m\not\succ(1-\theta_1)(1-\theta_2)G^\infty\bigr)
          \le n\exp\Bigl(-\frac{m(1-\theta_1)h(\theta_2)}{R_w}\Bigr),\quad h(\theta)=\theta+(1-\theta)\log(1-\theta),

with :math:`R_w=(b+\xi t)^2`, :math:`b=\sqrt n`, :math:`\xi=x/\sqrt{\lambda_0}` and any t such that
:math:`\tau(t)=e^{-t^2/2}(b+\xi t)(b+\xi t+2\xi/t)\le\theta_1`; boosted by a median; and without truncation. The
parameters are chosen in floats, and what is returned is evaluated at the chosen numbers in balls.

``docs/papers/implicit_relu/descent.md``, "Concentration of the features".
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction

import scipy.optimize
from flint import arb

from ....balls.ball import enclose
from ....balls.ends import upper_float
from ....balls.precision import precision

BITS = 128
NUDGE = 2.0**-30
"""How far a parameter found in floats is moved to the safe side."""


@dataclass(frozen=True, slots=True)
class Pair:
    """Two inputs: the entry g of their kernel off the diagonal, and Q_11 and Q_12 of the fourth moments."""

    kernel: arb
    same: arb
    mixed: arb


@dataclass(frozen=True, slots=True)
class Population:
    r"""What is known of n unit inputs: :math:`x\ge\lVert X\rVert`, a ball around λ_0, and V, at least the norm of Q.

    ``pair`` is known for two inputs.
    """

    n: int
    inputs: arb
    least: arb
    variance: arb | None = None
    pair: Pair | None = None


@dataclass(frozen=True, slots=True)
class Concentrated:
    """A proved lower bound of λ_min(G_m), as an exact positive ball, and which of the statements gave it."""

    least: arb
    by: str


def entropy(theta: arb) -> arb:
    r""":math:`h(\theta)=\theta+(1-\theta)\log(1-\theta)` for :math:`0\le\theta<1`."""
    return theta + (1 - theta) * (-theta).log1p()


def truncated(population: Population, t: arb) -> tuple[arb, arb]:
    r""":math:`\tau(t)` and :math:`R_w`."""
    xi = population.inputs / population.least.lower().sqrt()
    reach = arb(population.n).sqrt() + xi * t
    return (-(t**2) / 2).exp() * reach * (reach + 2 * xi / t), reach**2


def failure(population: Population, width: int, t: arb, theta: arb) -> arb:
    r"""The probability of the first statement, :math:`n\exp(-m(1-\theta_1)h(\theta_2)/R_w)` with θ_1 = τ(t)."""
    lost, size = truncated(population, t)
    return population.n * (-arb(width) * (1 - lost) * entropy(theta) / size).exp()


def chernoff(population: Population, width: int, delta: arb) -> arb | None:
    r"""A bound of λ_min(G_m) by the first statement with failure at most ``delta``; None where it says nothing."""
    with precision(BITS):
        x, least = upper_float(population.inputs), -upper_float(-population.least)
        logarithm = upper_float((population.n / delta.lower()).log())
        xi, b = x / math.sqrt(least), math.sqrt(population.n)

        def parameters(t: float) -> tuple[float, float]:
            reach = b + xi * t
            lost = math.exp(-(t**2) / 2) * reach * (reach + 2 * xi / t)
            if not lost < 1:
                return lost, 1.0
            return lost, _inverse(reach**2 * logarithm / (width * (1 - lost)))

        def kept(t: float) -> float:
            lost, theta = parameters(t)
            return -(1 - lost) * (1 - theta) if lost < 1 else 0.0

        last = 2 * math.sqrt(math.log(40 * population.n / least)) + 4
        t = _best(kept, 1.0, last)
        theta = parameters(t)[1] * (1 + NUDGE) + NUDGE**2
        if not theta < 1:
            return None
        lost, _ = truncated(population, arb(t))
        if not (lost < 1 and failure(population, width, arb(t), arb(theta)) <= delta):
            return None
        return ((1 - lost) * (1 - arb(theta)) * population.least).lower()


def boosted(population: Population, width: int, delta: arb) -> arb | None:
    r"""The same through a median: failure 1/2 of the first statement, less
    :math:`x\sqrt{2\log(1/(2\delta))/m}`."""
    with precision(BITS):
        if not delta < arb("0.5"):
            return None
        median = chernoff(population, width, arb("0.5"))
        if median is None:
            return None
        root = median.sqrt() - population.inputs * (2 * (1 / (2 * delta)).log() / arb(width)).sqrt()
        return (root**2).lower() if root > 0 else None


def direct(population: Population, width: int, delta: arb) -> arb | None:
    r"""Without truncation: :math:`\lambda_0-\epsilon` with :math:`\epsilon^2=2V\log(n/\delta)/m`; for two inputs with
    their exact fourth moments."""
    with precision(BITS):
        share = (population.n / delta.lower()).log() / arb(width)
        found = []
        if population.variance is not None:
            found.append((2 * population.variance * share).sqrt())
        if population.pair is not None:
            found.append(_pair_deviation(population.pair, share))
        left = [(population.least - epsilon).lower() for epsilon in found]
        left = [x for x in left if x > 0]
        return max(left, default=None, key=float)


def _pair_deviation(pair: Pair, share: arb) -> arb:
    r"""The least ε with :math:`-\theta\epsilon+\frac{\theta^2}2q_-\le-\kappa` and
    :math:`-\theta(\epsilon+2g)+\frac{\theta^2}2q_+\le-\kappa` for the best θ of the floats."""
    least, largest = pair.same - pair.mixed, pair.same + pair.mixed

    def deviation(theta: arb) -> arb:
        one = share / theta + theta * least / 2
        return one.max(share / theta + theta * largest / 2 - 2 * pair.kernel)

    scale = float((2 * share / least).sqrt().mid())
    theta = _best(lambda f: float(deviation(arb(f * scale)).mid()), 2.0**-6, 2.0)
    return deviation(arb(theta * scale))


METHODS: dict[str, Callable[[Population, int, arb], arb | None]] = {
    "truncated features, matrix Chernoff": chernoff,
    "the same through a median": boosted,
    "fourth moments": direct,
}


def concentrated(population: Population, width: int, delta: Fraction | arb) -> Concentrated | None:
    r"""The best of the statements at a width, each with failure at most ``delta``; None where none says anything.

    >>> orthogonal = Population(2, arb(1), arb("0.34"), arb(4))
    >>> concentrated(orthogonal, 10**4, Fraction(1, 20)).by
    'fourth moments'
    """
    with precision(BITS):
        if not population.least > 0:
            return None
        allowed = delta if isinstance(delta, arb) else enclose(delta)
        found = {name: method(population, width, allowed.lower()) for name, method in METHODS.items()}
        known = {name: value for name, value in found.items() if value is not None and value > 0}
        if not known:
            return None
        best = max(known, key=lambda name: float(known[name]))
        return Concentrated(known[best], best)


def _inverse(value: float) -> float:
    """A float near the θ with h(θ) = value; 1 where there is none."""
    if not value < 1:
        return 1.0

    def h(theta: float) -> float:
        return theta + (1 - theta) * math.log1p(-theta) - value

    top = 1 - 2.0**-50
    return float(scipy.optimize.brentq(h, 0.0, top, xtol=1e-15)) if h(top) > 0 else 1.0


def _best(function: Callable[[float], float], low: float, high: float) -> float:
    """A float where a function of one variable is small: any choice is safe."""
    found = scipy.optimize.minimize_scalar(function, bounds=(low, high), method="bounded", options={"xatol": 1e-9})
    return float(found.x)
