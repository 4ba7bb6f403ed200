r"""Networks of one unit where inequalities of the theorem are nearly equalities, in exact rationals.

With everything positive nothing is cut off, and the network is a product of numbers: :math:`\varphi=w`,
:math:`z=w/(1-a)`, :math:`a=\gamma\alpha`. For :math:`(u,v)` along :math:`(s,1)`, a small state and a small step the
term that is quadratic in the output weights uses up its bound.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction


@dataclass(frozen=True, slots=True)
class Unit:
    """One unit at the input 1: the weights α, w, u, v, all positive, γ, the step η and the residual e < 0."""

    recurrent: Fraction
    input: Fraction
    u: Fraction
    v: Fraction
    gamma: Fraction
    step: Fraction
    residual: Fraction

    @property
    def state(self) -> Fraction:
        """z."""
        return self.input / (1 - self.gamma * self.recurrent)

    def moved(self) -> Unit:
        """After one step of gradient descent; the residual is kept."""
        q = self.u / (1 - self.gamma * self.recurrent)
        push = -self.step * self.residual
        return Unit(
            self.recurrent + push * self.gamma * q * self.state,
            self.input + push * (q + self.v),
            self.u + push * self.state,
            self.v + push * self.input,
            self.gamma,
            self.step,
            self.residual,
        )

    def coupling(self, factor: Fraction = Fraction(1)) -> tuple[Fraction, Fraction]:
        r"""Both sides, squared, of :math:`\lVert(F^+-F)^\top w^+\rVert\le\eta K\lVert w\rVert\lVert w^+\rVert\lVert
        e\rVert`, K times a factor, with a_* and N those after the step.

        >>> left, right = NEARLY.coupling()
        >>> left <= right, left > right * Fraction(999, 1000)
        (True, True)
        """
        after = self.moved()
        term = (after.input - self.input) * after.v + (after.state - self.state) * after.u
        s = 1 / (1 - after.gamma * after.recurrent)
        bound = factor * (1 + s**2 + (s * self.gamma * after.state) ** 2)
        sizes = (self.u**2 + self.v**2) * (after.u**2 + after.v**2)
        return term**2, (self.step * bound * self.residual) ** 2 * sizes


NEARLY = Unit(*(Fraction(x) for x in ("1", "1/64", "2", "1", "1/2", "1/65536", "-1")))
"""A unit that uses more than 999 thousandths of the squared bound."""
