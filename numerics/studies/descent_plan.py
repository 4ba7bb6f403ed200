"""What a plan of noisy descent is, as data: temperature, step, number of steps, and the bound that is enclosed there.

Everything here is ARGUED at most: numbers are enclosed, and that they bound the loss is a written proof.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

from ...theory.verdict import Verdict
from ..balls.ball import Ball

LARGEST_WRITTEN = 10**18
"""Numbers of steps up to this are given as integers, beyond it by their logarithm."""


@dataclass(frozen=True, eq=False)
class Plan:
    """A temperature ``noise`` (s), a ``step`` (η), the number of steps, and the enclosed ``bound`` there, at most ε.

    ``steps`` is None beyond :data:`LARGEST_WRITTEN`; ``exact_steps`` is the number in any case, a ball of radius 0, and
    so is a step too small for a fraction. ``log10_steps`` encloses the decimal logarithm of the number. ``theorem``
    says which theorem it is by, ``inequality`` which log-Sobolev inequality won, None where none is used.
    """

    theorem: str
    noise: Fraction
    step: Fraction | Ball
    steps: int | None
    exact_steps: Ball
    log10_steps: Ball
    bound: Ball
    inequality: str | None = None

    @property
    def count(self) -> str:
        """The number of steps in a sentence."""
        return f"10^{digits(self.log10_steps)}" if self.steps is None else f"{self.steps}"

    def __str__(self) -> str:
        by = self.theorem if self.inequality is None else f"{self.theorem}, {self.inequality}"
        return f"s = {digits(self.noise)}, eta = {digits(self.step)}, K = {self.count}; by {by}"


def digits(x: Fraction | Ball) -> str:
    """Five digits of a number.

    >>> digits(Fraction(1, 3)), digits(Ball.from_dyadic((1, -(10**7)), (0, 0)))
    ('0.33333', '1.1050e-3010300')
    """
    return str(x.arb.str(5, radius=False)) if isinstance(x, Ball) else f"{float(x):.5g}"


@dataclass(frozen=True, eq=False)
class SgdPlan:
    """Plans for one target ``epsilon``, shortest first; there may be none.

    ``trivial``: ARGUED where L(0) - inf L < ε, so that the weights zero meet the target, otherwise UNKNOWN;
    ``room_at_zero`` is a bound of that difference.
    ``convex``: ARGUED where λ > λ_cvx, otherwise UNKNOWN.
    """

    epsilon: Fraction
    plans: tuple[Plan, ...]
    trivial: Verdict
    room_at_zero: Ball
    convex: Verdict

    @property
    def best(self) -> Plan | None:
        """The shortest plan."""
        return self.plans[0] if self.plans else None
