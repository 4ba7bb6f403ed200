r"""From which width on descent and flow converge with probability 1 - δ: with which step, rate and number of steps.

For one width the events of the concentration statements are put into the theorem for one network; the least width
at which this closes is found by bisection, and every width that is returned was certified by itself. All bounds
improve with the width, so that the statement holds for wider networks too.

``docs/papers/implicit_relu/descent.md``, "Composed statements".
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from typing import TypeVar

from flint import arb

from .....theory.errors import SpecError
from ....balls.ball import enclose
from ....balls.precision import precision
from .concentration import Population, concentrated
from .theorem import Descent, Initial, certify

Found = TypeVar("Found")
BITS = 128
WIDEST = 10**40
"""No width above this is tried."""


@dataclass(frozen=True, slots=True)
class Setting:
    r"""What a width is asked for.

    Attributes
    ----------
    population: the inputs.
    labels: at least :math:`\lVert y\rVert`.
    gamma, delta: γ, and the probability with which the statement may fail.
    outputs: ς: the output weights start as :math:`N(0,\varsigma^2)`; 0 makes them zero.
    share: the rate asked for, as a share of λ_0: :math:`c\ge\text{share}\cdot\lambda_0`.
    recurrent_step, input_step: the steps of A and W, as multiples of η.
    states_read: whether u is trained; else u = 0 for ever (then A does nothing).
    flow: whether the statement is that of gradient flow.
    """

    population: Population
    labels: arb
    gamma: Fraction = Fraction(1, 10)
    delta: Fraction = Fraction(1, 20)
    outputs: Fraction = Fraction(0)
    share: Fraction = Fraction(1, 2)
    recurrent_step: Fraction = Fraction(1)
    input_step: Fraction = Fraction(1)
    states_read: bool = True
    flow: bool = False

    def admit(self) -> None:
        """Raise :class:`SpecError` for a δ outside (0, 1), a γ that is not positive, negative outputs, a share of 0."""
        if not 0 < self.delta < 1:
            raise SpecError(f"delta = {self.delta} is no probability of failure: give a number between 0 and 1.")
        if not (self.gamma > 0 and self.outputs >= 0 and 0 < self.share < 1):
            raise SpecError("descent: gamma must be positive, outputs not negative, the share of lambda_0 in (0, 1).")

    @property
    def events(self) -> int:
        """How many events share δ: λ_min(G_m), A and Φ_0; with random outputs also their norm and predictions."""
        return 5 if self.outputs else 3


@dataclass(frozen=True, slots=True)
class Width:
    """A width at which the statement is proved: the theorem there, and by which bound of λ_min(G_m)."""

    width: int
    descent: Descent
    by: str
    initial: Initial


def initial(setting: Setting, width: int) -> tuple[Initial, str] | None:
    r"""What holds at the start with probability at least 1 - δ; None where no positive λ, or no a(0) < 1, is known.

    With :math:`t=\sqrt{2\log(k/\delta)}` for k events of probability δ/k each: :math:`a(0)\le\gamma(2+t/\sqrt m)`,
    :math:`\lVert\Phi_0\rVert_F\le\sqrt{n/2}+xt/\sqrt m`, :math:`\lVert Z_0\rVert\le s_0\lVert\Phi_0\rVert_F` and, for
    random outputs, :math:`\lVert w_0\rVert\le\varsigma(\sqrt{2m}+t)` and
    :math:`\lVert\hat y(0)\rVert\le\varsigma(1+t)\sqrt{1+s_0^2}\lVert\Phi_0\rVert_F`.
    """
    with precision(BITS):
        part = enclose(setting.delta / setting.events)
        found = concentrated(setting.population, width, part)
        if found is None:
            return None
        t, root = (2 * (1 / part).log()).sqrt(), arb(width).sqrt()
        contraction = enclose(setting.gamma) * (2 + t / root)
        if not contraction < 1:
            return None
        x = setting.population.inputs
        frobenius = (arb(setting.population.n) / 2).sqrt() + x * t / root
        gain = 1 / (1 - contraction)
        features = (1 + gain**2).sqrt() * frobenius if setting.states_read else frobenius
        scale = enclose(setting.outputs)
        predicted = scale * (1 + t) * features
        start = Initial(
            width=width,
            gamma=setting.gamma,
            inputs=x,
            contraction=contraction,
            states=gain * frobenius,
            frobenius=frobenius,
            features=features,
            least=found.least,
            outputs=(scale * ((2 * arb(width)).sqrt() + t)) ** 2 if setting.outputs else arb(0),
            labels=setting.labels,
            residual=setting.labels + predicted if setting.outputs else setting.labels,
            recurrent_step=setting.recurrent_step,
            input_step=setting.input_step,
            states_read=setting.states_read,
        )
        return start, found.by


def at_width(setting: Setting, width: int) -> Width | None:
    """The statement at one width; None where it is not proved there."""
    setting.admit()
    start = initial(setting, width)
    if start is None:
        return None
    found = certify(start[0], flow=setting.flow)
    with precision(BITS):
        fast = found is not None and bool(found.horizon.rate >= enclose(setting.share) * setting.population.least)
    return Width(width, found, start[1], start[0]) if found is not None and fast else None


def least_width(setting: Setting) -> Width | None:
    """The statement at the least width that bisection finds; None where none up to :data:`WIDEST` is certified.

    Raises :class:`SpecError` for a setting that says nothing.
    """
    setting.admit()
    return bisected(lambda width: at_width(setting, width))


def bisected(certified: Callable[[int], Found | None]) -> Found | None:
    """The first certificate on the way up from width 1, doubled and then halved; None up to :data:`WIDEST`.

    >>> bisected(lambda width: width if width >= 1113 else None)
    1113
    """
    high, best = 1, certified(1)
    while best is None and high < WIDEST:
        high *= 2
        best = certified(high)
    if best is None:
        return None
    low = high // 2
    while high - low > 1:
        middle = (low + high) // 2
        found = certified(middle)
        low, high, best = (middle, high, best) if found is None else (low, middle, found)
    return best
