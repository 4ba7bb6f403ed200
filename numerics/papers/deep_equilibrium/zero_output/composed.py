r"""The theorem at a width: descent from zero outputs converges with probability at least 1 − δ over the weights.

On the event of the whitened theorem (T2, ``width/whitened.py``), which fails with probability at most δ,

.. math::
    L\lVert W_0\rVert\le a,\qquad \lambda_{\min}(Z_0^\top Z_0)\ge(1-\eta_w)m\lambda_*,\qquad
    \lVert Z_0\rVert_2^2\le(1+\eta_w)m\lVert K\rVert_2 ,

and the descent theorem, whose hypotheses get harder as these bounds get weaker, is applied to them. Nothing else is
random: :math:`a(0)=0`, :math:`e_0=-y`. Proof: ``docs/papers/deep_equilibrium/descent.md``, "The composed statement".
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

from flint import arb

from .....theory.errors import DerivationGap
from ....balls.ball import enclose
from ....balls.precision import precision
from ....checks.relation import Relation
from ..width.search import LARGEST_WIDTH, whitened_below
from ..width.setting import BITS, WidthSetting
from ..width.whitened import Whitened
from .theorem import Descent, Initial, best

GRID = 256
"""Deviations of the whitened theorem are multiples of its reciprocal, up to 1/2."""
SETTLED = 256
"""The search stops when the width that is certified exceeds one that is not by less than this share of it."""
REDUCTION = Fraction(1, 10**6)
"""The factor of the loss for which steps are counted."""


@dataclass(frozen=True, slots=True, eq=False)
class Composed:
    r"""What is proved at one width.

    Attributes
    ----------
    event: the whitened theorem, with its deviation :math:`\eta_w` and its probability.
    descent: the descent theorem with the bounds that the event gives.
    rate: :math:`\frac12m\lambda_*`, with the upper end of :math:`\lambda_*`: at most the rate c of the descent theorem.
    """

    event: Whitened
    descent: Descent
    rate: arb

    @property
    def width(self) -> int:
        """The width m."""
        return self.event.width

    @property
    def relations(self) -> tuple[Relation, ...]:
        """What makes it a proof: the probability, the hypotheses of the descent theorem, and the rate."""
        return (
            Relation.of("(H1) to (H3) leave a rate of at least m lambda_*/2", self.rate, self.descent.rate),
            *self.descent.hypotheses,
        )

    @property
    def steps(self) -> int:
        """Steps of the largest size after which the loss is proved to be a millionth of what it was."""
        assert self.descent.solved is not None
        return self.descent.solved.steps(self.descent.step, enclose(REDUCTION))


def initial(setting: WidthSetting, event: Whitened, labels: arb) -> Initial:
    """What the event says of a network with zero outputs; :class:`DerivationGap` where no points are given."""
    if setting.dimension is None:
        raise DerivationGap("networks need input points, and only their Gram matrix is given.")
    with precision(BITS):
        m, eta = arb(event.width), enclose(event.eta)
        return Initial(
            lipschitz=setting.phi.lipschitz.upper(),
            recurrent=event.a.upper(),
            state=((1 + eta) * m * setting.gram_norm).sqrt(),
            least=(1 - eta) * m * setting.least,
            points=(setting.dimension * setting.input_norm).sqrt(),
            outputs=arb(0),
            labels=labels,
            residual=labels,
        )


def composed(setting: WidthSetting, labels: arb, event: Whitened) -> Composed | None:
    """The theorem on one event; None where its hypotheses are not proved with the rate that it states.

    ``labels`` is a ball around ‖y‖.
    """
    found = best(initial(setting, event, labels))
    with precision(BITS):
        rate = event.width * setting.most / 2
        return Composed(event, found, rate) if found.holds and found.rate >= rate else None


def at_width(setting: WidthSetting, labels: arb, width: int) -> Composed | None:
    """The theorem at a width, on the event with the least deviation of the grid that has probability 1 − δ."""
    low, high, event = 0, GRID // 2, whitened_below(setting, width, Fraction(1, 2), setting.delta)
    if event is None:
        return None
    while high - low > 1:
        middle = (low + high) // 2
        found = whitened_below(setting, width, Fraction(middle, GRID), setting.delta)
        low, high, event = (middle, high, event) if found is None else (low, middle, found)
    return composed(setting, labels, event)


def certified_descent_width(setting: WidthSetting, labels: arb, start: Whitened | None) -> Composed | None:
    """A least width at which the theorem is certified, to a share of 1/256; None where none is below 10^24.

    ``start`` is the whitened theorem at its own least width, where the search begins. That no smaller width is
    certified is not claimed.
    """
    if start is None:
        return None
    low = high = start.width
    found = at_width(setting, labels, high)
    while found is None:
        low, high = high, 2 * high
        if high > LARGEST_WIDTH:
            return None
        found = at_width(setting, labels, high)
    while high - low > max(1, high // SETTLED):
        middle = (low + high) // 2
        there = at_width(setting, labels, middle)
        low, high, found = (middle, high, found) if there is None else (low, middle, there)
    return found
