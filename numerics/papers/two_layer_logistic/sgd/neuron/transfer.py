r"""From the relative entropy to the excess by integrals over one neuron (Proposition 7, without a fixed point).

With :math:`b=\beta/p`, for *every* q in (0, 1)ⁿ, m the law of :mod:`.integrals`, Z its mass, and
:math:`\bar f_i=c\,\mathbb E_m\sigma(x_i\cdot w)`,

.. math::
    \tfrac1p\log Z(\beta) &\le bF^*(q)+\log Z_q(b),\\
    \tfrac1p\log Z(\beta) &\ge -bF(\bar f)-b\sum_i\omega_iq_iy_i\bar f_i+\log Z_q(b)
        -\frac{bc^2}{8p}\sum_i\omega_i\operatorname{Var}_m\sigma(x_i\cdot w),\\
    \inf L &\ge -F^*(q)+\min_wh_q(w),

.. math:: \mathbb E_\rho L-\inf L \le \tfrac1t\bigl[\mathrm{KL}(\rho|\pi)+\log Z(\beta-t)-\log Z(\beta)\bigr]-\inf L .

A poor q makes the bounds worse and never false. docs/papers/two_layer_logistic/one-neuron.md, section 3.
"""

from __future__ import annotations

import heapq
import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

from flint import arb

from ......theory.errors import PrecisionExhausted, SpecError
from .....balls.ball import enclose
from .....balls.ends import between
from .....balls.precision import precision
from ..setting import loss
from .case import NeuronCase
from .integrals import neuron_law

BITS = 64
BOXES = 20_000
VARIANCE_SHARE = Fraction(1, 8)
"""The second derivative of the logistic loss is at most twice this."""
Tilt = tuple[Fraction, ...]


def log_mass_above(case: NeuronCase, q: Tilt, b: Fraction) -> arb:
    """A ball whose upper end bounds log Z(β)/p from above."""
    with precision(BITS):
        return enclose(b) * case.conjugate(q) + neuron_law(case, q, b, moments=False).log_mass


def log_mass_below(case: NeuronCase, q: Tilt, b: Fraction, share: Fraction = VARIANCE_SHARE) -> arb:
    """A ball whose lower end bounds log Z(β)/p from below; a smaller ``share`` plants a falsehood."""
    with precision(BITS):
        law, tilt, c = neuron_law(case, q, b), enclose(b), enclose(case.outer)
        found = law.log_mass
        for (_, y, w), v, mean, spread in zip(case.data, q, law.means, law.variances, strict=True):
            output = c * mean
            found -= tilt * enclose(w) * (loss(y * output) + enclose(v) * y * output)
            found -= tilt * enclose(w * share / case.width) * c * c * spread
        return found


def loss_below(case: NeuronCase, q: Tilt, tolerance: Fraction = Fraction(1, 10**6)) -> arb:
    """A ball whose lower end is at most inf L."""
    with precision(BITS):
        return tilted_minimum(case, q, tolerance) - case.conjugate(q)


@dataclass(frozen=True, eq=False)
class Transfer:
    r"""The bound :math:`\mathbb E_\rho L-\inf L\le(\mathrm{KL}/p+` ``offset`` :math:`)/` ``slope``; ``slope`` is t/p.

    All at one β = ``width`` times ``inverse``.
    """

    case: NeuronCase
    inverse: Fraction
    slope: Fraction
    offset: arb
    floor: arb

    def excess(self, divergence: arb) -> arb:
        """A ball whose upper end bounds the excess of a law with this relative entropy (of all neurons together)."""
        with precision(BITS):
            return (divergence / self.case.width + self.offset) / enclose(self.slope) - self.floor


def transfer(case: NeuronCase, b: Fraction, slope: Fraction, tilts: tuple[Tilt, Tilt, Tilt]) -> Transfer:
    """With q for log Z(β), for log Z(β - t) and for inf L; raises :class:`SpecError` unless 0 < ``slope`` < b."""
    at, after, least = tilts
    if not 0 < slope < b:
        raise SpecError(f"t/p = {slope} must lie between 0 and {b}, the inverse temperature of one neuron.")
    with precision(BITS):
        offset = log_mass_above(case, after, b - slope) - log_mass_below(case, at, b)
        return Transfer(case, b, slope, offset, loss_below(case, least))


# -- the least value of the tilted neuron ---------------------------------------------


def tilted_minimum(case: NeuronCase, q: Sequence[Fraction], tolerance: Fraction) -> arb:
    r"""An enclosure of min h_q, by branch and bound.

    On a box of half-width r about m, :math:`h_q\ge h_q(m)-r|\nabla h_q(m)|_1-\frac\kappa2dr^2`, where :math:`\kappa`
    bounds minus the second derivative; beyond :math:`\lambda p|w|^2=2cQ` it is positive and :math:`h_q(0)=0`.
    Raises :class:`PrecisionExhausted` after :data:`BOXES` boxes.
    """
    d, concave = case.dimension, (case.bend(q) - enclose(case.rate)).max(arb(0))
    reach = (2 * enclose(case.outer * case.pull(q) / case.rate)).sqrt().upper().ceil()
    best, count = arb(0), itertools.count()
    queue: list[tuple[float, int, tuple[arb, ...], arb, arb]] = []

    def put(centre: tuple[arb, ...], half: arb) -> arb:
        value = case.tilted(q, centre)
        steep = sum((abs(v) for v in case.slopes(q, centre)), arb(0))
        low = (value - half * steep - concave / 2 * d * half * half).lower()
        heapq.heappush(queue, (float(low), next(count), centre, half, low))
        return value.upper()

    best = best.min(put((arb(0),) * d, reach))
    for _ in range(BOXES):
        _, _, centre, half, low = heapq.heappop(queue)
        low -= (1 + abs(low)) * arb(2) ** -40  # the queue is ordered by floats
        if best - low <= enclose(tolerance):
            return between(low, best)
        for signs in itertools.product((-1, 1), repeat=d):
            best = best.min(put(tuple(v + s * half / 2 for v, s in zip(centre, signs, strict=True)), half / 2))
    raise PrecisionExhausted(f"{case.name}: the least value of one neuron was not enclosed.")
